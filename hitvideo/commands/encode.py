"""`encode`: a video as a token file."""

from __future__ import annotations

import argparse
from pathlib import Path

from hitvideo.commands.common import (
    Commands,
    add_command,
    add_json,
    add_model,
    depths_kept,
    inputs_of,
    load_tokenizer,
    print_note,
)
from hitvideo.errors import HiTVideoError
from hitvideo.files import to_json


def register(commands: Commands) -> None:
    parser = add_command(commands, "encode", "write a video as a token file", run)
    parser.add_argument("clip", help="a video file")
    parser.add_argument("out", metavar="OUT.hitv")
    parser.add_argument("--depth", type=int, help="levels to keep (all)")
    parser.add_argument(
        "--max-bpp",
        type=float,
        metavar="B",
        help="as many levels, 8 seconds by 8 seconds, as fit into these actual bits per pixel",
    )
    parser.add_argument(
        "--min-psnr",
        type=float,
        metavar="Q",
        help="as few levels, 8 seconds by 8 seconds, as reach this many dB; --max-bpp goes first",
    )
    parser.add_argument("--fps", type=float, default=8.0, help="frames per second (8)")
    parser.add_argument("--size", type=int, default=128, help="side of the square, pixels (128)")
    parser.add_argument("--start", type=float, default=0.0, help="seconds into the video (0)")
    parser.add_argument("--seconds", type=float, help="length to take (to the end)")
    add_model(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.bitstream import encode_video
    from hitvideo.video import Notes, read_frames

    if args.depth is not None and (args.max_bpp is not None or args.min_psnr is not None):
        raise HiTVideoError("Give either --depth, or --max-bpp and --min-psnr.")
    notes = Notes()
    frames = read_frames(
        args.clip,
        fps=args.fps,
        size=args.size,
        start=args.start,
        seconds=args.seconds,
        notes=notes,
    )
    pipeline = load_tokenizer(args)
    report = encode_video(
        pipeline.coder,
        pipeline.tokenizer,
        tqdm(frames, unit="frame", disable=None),
        args.fps,
        args.out,
        depth=args.depth,
        max_bpp=args.max_bpp,
        min_psnr=args.min_psnr,
        inputs=inputs_of(args, args.clip),
    )
    note = " ".join(filter(None, (notes.note, report.note)))
    print_note(note)
    if args.json:
        figures = {
            "file": Path(args.out).name,
            "frames": report.frames,
            "height": report.height,
            "width": report.width,
            "fps": args.fps,
            "depths": report.depths,
            "bytes": report.sizes[-1],
            "bytes_by_depth": report.sizes,
            "bpp_actual": report.bpp,
            "psnr": report.psnr,
            "complete": notes.complete,
            "note": note,
        }
        print(to_json(figures))
        return
    print(
        f"{report.frames} frames, {report.sizes[-1]} bytes, {report.bpp:.4f} actual bpp, "
        f"PSNR {report.psnr:.2f} dB, {depths_kept(report.depths)}"
    )
