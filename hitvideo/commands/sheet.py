"""`evaluate sheet`: a contact sheet of generated clips, chosen by their seeds and by nobody."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hitvideo.commands.common import add_model, load_all
from hitvideo.errors import HiTVideoError
from hitvideo.files import binary_output

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

COUNT, COLUMNS = 24, 4
SHOWN = (0.1, 0.5, 0.9)  # where in the clip its frames are taken
LINE, LINES = 13, 3  # of the caption: height in pixels, how many
GAP = 8
LEAST = 128  # pixels a side that a frame should have on the sheet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", metavar="OUT.png")
    parser.add_argument("--guidance", type=float, help="how closely to follow the prompts")
    parser.add_argument("--mode", help="what one step writes: token, row, frame or mixed")
    parser.add_argument("--quantize", default="auto", help="auto, int8, nf4 or none (auto)")
    add_model(parser)


def run(args: argparse.Namespace) -> None:
    """Seeds 0 to 23, each with a caption of its own."""
    from hitvideo.toon import caption, sample_scene
    from hitvideo.toon.seeds import SHEET

    if not str(args.out).lower().endswith(".png"):
        raise HiTVideoError("The contact sheet is a picture; its name must end in .png.")
    with binary_output(args.out) as file:
        pipeline = load_all(args)
        scenes = SHEET[:COUNT]
        prompts = [caption(sample_scene(seed), seed) for seed in scenes]
        clips: list[np.ndarray] = []
        for first in range(0, COUNT, COLUMNS):
            part = slice(first, first + COLUMNS)
            seeds = list(range(COUNT))[part]
            clips += list(
                pipeline.generate_batch(
                    prompts[part], seeds, guidance=args.guidance, mode=args.mode
                )
            )
        contact_sheet(clips, prompts).save(file, "PNG", optimize=True)


def contact_sheet(clips: Sequence[np.ndarray], captions: Sequence[str]) -> Image:
    """Three frames of every clip, uint8 ``(T, H, W, 3)``, with its caption below."""
    from PIL import Image, ImageDraw, ImageFont

    larger = max(1, LEAST // min(clips[0].shape[1:3]))
    height, width = (larger * side for side in clips[0].shape[1:3])
    cell = (len(SHOWN) * width + GAP, height + LINES * LINE + GAP)
    rows = -(-len(clips) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * cell[0] + GAP, rows * cell[1] + GAP), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    letters = round(len(SHOWN) * width / font.getlength("n" * 10) * 11)
    for index, (clip, text) in enumerate(zip(clips, captions, strict=True)):
        x, y = GAP + index % COLUMNS * cell[0], GAP + index // COLUMNS * cell[1]
        for place, share in enumerate(SHOWN):
            frame = Image.fromarray(clip[round(share * (len(clip) - 1))])
            frame = frame.resize((width, height), Image.Resampling.BICUBIC)
            sheet.paste(frame, (x + place * width, y))
        for number, line in enumerate(textwrap.wrap(text, letters)[:LINES]):
            draw.text((x, y + height + 2 + number * LINE), line, "#333", font)
    return sheet
