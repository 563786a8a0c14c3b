"""Vehicles, each drawn within the unit circle and facing right (the rocket: up).

Knows nothing of frames, motions or backdrops. Every function takes a brush, the time in seconds
(F, 1, 1) for its small movements (wheels, flames, flags), and the colour its body must have.
"""

import torch
from torch import Tensor

from hitvideo.toon import sdf
from hitvideo.toon.brush import Brush, Colour, deep, pale

_CREAM, _GLASS, _SHINE = "#fff6e0", "#bfe8f8", "#ffffff"
_RUBBER, _STEEL, _DARK = "#3a3946", "#c9ced8", "#2a2836"


def _wheel(b: Brush, t: Tensor, cx: float, cy: float, radius: float) -> None:
    tyre = sdf.circle(b.x, b.y, cx, cy, radius)
    b.fill(tyre, _RUBBER, at=(cx, cy), radius=radius, ink=0.04)
    b.fill(tyre + 0.42 * radius, _STEEL, at=(cx, cy), radius=radius, ink=0)
    x, y = sdf.turned(b.x, b.y, cx, cy, 5.0 * t)
    angle = torch.atan2(y, x) * 5
    gap = torch.maximum(torch.cos(angle) * 0.12 * radius, tyre + 0.5 * radius)
    b.flat(torch.maximum(gap, 0.16 * radius - sdf.length(x, y)), "#6d7280")


def car(b: Brush, t: Tensor, base: Colour) -> None:
    x, y = b.x, b.y + 0.012 * torch.sin(9 * t)
    cabin = sdf.polygon(x, y, [(-0.34, -0.42), (0.24, -0.42), (0.5, 0.05), (-0.56, 0.05)], 0.09)
    hull = sdf.box(x, y, 0, 0.22, 0.96, 0.3, 0.2)
    body = sdf.blend(cabin, hull, 0.12)
    b.fill(body, base, at=(0, 0.05), radius=0.8)
    rear = sdf.polygon(x, y, [(-0.33, -0.36), (-0.06, -0.36), (-0.06, -0.02), (-0.47, -0.02)], 0.02)
    front = sdf.polygon(x, y, [(0.08, -0.36), (0.22, -0.36), (0.42, -0.02), (0.08, -0.02)], 0.02)
    window = sdf.union(rear, front)
    b.outline(window, base, 0.03)
    b.wash(window, "#e9fbff", "#8fcdea", -0.4, 0.05)
    b.flat(sdf.both(window, (x + 0.6 * y + 0.28).abs() - 0.05), _SHINE, 0.7)
    b.flat(sdf.box(x, y, 0, 0.31, 0.94, 0.035, 0.03), deep(base), 0.6)
    b.flat(sdf.box(x, y, 0.01, 0.13, 0.07, 0.022, 0.02), deep(base))
    b.fill(sdf.ellipse(x, y, 0.86, 0.14, 0.08, 0.1), "#fff1a0", ink=0.03, relief=0.4)
    b.fill(sdf.ellipse(x, y, -0.9, 0.14, 0.05, 0.09), "#ff6a5a", ink=0.03, relief=0.4)
    _wheel(b, t, -0.52, 0.54, 0.26)
    _wheel(b, t, 0.52, 0.54, 0.26)


def train(b: Brush, t: Tensor, base: Colour) -> None:
    x, y = b.x, b.y
    for k in range(3):
        age = torch.remainder(0.7 * t + k / 3, 1)
        puff = sdf.circle(x, y, 0.5 - 0.75 * age, -0.72 - 0.28 * age, 0.09 + 0.15 * age)
        b.flat(puff, "#ffffff", 0.85 * (1 - age), 0.06)
    b.fill(
        sdf.polygon(x, y, [(0.78, 0.3), (0.98, 0.7), (0.6, 0.7)], 0.02),
        _STEEL,
        at=(0.8, 0.5),
        radius=0.3,
    )
    b.fill(
        sdf.polygon(x, y, [(0.36, -0.66), (0.64, -0.66), (0.58, -0.2), (0.42, -0.2)], 0.02),
        deep(base),
        at=(0.5, -0.4),
        radius=0.3,
    )
    b.fill(sdf.box(x, y, 0.1, -0.28, 0.12, 0.14, 0.1), "#f6c453", at=(0.1, -0.28), radius=0.2)
    b.fill(sdf.box(x, y, 0.2, 0.06, 0.68, 0.3, 0.2), base, at=(0.2, 0.06), radius=0.5)
    for cx in (0.12, 0.5):
        b.flat(sdf.box(x, y, cx, 0.06, 0.03, 0.28), "#f6c453")
    b.fill(sdf.circle(x, y, 0.86, 0.0, 0.1), "#fff1a0", ink=0.03, at=(0.86, 0), radius=0.15)
    b.fill(sdf.box(x, y, -0.55, -0.08, 0.36, 0.5, 0.06), base, at=(-0.55, 0), radius=0.6)
    b.fill(sdf.box(x, y, -0.55, -0.62, 0.46, 0.08, 0.07), deep(base), at=(-0.55, -0.6), radius=0.3)
    window = sdf.box(x, y, -0.55, -0.24, 0.2, 0.18, 0.05)
    b.outline(window, base, 0.03)
    b.wash(window, "#e9fbff", "#8fcdea", -0.42, -0.05)
    b.fill(sdf.box(x, y, 0, 0.42, 0.88, 0.09, 0.06), deep(base), at=(0, 0.4), radius=0.6)
    for cx, radius in ((-0.58, 0.3), (0.08, 0.24), (0.56, 0.24)):
        _wheel(b, t, cx, 0.84 - radius, radius)
    swing = 5.0 * t
    rod = sdf.line(
        x,
        y,
        0.1 * torch.cos(swing) - 0.54,
        0.57 + 0.08 * torch.sin(swing),
        0.1 * torch.cos(swing) + 0.56,
        0.58 + 0.08 * torch.sin(swing),
        0.035,
    )
    b.outline(rod, _STEEL, 0.03)
    b.flat(rod, _STEEL)


def boat(b: Brush, t: Tensor, base: Colour) -> None:
    x, y = sdf.turned(b.x, b.y, 0, 0.5, 0.07 * torch.sin(2.4 * t))
    y = y + 0.5
    mast = sdf.line(x, y, 0, -0.9, 0, 0.35, 0.035)
    b.outline(mast, "#8a5a34", 0.04)
    b.flat(mast, "#a8713f")
    flutter = 0.04 * torch.sin(9 * x - 6 * t)
    flag = sdf.polygon(x, y + flutter, [(0.0, -0.96), (0.3, -0.86), (0.0, -0.74)])
    b.fill(flag, base, ink=0.035, at=(0.1, -0.85), radius=0.3, relief=0.4)
    sail = sdf.polygon(x + 0.1 * (y * y), y, [(0.14, -0.66), (0.78, 0.18), (0.14, 0.18)], 0.02)
    jib = sdf.polygon(x, y, [(-0.1, -0.6), (-0.1, 0.18), (-0.6, 0.18)], 0.02)
    b.fill(sail, pale(base), at=(0.35, -0.1), radius=0.5, relief=0.7)
    b.flat(sdf.both(sail, (y + 0.02).abs() - 0.07), base)
    b.fill(jib, _CREAM, at=(-0.25, 0), radius=0.4, relief=0.7)
    hull = sdf.polygon(x, y, [(-0.92, 0.34), (0.96, 0.34), (0.62, 0.8), (-0.62, 0.8)], 0.06)
    hull = sdf.both(hull, 0.33 - y + 0.08 * x * x)
    b.fill(hull, base, at=(0, 0.6), radius=0.6)
    b.flat(sdf.both(hull, (y - 0.43 + 0.05 * x * x).abs() - 0.04), _CREAM)
    for cx in (-0.36, 0.0, 0.36):
        b.fill(sdf.circle(x, y, cx, 0.61, 0.08), _GLASS, ink=0.035, relief=0.3)


def plane(b: Brush, t: Tensor, base: Colour) -> None:
    x, y = b.x, b.y
    blur = 0.5 * torch.cos(19 * t)
    far = sdf.polygon(x, y, [(-0.04, -0.16), (0.26, -0.16), (-0.02, -0.46), (-0.2, -0.46)], 0.03)
    b.fill(far, deep(base), at=(0, -0.4), radius=0.4)
    fin = sdf.polygon(x, y, [(-0.96, -0.62), (-0.74, -0.62), (-0.44, -0.1), (-0.86, -0.08)], 0.04)
    b.fill(fin, deep(base), at=(-0.75, -0.3), radius=0.4)
    body = sdf.ellipse(x, y, -0.02, 0, 0.84, 0.32)
    tail = sdf.line(x, y, -0.84, -0.12, 0, 0, 0.12)
    body = sdf.blend(body, tail, 0.2)
    b.fill(body, base, at=(0, 0), radius=0.6)
    b.flat(sdf.both(body, (y - 0.12).abs() - 0.035), _CREAM)
    glass = sdf.both(sdf.ellipse(x, y, 0.4, -0.17, 0.25, 0.17), body + 0.03)
    b.outline(glass, base, 0.025)
    b.flat(glass, _GLASS)
    for cx in (-0.38, -0.16, 0.06):
        b.fill(sdf.circle(x, y, cx, -0.08, 0.07), _GLASS, ink=0.03, relief=0.3)
    wing = sdf.polygon(x, y, [(-0.14, 0.08), (0.34, 0.08), (-0.22, 0.74), (-0.52, 0.74)], 0.04)
    b.fill(wing, base, at=(-0.1, 0.35), radius=0.4)
    b.fill(
        sdf.polygon(x, y, [(-0.9, -0.1), (-0.62, -0.1), (-0.9, 0.14), (-1.02, 0.14)], 0.03),
        base,
        at=(-0.85, 0),
        radius=0.3,
    )
    b.fill(
        sdf.ellipse(x, y, 0.86, 0, 0.045, 0.12 + 0.34 * blur.abs()), _STEEL, ink=0.035, relief=0.5
    )
    b.fill(sdf.circle(x, y, 0.84, 0, 0.1), _DARK, ink=0.02, at=(0.84, 0), radius=0.15)


def rocket(b: Brush, t: Tensor, base: Colour) -> None:
    x, y = b.x, b.y
    flicker = 0.12 * torch.sin(17 * t) + 0.07 * torch.sin(29 * t + 1)
    for size, paint in ((1.0, "#ff7a2a"), (0.66, "#ffc93c"), (0.36, "#fff6c8")):
        reach = size * (0.38 + flicker)
        flame = sdf.ellipse(
            x, y, 0.03 * torch.sin(23 * t), 0.62 + 0.4 * reach, 0.2 * size + 0.02, reach
        )
        b.flat(sdf.both(flame, 0.5 - y), paint, 0.95, 0.03)
    for side in (-1, 1):
        u = side * x
        fin = sdf.polygon(u, y, [(0.26, 0.06), (0.66, 0.46), (0.64, 0.78), (0.26, 0.54)], 0.03)
        b.fill(fin, deep(base), at=(side * 0.35, 0.45), radius=0.4)
    b.fill(sdf.box(x, y, 0, 0.62, 0.2, 0.08, 0.03), _STEEL, at=(0, 0.6), radius=0.2)
    body = sdf.both(sdf.circle(x, y, -0.53, 0.05, 1.0), sdf.circle(x, y, 0.53, 0.05, 1.0), y - 0.58)
    b.fill(body, base, at=(0, -0.05), radius=0.55)
    b.fill(sdf.both(body, y + 0.42), _CREAM, ink=0, at=(0, -0.05), radius=0.55)
    b.flat(sdf.both(body, (y + 0.42).abs() - 0.03), deep(base))
    b.flat(sdf.both(body, (y - 0.42).abs() - 0.05), _CREAM)
    b.fill(sdf.circle(x, y, 0, -0.08, 0.2), _STEEL, ink=0.03, at=(0, -0.08), radius=0.2)
    b.flat(sdf.circle(x, y, 0, -0.08, 0.14), "#62b8e8")
    b.flat(sdf.circle(x, y, -0.05, -0.13, 0.05), _SHINE, 0.9)
    b.fill(
        sdf.polygon(x, y, [(0.0, 0.3), (0.05, 0.74), (-0.05, 0.74)], 0.03),
        base,
        at=(0, 0.5),
        radius=0.2,
    )


def ufo(b: Brush, t: Tensor, base: Colour) -> None:
    x, y = b.x, b.y + 0.03 * torch.sin(3 * t)
    beam = sdf.polygon(x, y, [(-0.2, 0.2), (0.2, 0.2), (0.46, 0.98), (-0.46, 0.98)])
    fade = (1 - (y - 0.2) / 0.8).clamp(0, 1) * (0.45 + 0.2 * torch.sin(6 * t))
    b.flat(beam, "#fff9b8", fade, 0.05)
    dome = sdf.both(sdf.ellipse(x, y, 0, -0.1, 0.46, 0.54), y - 0.0)
    b.fill(dome, _GLASS, at=(0, -0.2), radius=0.5)
    b.fill(
        sdf.both(sdf.ellipse(x, y, 0, -0.14, 0.2, 0.26), y),
        "#9be36b",
        ink=0.03,
        at=(0, -0.1),
        radius=0.3,
    )
    for cx in (-0.08, 0.08):
        b.flat(sdf.ellipse(x, y, cx, -0.2, 0.045, 0.08), _DARK)
    b.flat(sdf.ellipse(x, y, -0.22, -0.36, 0.09, 0.12), _SHINE, 0.8, 0.05)
    b.fill(sdf.ellipse(x, y, 0, 0.26, 0.5, 0.2), deep(base), at=(0, 0.3), radius=0.4)
    saucer = sdf.ellipse(x, y, 0, 0.1, 0.98, 0.29)
    b.fill(saucer, base, at=(0, 0.1), radius=0.6)
    b.flat(sdf.both(sdf.ring(sdf.ellipse(x, y, 0, 0.02, 0.6, 0.12), 0.025), -y), deep(base))
    for k, cx in enumerate((-0.68, -0.35, 0.0, 0.35, 0.68)):
        cy = 0.22 - 0.16 * cx * cx
        on = 0.5 + 0.5 * torch.sin(5 * t - 1.3 * k)
        lamp = sdf.circle(x, y, cx, cy, 0.075)
        b.outline(lamp, base, 0.03)
        b.flat(lamp, "#8a6a2a")
        b.flat(lamp, "#fff3a0", on)
