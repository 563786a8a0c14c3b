"""`reconstruct`: what every level keeps."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from hitvideo.commands.common import (
    Commands,
    add_command,
    add_json,
    add_model,
    inputs_of,
    load_tokenizer,
    print_note,
)
from hitvideo.files import folder_output, to_json
from hitvideo.rates import bits_per_pixel


def register(commands: Commands) -> None:
    parser = add_command(commands, "reconstruct", "write what every level keeps", run)
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


def run(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.pipeline.reconstruct import LevelResult
    from hitvideo.video import Notes, read_video, write_video

    notes = Notes()
    with folder_output(args.out, inputs_of(args, args.clip)) as folder:
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
        data = pipeline.write_tokens(results[-1].codes, args.fps)
        for level, size in zip(levels, pipeline.coder.level_sizes(data), strict=True):
            level |= {"bytes": size, "bpp_actual": bits_per_pixel(8 * size, (count, height, width))}
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
