"""`reconstruct`, `evaluate tokenizer`, `evaluate baselines`, `benchmark`: what the levels keep."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from hitvideo.commands.common import (
    add_benchmark,
    add_json,
    add_model,
    load_tokenizer,
    print_note,
    set_threads,
    weights_folder,
)
from hitvideo.files import folder_output, json_output, to_json


def add_reconstruct_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("clip", help="a video file of at most an hour and 4096 pixels a side")
    parser.add_argument(
        "out", metavar="OUT_DIR", help="gets original.mp4, level_*.mp4, levels.json"
    )
    parser.add_argument("--fps", type=float, default=8.0, help="frames per second (8)")
    parser.add_argument("--size", type=int, default=128, help="side of the square, pixels (128)")
    parser.add_argument("--start", type=float, default=0.0, help="seconds into the video (0)")
    parser.add_argument("--seconds", type=float, help="length to take (to the end)")
    add_model(parser)
    add_json(parser)


def run_reconstruct(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.bitstream import TokenCoder
    from hitvideo.pipeline.reconstruct import LevelResult, codes_of
    from hitvideo.video import Notes, read_video, write_video

    notes = Notes()
    with folder_output(args.out, spare=args.clip) as folder:
        frames = read_video(
            args.clip,
            fps=args.fps,
            size=args.size,
            start=args.start,
            seconds=args.seconds,
            notes=notes,
        )
        print_note(notes.note)
        pipeline = load_tokenizer(args)
        coder = TokenCoder.from_pretrained(weights_folder(args), pipeline.tokenizer)
        write_video(folder / "original.mp4", frames, args.fps)
        levels: list[dict[str, Any]] = []
        results: list[LevelResult] = []
        with tqdm(total=1.0, disable=None, bar_format="{l_bar}{bar}| {desc}") as bar:
            for step in pipeline.reconstruct(frames):
                bar.set_description_str(step.message, refresh=False)
                bar.update(step.progress - bar.n)
                if step.result is not None:
                    results.append(step.result)
                    name = f"level_{step.result.level}.mp4"
                    write_video(folder / name, step.result.frames, args.fps)
                    levels.append({**step.result.figures(), "file": name})
        count, height, width, _ = frames.shape
        data = coder.dumps(codes_of(results), args.fps)
        for level, size in zip(levels, coder.level_sizes(data), strict=True):
            level |= {"bytes": size, "bpp_actual": 8 * size / (count * height * width)}
        report = {
            "source": Path(args.clip).name,
            "fps": args.fps,
            "frames": count,
            "height": height,
            "width": width,
            "complete": notes.complete,
            "note": notes.note,
            "levels": levels,
        }
        (folder / "levels.json").write_text(to_json(report) + "\n", encoding="utf-8")
    if args.json:
        print(to_json(report))
        return
    for level in levels:
        print(
            "level {level}: {tokens} tokens, {bits:.0f} bits; up to here {bpp_nominal:.4f} nominal "
            "and {bpp_actual:.4f} actual bpp, PSNR {psnr:.2f} dB, SSIM {ssim:.3f}".format(**level)
        )


def add_evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("clips", metavar="CLIPS", help='a folder of videos, or "toon"')
    parser.add_argument("out", metavar="OUT.json")
    parser.add_argument("--codec", choices=["x264"], help="measure it at the same bytes, too")
    add_model(parser)
    add_json(parser)


def run_evaluate(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.evaluation.clips import open_clips
    from hitvideo.evaluation.tokenizer import evaluate_tokenizer

    with json_output(args.out) as report:
        clips = open_clips(args.clips)
        pipeline = load_tokenizer(args)
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


def add_baselines_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("clips", metavar="CLIPS", help='a folder of videos, or "toon"')
    parser.add_argument("train", metavar="TRAIN_FOLDER", help="videos to fit the PCA on")
    parser.add_argument("out", metavar="OUT.json")
    add_json(parser)


def run_baselines(args: argparse.Namespace) -> None:
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


def add_benchmark_arguments(parser: argparse.ArgumentParser) -> None:
    add_benchmark(parser, repeats=5)
    add_model(parser)
    add_json(parser)


def run_benchmark(args: argparse.Namespace) -> None:
    from hitvideo.benchmarks.tokenizer import benchmark

    set_threads(args)
    report = benchmark(load_tokenizer(args), args.repeats)
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
