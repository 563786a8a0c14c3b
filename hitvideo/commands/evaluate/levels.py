"""`evaluate levels`: what every depth shows of Toon's frozen seeds, for your own eyes."""

from __future__ import annotations

import argparse

from hitvideo.commands.common import Commands, add_command, add_model, inputs_of, load_tokenizer
from hitvideo.commands.contact_sheet import save_moving_sheet
from hitvideo.errors import HiTVideoError
from hitvideo.files import binary_output

CLIPS, FRAMES = 8, 64


def register(commands: Commands) -> None:
    parser = add_command(commands, "levels", "a moving sheet of every depth", run)
    parser.add_argument("out", metavar="OUT.webp")
    add_model(parser)


def run(args: argparse.Namespace) -> None:
    """The original on top, then one row a depth."""
    from hitvideo.toon import toon_clip
    from hitvideo.toon.clip import FPS
    from hitvideo.toon.seeds import VALIDATION

    if not str(args.out).lower().endswith(".webp"):
        raise HiTVideoError("The sheet is a moving .webp; so must its name end.")
    with binary_output(args.out, inputs_of(args)) as file:
        pipeline = load_tokenizer(args)
        columns = []
        for seed in VALIDATION[:CLIPS]:
            frames = toon_clip(seed, frames=FRAMES).frames.numpy()
            steps = pipeline.reconstruct(frames)
            columns.append([frames, *(s.result.frames for s in steps if s.result is not None)])
        save_moving_sheet(file, columns, FPS)
