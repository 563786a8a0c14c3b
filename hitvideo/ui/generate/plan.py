"""A plan as a small film: where the things of a clip will be, before there are pictures of them.

Knows nothing of how things look.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hitvideo.pipeline.result import Plan
from hitvideo.plan.tracks import at_frames
from hitvideo.ui.clip_files import SIDE

_SHARP = 2  # drawn that much larger, for smooth edges
_GROUND, _LINE = (24, 24, 34), (52, 52, 68)
_COLOURS = ((146, 132, 255), (255, 150, 196))  # by thing
_LETTERS = 13  # pixels high
_TRAIL = 4  # frames from one dot to the next on the way that a thing has come

Colour = tuple[int, int, int]


def plan_film(plan: Plan, frames: int, height: int, width: int) -> np.ndarray:
    """uint8 ``(frames, H, W, 3)`` in the shape of a clip of ``height`` and ``width``, enlarged.

    A thing is a ring with a nose where it faces, a line from its middle to its top, and what it is
    called beside it; dots are where it has been.
    """
    factor = _SHARP * SIDE / min(height, width)
    size = round(width * factor), round(height * factor)
    unit = min(size) / 2
    each = zip(at_frames(plan.tracks, frames).unbind(1), plan.names, _COLOURS, strict=True)
    things = [*each][::-1]  # the first one lies on top
    font = ImageFont.load_default(_LETTERS)
    film = []
    for frame in range(frames):
        picture = Image.new("RGB", size, _GROUND)
        draw = ImageDraw.Draw(picture)
        for share in (0.25, 0.5, 0.75):
            draw.line([(share * size[0], 0), (share * size[0], size[1])], _LINE, _SHARP)
            draw.line([(0, share * size[1]), (size[0], share * size[1])], _LINE, _SHARP)
        for thing, _, colour in things:
            for past in range(frame % _TRAIL, frame, _TRAIL):
                facing, x, y, *_ = thing[past].tolist()
                if facing:
                    _dot(draw, _pixel(x, y, size), 2 * _SHARP, colour)
            _thing(draw, thing[frame].tolist(), size, unit, colour)
        picture = picture.resize((size[0] // _SHARP, size[1] // _SHARP), Image.Resampling.BOX)
        draw = ImageDraw.Draw(picture)
        for thing, name, colour in things:
            _name(draw, name, thing[frame].tolist(), picture.size, unit / _SHARP, colour, font)
        film.append(np.asarray(picture))
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


def _name(
    draw: ImageDraw.ImageDraw,
    name: str,
    numbers: list[float],
    size: tuple[int, int],
    unit: float,
    colour: Colour,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
) -> None:
    """Above the ring, within the frame as long as the ring is."""
    facing, x, y, scale, _ = numbers
    if not (name and facing) or max(abs(x), abs(y)) > 1 + scale:
        return
    (cx, cy), radius, gap = _pixel(x, y, size), scale * unit, 3
    half = draw.textlength(name, font) / 2 + gap
    above = max(cy - radius - gap, _LETTERS + gap)
    place = min(max(cx, half), size[0] - half), min(above, size[1] - gap)
    draw.text(place, name, colour, font, anchor="mb")


def _dot(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], radius: float, colour: Colour
) -> None:
    (x, y), faint = place, tuple((c + 2 * g) // 3 for c, g in zip(colour, _GROUND, strict=True))
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=faint)


def _pixel(x: float, y: float, size: tuple[int, int]) -> tuple[float, float]:
    return (x + 1) / 2 * size[0], (y + 1) / 2 * size[1]
