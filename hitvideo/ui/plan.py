"""A layout as a small film: where the things of a clip will be, before there are pictures of them.

Knows nothing of what the things are.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw
from torch import Tensor

from hitvideo.layout import at_frames
from hitvideo.ui.clip_files import SIDE

_SHARP = 2  # drawn that much larger, for smooth edges
_GROUND, _LINE = (24, 24, 34), (52, 52, 68)
_COLOURS = ((146, 132, 255), (255, 150, 196))  # by thing
_TRAIL = 4  # frames from one dot to the next on the way that a thing has come

Colour = tuple[int, int, int]


def plan_film(layout: Tensor, frames: int, height: int, width: int) -> np.ndarray:
    """uint8 ``(frames, H, W, 3)`` in the shape of a clip of ``height`` and ``width``, enlarged.

    layout: ``(t, MOMENTS, THINGS, 5)``, see `hitvideo.layout`. A thing is a ring with a nose where
    it faces, and a line from its middle to its top; dots are where it has been.
    """
    factor = _SHARP * SIDE / min(height, width)
    size = round(width * factor), round(height * factor)
    unit = min(size) / 2
    things = at_frames(layout, frames)
    film = []
    for frame in range(frames):
        picture = Image.new("RGB", size, _GROUND)
        draw = ImageDraw.Draw(picture)
        for share in (0.25, 0.5, 0.75):
            draw.line([(share * size[0], 0), (share * size[0], size[1])], _LINE, _SHARP)
            draw.line([(0, share * size[1]), (size[0], share * size[1])], _LINE, _SHARP)
        for thing, colour in reversed([*zip(things.unbind(1), _COLOURS, strict=True)]):
            for past in range(frame % _TRAIL, frame, _TRAIL):
                facing, x, y, *_ = thing[past].tolist()
                if facing:
                    _dot(draw, _pixel(x, y, size), 2 * _SHARP, colour)
            _thing(draw, thing[frame].tolist(), size, unit, colour)
        small = size[0] // _SHARP, size[1] // _SHARP
        film.append(np.asarray(picture.resize(small, Image.Resampling.BOX)))
    return np.stack(film)


def _thing(
    draw: ImageDraw.ImageDraw,
    numbers: list[float],
    size: tuple[int, int],
    unit: float,
    colour: Colour,
) -> None:
    facing, x, y, scale, angle = numbers
    if not facing:
        return
    (cx, cy), radius = _pixel(x, y, size), scale * unit
    box = (cx - radius, cy - radius, cx + radius, cy + radius)
    draw.ellipse(box, outline=colour, width=3 * _SHARP)
    top = math.sin(angle), -math.cos(angle)
    ahead = math.cos(angle) * facing, math.sin(angle) * facing
    draw.line([(cx, cy), (cx + 0.8 * radius * top[0], cy + 0.8 * radius * top[1])], colour, _SHARP)
    nose = [
        (cx + radius * (a * ahead[0] + b * top[0]), cy + radius * (a * ahead[1] + b * top[1]))
        for a, b in ((1.25, 0.0), (0.98, 0.18), (0.98, -0.18))
    ]
    draw.polygon(nose, fill=colour)


def _dot(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], radius: float, colour: Colour
) -> None:
    (x, y), faint = place, tuple((c + 2 * g) // 3 for c, g in zip(colour, _GROUND, strict=True))
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=faint)


def _pixel(x: float, y: float, size: tuple[int, int]) -> tuple[float, float]:
    return (x + 1) / 2 * size[0], (y + 1) / 2 * size[1]
