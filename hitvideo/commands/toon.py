"""`toon`: one clip of the cartoon world, and its caption."""

from __future__ import annotations

import argparse

from hitvideo.commands.common import add_json
from hitvideo.errors import HiTVideoError
from hitvideo.files import to_json

MAX_TOON_PIXELS = 1 << 26  # of all frames together: 4096 frames of 128x128, under 2 GiB at work


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", metavar="OUT.mp4")
    parser.add_argument("--seed", type=int, required=True, help="one seed is one clip")
    parser.add_argument("--frames", type=int, default=64, help="at 8 per second (64)")
    parser.add_argument("--size", type=int, default=128, help="side in pixels (128)")
    add_json(parser)


def run(args: argparse.Namespace) -> None:
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
