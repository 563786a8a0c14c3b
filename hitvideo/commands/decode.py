"""`decode`: a token file as a video."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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
    parser = add_command(commands, "decode", "turn a token file back into a video", run)
    parser.add_argument("tokens", metavar="CLIP.hitv")
    parser.add_argument("out", metavar="OUT.mp4")
    parser.add_argument("--depth", type=int, help="levels to decode (all that it holds)")
    add_model(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.bitstream import TokenReader, decode_video
    from hitvideo.video import write_video

    with _opened(args.tokens) as file:
        pipeline = load_tokenizer(args)
        reader = TokenReader(pipeline.coder.release, file)
        frames = decode_video(pipeline.tokenizer, reader, args.depth)
        print_note(reader.note)
        shown = tqdm(frames, unit="frame", total=reader.layout.frames, disable=None)
        write_video(args.out, shown, reader.fps, inputs=inputs_of(args, args.tokens))
    depths = tuple(min(depth, args.depth or depth) for depth in reader.depths)
    if args.json:
        figures: dict[str, Any] = {
            "frames": reader.layout.frames,
            "height": reader.layout.height,
            "width": reader.layout.width,
            "fps": reader.fps,
            "depths": depths,
            "complete": not reader.note,
            "note": reader.note,
        }
        print(to_json(figures))
        return
    print(f"{reader.layout.frames} frames, {depths_kept(depths)}")


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    try:
        file = open(path, "rb")  # noqa: SIM115  closed below
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise HiTVideoError(f"{path} cannot be read: {reason}.") from error
    with file:
        if not file.seekable():
            raise HiTVideoError(f"{path} is a pipe; a token file must be a file on disk.")
        yield file
