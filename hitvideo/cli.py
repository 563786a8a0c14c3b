"""The command line: `hitvideo reconstruct | toon | train-tokenizer | evaluate | benchmark`.

Parses, calls what does the work, and prints. What a user can put right is one line on stderr and
exit code 2. Everything heavy is imported by the command that needs it, so `--help` is quick.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hitvideo import __version__
from hitvideo.commands import generate, judge, rate, sheet, tokens
from hitvideo.errors import HiTVideoError
from hitvideo.files import folder_output, json_output, to_json

if TYPE_CHECKING:
    from hitvideo.pipeline import HiTVideoPipeline

Command = Callable[[argparse.Namespace], None]

MAX_TOON_PIXELS = 1 << 26  # of all frames together: 4096 frames of 128x128, under 2 GiB at work


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code (0, 2 for user errors, 130 for Ctrl-C)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        try:
            signal.signal(signal.SIGTERM, _terminated)
            args = _parser(arguments).parse_args(arguments)
            args.command(args)
        finally:
            sys.stdout.flush()
    except HiTVideoError as error:
        print("hitvideo:", *str(error).split(), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    return 0


def _terminated(*_: object) -> None:
    """Lets every `finally` run, so that nothing half-written is left behind."""
    raise SystemExit(128 + signal.SIGTERM)


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hitvideo", description="Video as a hierarchy of discrete tokens."
    )
    parser.add_argument("--version", action="version", version=f"hitvideo {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, text: str, command: Command, parent: Any = commands) -> Any:
        sub = parent.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        return sub

    sub = add("reconstruct", "write what every level keeps of a video", _reconstruct)
    sub.add_argument("clip", help="a video file")
    sub.add_argument("out", metavar="OUT_DIR", help="gets original.mp4, level_*.mp4, levels.json")
    sub.add_argument("--fps", type=float, default=8.0, help="frames per second (8)")
    sub.add_argument("--size", type=int, default=128, help="side of the square, pixels (128)")
    sub.add_argument("--start", type=float, default=0.0, help="seconds into the video (0)")
    sub.add_argument("--seconds", type=float, help="length to take (to the end)")
    _add_model(sub)
    _add_json(sub)

    sub = add("encode", "write a video as a token file", tokens.run_encode)
    tokens.add_encode_arguments(sub)
    sub = add("decode", "turn a token file back into a video", tokens.run_decode)
    tokens.add_decode_arguments(sub)

    sub = add("generate", "turn a prompt into a video", generate.run_generate)
    generate.add_generate_arguments(sub)

    sub = add("toon", "render one cartoon clip and print its caption", _toon)
    sub.add_argument("out", metavar="OUT.mp4")
    sub.add_argument("--seed", type=int, required=True, help="one seed is one clip")
    sub.add_argument("--frames", type=int, default=64, help="at 8 per second (64)")
    sub.add_argument("--size", type=int, default=128, help="side in pixels (128)")
    _add_json(sub)

    sub = add("train-tokenizer", "train a tokenizer on folders of clips and on Toon", _train)
    if arguments[:1] == ["train-tokenizer"]:
        from hitvideo.training.tokenizer import add_arguments

        add_arguments(sub)

    sub = add("train-generator", "train text to tokens, on Toon and captioned clips", _train_text)
    if arguments[:1] == ["train-generator"]:
        from hitvideo.training.generator import add_arguments

        add_arguments(sub)

    sub = add("train-entropy", "learn a model's entropy tables", tokens.run_train)
    tokens.add_train_arguments(sub)

    sub = add("train-judge", "train the judge of generated clips on Toon", judge.run_train)
    judge.add_train_arguments(sub)

    sub = commands.add_parser("evaluate", help="measure, and write the figures as JSON")
    measures = sub.add_subparsers(title="what to evaluate", required=True, metavar="WHAT")
    sub = add("tokenizer", "quality at every depth", _evaluate_tokenizer, measures)
    sub.add_argument("clips", metavar="CLIPS", help='a folder of videos, or "toon"')
    sub.add_argument("out", metavar="OUT.json")
    sub.add_argument("--codec", choices=["x264"], help="measure it at the same bytes, too")
    _add_model(sub)
    _add_json(sub)
    sub = add("baselines", "box averages and block PCA", _evaluate_baselines, measures)
    sub.add_argument("clips", metavar="CLIPS", help='a folder of videos, or "toon"')
    sub.add_argument("train", metavar="TRAIN_FOLDER", help="videos to fit the PCA on")
    sub.add_argument("out", metavar="OUT.json")
    _add_json(sub)

    sub = add("judge", "how well the judge reads scenes it never saw", judge.run_judge, measures)
    judge.add_judge_arguments(sub)
    sub = add("alignment", "the judge on generated clips", judge.run_alignment, measures)
    judge.add_alignment_arguments(sub)

    sub = add("sheet", "a contact sheet of 24 generated clips", sheet.run, measures)
    sheet.add_arguments(sub)
    sub = add("rate", "bits against quality, codecs beside the levels", rate.run_rate, measures)
    rate.add_rate_arguments(sub)
    sub = add("draw", "draw what `evaluate rate` wrote", rate.run_draw, measures)
    rate.add_draw_arguments(sub)
    sub = add("compare", "two reports of `evaluate rate`", rate.run_compare, measures)
    rate.add_compare_arguments(sub)

    sub = add("benchmark", "measure speed on this machine", _benchmark)
    sub.add_argument("--repeats", type=int, default=5, help="runs to take the median of (5)")
    sub.add_argument("--threads", type=int, help="processor threads (torch's choice)")
    _add_model(sub)
    _add_json(sub)

    sub = add("benchmark-generator", "measure how fast clips are written", generate.run_benchmark)
    generate.add_benchmark_arguments(sub)
    return parser


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weights", help="folder of the model (the shipped one)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 ... (auto)")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON on stdout")


def _load(args: argparse.Namespace) -> HiTVideoPipeline:
    """A pipeline for reconstructing: what generates is not loaded."""
    from hitvideo.pipeline import DEFAULT_WEIGHTS, HiTVideoPipeline, resolve_device
    from hitvideo.tokenizer import HiTVideoTokenizer

    folder = Path(args.weights or DEFAULT_WEIGHTS) / "tokenizer"
    return HiTVideoPipeline(HiTVideoTokenizer.from_pretrained(folder, resolve_device(args.device)))


def _reconstruct(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.video import read_video, write_video

    with folder_output(args.out) as folder:
        frames = read_video(
            args.clip, fps=args.fps, size=args.size, start=args.start, seconds=args.seconds
        )
        pipeline = _load(args)
        write_video(folder / "original.mp4", frames, args.fps)
        levels: list[dict[str, Any]] = []
        with tqdm(total=1.0, disable=None, bar_format="{l_bar}{bar}| {desc}") as bar:
            for step in pipeline.reconstruct(frames):
                bar.set_description_str(step.message, refresh=False)
                bar.update(step.progress - bar.n)
                if step.result is not None:
                    name = f"level_{step.result.level}.mp4"
                    write_video(folder / name, step.result.frames, args.fps)
                    levels.append({**step.result.figures(), "file": name})
        count, height, width, _ = frames.shape
        report = {
            "source": Path(args.clip).name,
            "fps": args.fps,
            "frames": count,
            "height": height,
            "width": width,
            "levels": levels,
        }
        (folder / "levels.json").write_text(to_json(report) + "\n", encoding="utf-8")
    if args.json:
        print(to_json(report))
        return
    for level in levels:
        print(
            "level {level}: {tokens} tokens, {bits:.0f} bits, {bpp_nominal:.4f} nominal bpp up to "
            "here, PSNR {psnr:.2f} dB, SSIM {ssim:.3f}".format(**level)
        )


def _toon(args: argparse.Namespace) -> None:
    if args.seed < 0:
        raise HiTVideoError(f"The seed must be zero or more, not {args.seed}.")
    if args.frames * args.size**2 > MAX_TOON_PIXELS:
        raise HiTVideoError("That Toon clip is too large; ask for fewer frames or a smaller size.")
    from hitvideo.data.toon import toon_clip
    from hitvideo.video import write_video

    clip = toon_clip(args.seed, frames=args.frames, height=args.size, width=args.size)
    write_video(args.out, clip.frames.numpy(), clip.fps, {"title": clip.caption})
    if args.json:
        print(to_json({"seed": args.seed, "caption": clip.caption, "fps": clip.fps}))
    else:
        print(clip.caption)


def _train(args: argparse.Namespace) -> None:
    from hitvideo.training.tokenizer import run

    run(args)


def _train_text(args: argparse.Namespace) -> None:
    from hitvideo.training.generator import run

    run(args)


def _evaluate_tokenizer(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.evaluation.clips import open_clips
    from hitvideo.evaluation.tokenizer import evaluate_tokenizer

    with json_output(args.out) as report:
        clips = open_clips(args.clips)
        pipeline = _load(args)
        shown = tqdm(clips, unit="clip", disable=None)
        report["set"] = Path(args.clips).name
        report.update(evaluate_tokenizer(pipeline, shown, x264=args.codec == "x264"))
        report["skipped"] = clips.skipped
    if args.json:
        print(to_json(report))
        return
    for level in report["levels"]:
        print(
            "depth {level}: {bpp_nominal:.4f} nominal bpp, PSNR {psnr:.2f} dB, SSIM {ssim:.3f}, "
            "perplexity {perplexity:.0f} of {codebook_size}".format(**level)
        )


def _evaluate_baselines(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.evaluation.baselines import evaluate_baselines
    from hitvideo.evaluation.clips import FolderClips, open_clips

    with json_output(args.out) as report:
        clips, train = open_clips(args.clips), FolderClips(args.train)
        report["set"], report["train_set"] = Path(args.clips).name, train.folder.name
        shown, fitted = (tqdm(c, unit="clip", disable=None) for c in (clips, train))
        report.update(evaluate_baselines(shown, fitted))
        report["skipped"] = {**clips.skipped, **train.skipped}
    if args.json:
        print(to_json(report))
        return
    for name in ("box", "pca"):
        print("{0}: PSNR {psnr:.2f} dB, SSIM {ssim:.3f}".format(name, **report[name]))


def _benchmark(args: argparse.Namespace) -> None:
    import torch

    from hitvideo.evaluation.speed import benchmark

    if args.threads is not None:
        if args.threads < 1:
            raise HiTVideoError(f"The number of threads must be at least 1, not {args.threads}.")
        torch.set_num_threads(args.threads)
    report = benchmark(_load(args), args.repeats)
    if args.json:
        print(to_json(report))
        return
    print(
        "encode {encode_seconds:.2f} s, decode {0:.2f} s for {1:g} s of video: "
        "{times_real_time:.1f} times real time on {2}, {3} threads".format(
            report["decode_seconds_by_depth"][-1],
            report["clip"]["seconds"],
            report["machine"]["processor"],
            report["machine"]["threads"],
            **report,
        )
    )
