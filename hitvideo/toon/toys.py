"""Toys and other things, each drawn within the unit circle.

Knows nothing of frames, motions or backdrops. Every function takes a brush, the time in seconds
(F, 1, 1) for its small movements (blinking, waving, a string in the wind), and the colour its body
must have.
"""

import torch
from torch import Tensor

from hitvideo.toon import sdf
from hitvideo.toon.brush import Brush, Colour, deep, mix, pale

_CREAM, _SHINE, _STEEL, _DARK = "#fff6e0", "#ffffff", "#c9ced8", "#2a2836"


def _gloss(b: Brush, cx: float, cy: float, size: float) -> None:
    """A highlight that stays towards the light however the subject turns."""
    lx, ly = b.light
    b.flat(
        sdf.circle(b.x, b.y, cx + 0.52 * size * lx, cy + 0.52 * size * ly, 0.17 * size),
        _SHINE,
        0.75,
        0.08,
    )


def ball(b: Brush, t: Tensor, base: Colour) -> None:
    x, y = b.x, b.y
    body = sdf.circle(x, y, 0, 0, 0.84)
    b.fill(body, base)
    band = sdf.without(sdf.ellipse(x, y, 0, 0, 0.62, 0.86), sdf.ellipse(x, y, 0, 0, 0.27, 0.86))
    b.fill(sdf.both(band, body), pale(base), ink=0)
    b.flat(sdf.both(sdf.circle(x, y, 0, -0.84, 0.2), body), _CREAM)
    b.flat(sdf.both(sdf.circle(x, y, 0, 0.84, 0.2), body), _CREAM)
    shade = ((-0.5 * b.lit + body) * 5 + 0.5).clamp(0, 1) * b.cover(body)
    b.paint(0.28 * shade, deep(base))
    _gloss(b, 0, 0, 0.84)


def star(b: Brush, t: Tensor, base: Colour) -> None:
    x, y = b.x, b.y
    body = sdf.star(x, y - 0.05, 5, 0.93, 0.5) - 0.06
    b.fill(body, base)
    b.fill(
        sdf.star(x, y - 0.05, 5, 0.66, 0.35) - 0.03, mix(base, "#ffffff", 0.22), ink=0, relief=0.4
    )
    open_eye = 0.03 + 0.1 * (torch.sin(2.1 * t) > -0.93)
    for cx in (-0.17, 0.17):
        b.flat(sdf.ellipse(x, y, cx, -0.02, 0.07, open_eye), _DARK)
        b.flat(sdf.circle(x, y, cx + 0.02, -0.06, 0.03), _SHINE)
        b.flat(sdf.circle(x, y, 1.75 * cx, 0.17, 0.08), "#ff7d8c", 0.6)
    smile = sdf.both(sdf.ring(sdf.circle(x, y, 0, 0.1, 0.13), 0.028), 0.14 - y)
    b.flat(smile, _DARK)


def balloon(b: Brush, t: Tensor, base: Colour) -> None:
    x, y = b.x, b.y
    sway = 0.07 * torch.sin(7 * y - 3 * t) * (y - 0.5).clamp(min=0) * 2
    string = sdf.both((x - sway).abs() - 0.018, 0.5 - y, y - 1.08)
    b.outline(string, "#776655", 0.02)
    b.flat(string, "#fff2dc")
    knot = sdf.polygon(x, y, [(0, 0.46), (0.1, 0.62), (-0.1, 0.62)], 0.02)
    b.fill(knot, deep(base), at=(0, 0.55), radius=0.15)
    body = sdf.ellipse(x, y, 0, -0.2, 0.62, 0.72)
    body = sdf.blend(body, sdf.circle(x, y, 0, 0.38, 0.12), 0.25)
    b.fill(body, base, at=(0, -0.2), radius=0.75)
    _gloss(b, 0, -0.2, 0.66)


def robot(b: Brush, t: Tensor, base: Colour) -> None:
    x, y = b.x, b.y
    wave = 0.5 * torch.sin(4 * t)
    for side in (-1, 1):
        b.fill(
            sdf.box(x, y, 0.24 * side, 0.72, 0.13, 0.16, 0.06),
            _STEEL,
            at=(0.24 * side, 0.72),
            radius=0.2,
        )
        sx, sy = 0.46 * side, 0.12
        hx = sx + side * (0.34 * torch.cos(wave + 0.3 * side))
        hy = sy + 0.34 * torch.sin(side * wave + 0.35)
        arm = sdf.line(x, y, sx, sy, hx, hy, 0.075)
        b.fill(arm, _STEEL, at=(sx, sy), radius=0.4, ink=0.045)
        b.fill(sdf.circle(x, y, hx, hy, 0.12), base, ink=0.045, at=(hx, hy), radius=0.14)
    antenna = sdf.line(x, y, 0, -0.88, 0, -0.6, 0.03)
    b.outline(antenna, _STEEL, 0.03)
    b.flat(antenna, _STEEL)
    b.fill(sdf.circle(x, y, 0, -0.9, 0.09), "#ffd84a", ink=0.04, at=(0, -0.9), radius=0.1)
    b.fill(sdf.box(x, y, 0, 0.27, 0.48, 0.37, 0.12), base, at=(0, 0.27), radius=0.5)
    panel = sdf.box(x, y, 0, 0.28, 0.26, 0.2, 0.06)
    b.flat(panel, _CREAM)
    for k, cx in enumerate((-0.14, 0.0, 0.14)):
        height = 0.05 + 0.045 * torch.sin(5 * t + 2 * k)
        b.flat(sdf.box(x, y, cx, 0.36 - height, 0.04, height), ("#ef5a5a", "#f4b63c", "#4aa8e0")[k])
    b.fill(sdf.box(x, y, 0, -0.38, 0.54, 0.32, 0.15), base, at=(0, -0.38), radius=0.5)
    face = sdf.box(x, y, 0, -0.38, 0.38, 0.2, 0.1)
    b.flat(face, "#20283c")
    blink = 0.02 + 0.075 * (torch.sin(1.7 * t) > -0.95)
    for cx in (-0.16, 0.16):
        b.flat(sdf.ellipse(x, y, cx, -0.42, 0.085, blink), "#8ff4ff")
    b.flat(sdf.both(sdf.ring(sdf.circle(x, y, 0, -0.38, 0.12), 0.022), -0.32 - y), "#8ff4ff")


def mushroom(b: Brush, t: Tensor, base: Colour) -> None:
    x, y = sdf.turned(b.x, b.y, 0, 0.8, 0.04 * torch.sin(2.5 * t))
    y = y + 0.8
    stem = sdf.blend(
        sdf.box(x, y, 0, 0.4, 0.3, 0.42, 0.2), sdf.ellipse(x, y, 0, 0.68, 0.42, 0.17), 0.15
    )
    b.fill(stem, "#fff0d6", at=(0, 0.45), radius=0.45)
    for cx in (-0.13, 0.13):
        b.flat(sdf.ellipse(x, y, cx, 0.36, 0.05, 0.085), _DARK)
        b.flat(sdf.circle(x, y, cx + 0.015, 0.33, 0.022), _SHINE)
        b.flat(sdf.circle(x, y, 1.6 * cx, 0.48, 0.06), "#ff8d8d", 0.6)
    b.flat(sdf.both(sdf.ring(sdf.circle(x, y, 0, 0.42, 0.08), 0.022), 0.45 - y), _DARK)
    cap = sdf.ellipse(x, y, 0, 0.06, 0.95, 0.94)
    cap = sdf.both(cap, y - 0.1 + 0.12 * x * x) - 0.05
    b.fill(cap, base, at=(0, -0.3), radius=0.75)
    dot = "#b9c3d6" if sum(base) > 2.5 else _CREAM
    for cx, cy, radius in (
        (-0.48, -0.24, 0.16),
        (0.02, -0.5, 0.19),
        (0.5, -0.2, 0.15),
        (0.08, -0.06, 0.1),
        (-0.32, -0.7, 0.08),
        (0.45, -0.6, 0.08),
    ):
        b.flat(sdf.both(sdf.circle(x, y, cx, cy, radius), cap + 0.02), dot)
