"""`toon`: one clip of the cartoon world and its caption, or a contact sheet of many."""

from __future__ import annotations

import argparse

from hitvideo.commands.common import Commands, add_command, add_json
from hitvideo.commands.contact_sheet import COUNT, contact_sheet
from hitvideo.errors import HiTVideoError
from hitvideo.files import binary_output, to_json

MAX_TOON_PIXELS = 1 << 26  # of all frames together: 4096 frames of 128x128, under 2 GiB at work


def register(commands: Commands) -> None:
    parser = add_command(commands, "toon", "render one cartoon clip and print its caption", run)
    parser.add_argument(
        "out", metavar="OUT.mp4", help="or a .png: a sheet of this seed and 23 more"
    )
    parser.add_argument("--seed", type=int, required=True, help="one seed is one clip")
    parser.add_argument("--frames", type=int, default=64, help="at 8 per second (64)")
    parser.add_argument("--size", type=int, default=128, help="side in pixels (128)")
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    if args.seed < 0:
        raise HiTVideoError(f"The seed must be zero or more, not {args.seed}.")
    if args.frames * args.size**2 > MAX_TOON_PIXELS:
        raise HiTVideoError("That Toon clip is too large; ask for fewer frames or a smaller size.")
    from hitvideo.toon import toon_clip
    from hitvideo.video import write_video

    size = {"frames": args.frames, "height": args.size, "width": args.size}
    if str(args.out).lower().endswith(".png"):
        with binary_output(args.out) as file:
            clips = [toon_clip(args.seed + k, **size) for k in range(COUNT)]
            pictures, captions = [c.frames.numpy() for c in clips], [c.caption for c in clips]
            contact_sheet(pictures, captions).save(file, "PNG", optimize=True)
        return
    clip = toon_clip(args.seed, **size)
    write_video(args.out, clip.frames.numpy(), clip.fps, {"title": clip.caption})
    if args.json:
        print(to_json({"seed": args.seed, "caption": clip.caption, "fps": clip.fps}))
    else:
        print(clip.caption)
