"""`evaluate sheet`: a contact sheet of generated clips, chosen by their seeds and by nobody."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hitvideo.commands.common import Commands, add_command, add_model, inputs_of, load_all
from hitvideo.commands.contact_sheet import COLUMNS, COUNT, contact_sheet, save_moving_sheet
from hitvideo.errors import HiTVideoError
from hitvideo.files import binary_output

if TYPE_CHECKING:
    from hitvideo.pipeline.result import GeneratedVideo


def register(commands: Commands) -> None:
    parser = add_command(commands, "sheet", "a contact sheet of 24 generated clips", run)
    parser.add_argument("out", metavar="OUT.png|OUT.webp")
    parser.add_argument("--guidance", type=float, help="how closely to follow the prompts")
    parser.add_argument("--mode", help="what one step writes: token, frame or mixed")
    parser.add_argument("--quantize", default="auto", help="auto, int8, nf4 or none (auto)")
    add_model(parser)


def run(args: argparse.Namespace) -> None:
    """Seeds 0 to 23, each with a caption of its own."""
    from hitvideo.toon import caption, sample_scene
    from hitvideo.toon.seeds import SHEET

    moving = str(args.out).lower().endswith(".webp")
    if not moving and not str(args.out).lower().endswith(".png"):
        raise HiTVideoError("The contact sheet is a .png, or a moving .webp; so must its name end.")
    with binary_output(args.out, inputs_of(args)) as file:
        pipeline = load_all(args)
        scenes = SHEET[:COUNT]
        prompts = [caption(sample_scene(seed), seed) for seed in scenes]
        clips: list[GeneratedVideo] = []
        for first in range(0, COUNT, COLUMNS):
            part = slice(first, first + COLUMNS)
            seeds = list(range(COUNT))[part]
            made = pipeline.generate_batch(
                prompts[part], seeds, guidance=args.guidance, mode=args.mode
            )
            clips += made
        if moving:
            versions = [(clip.faithful, clip.video) for clip in clips]
            save_moving_sheet(file, versions, clips[0].fps)
        else:
            contact_sheet([clip.video for clip in clips], prompts).save(file, "PNG", optimize=True)
