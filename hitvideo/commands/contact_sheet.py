"""A picture of many clips, each with its caption. Knows nothing of how clips are made."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

COUNT, COLUMNS = 24, 4
SHOWN = (0.1, 0.5, 0.9)  # where in the clip its frames are taken
LINE, LINES = 13, 3  # of the caption: height in pixels, how many
GAP = 8
LEAST = 128  # pixels a side that a frame should have on the sheet


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


def save_moving_sheet(
    file: IO[bytes], clips: Sequence[Sequence[np.ndarray]], fps: float, columns: int = 8
) -> None:
    """All clips at once as an animated WebP that loops, the versions of each below one another.

    Every second frame, which is enough for a page and half the bytes.
    """
    from PIL import Image

    cells = [np.concatenate(versions, 1)[::2] for versions in clips]
    rows = [np.concatenate(cells[k : k + columns], 2) for k in range(0, len(cells), columns)]
    frames = [Image.fromarray(frame) for frame in np.concatenate(rows, 1)]
    duration = round(2000 / fps)
    frames[0].save(
        file,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=duration,
        loop=0,
        quality=60,
        method=4,
    )
