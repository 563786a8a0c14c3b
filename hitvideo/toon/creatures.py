"""Animals, each drawn within the unit circle and facing right.

Knows nothing of frames, motions or backdrops. Every function takes a brush, the time in seconds
(F, 1, 1) for its small movements (wings, tails, blinking), and the colour its body must have.
"""

import torch
from torch import Tensor

from hitvideo.toon import sdf
from hitvideo.toon.brush import Brush, Colour, deep, mix, pale

_CREAM, _SHINE, _DARK, _BLUSH = "#fff3dc", "#ffffff", "#231f30", "#ff8796"


def _eye(b: Brush, x: Tensor, y: Tensor, cx: float, cy: float, radius: float) -> None:
    b.flat(sdf.circle(x, y, cx, cy, radius + 0.035), _DARK)
    b.flat(sdf.circle(x, y, cx, cy, radius), _SHINE)
    b.flat(sdf.circle(x, y, cx + 0.25 * radius, cy, 0.66 * radius), _DARK)
    b.flat(sdf.circle(x, y, cx + 0.4 * radius, cy - 0.3 * radius, 0.24 * radius), _SHINE)


def fish(b: Brush, t: Tensor, base: Colour) -> None:
    x, y = b.x, b.y
    wag = 0.45 * torch.sin(7 * t)
    u, v = sdf.turned(x, y, -0.5, 0, wag)
    upper = sdf.polygon(u, v, [(-0.5, -0.46), (-0.28, -0.36), (0.1, 0.06), (-0.3, 0.0)], 0.04)
    lower = sdf.polygon(u, v, [(-0.3, 0.0), (0.1, -0.06), (-0.28, 0.36), (-0.5, 0.46)], 0.04)
    b.fill(sdf.union(upper, lower), deep(base), at=(-0.7, 0), radius=0.45)
    dorsal = sdf.polygon(x, y, [(-0.3, -0.34), (-0.24, -0.68), (0.12, -0.62), (0.34, -0.34)], 0.05)
    b.fill(dorsal, deep(base), at=(0, -0.5), radius=0.4)
    body = sdf.ellipse(x, y, 0.14, 0, 0.76, 0.5)
    b.fill(body, base, at=(0.14, 0), radius=0.65)
    b.flat(sdf.both(sdf.ellipse(x, y, 0.16, 0.36, 0.7, 0.3), body + 0.01), pale(base), 0.9, 0.05)
    for cx in (-0.3, -0.04):
        b.flat(sdf.both((x - cx + 0.22 * y * y).abs() - 0.055, body), pale(base))
    u, v = sdf.turned(x, y, 0.16, 0.14, 0.3 + 0.4 * torch.sin(7 * t + 1))
    b.fill(sdf.ellipse(u, v, -0.14, 0, 0.2, 0.11), deep(base), ink=0.04, at=(0, 0), radius=0.3)
    _eye(b, x, y, 0.54, -0.12, 0.15)
    smile = sdf.both(sdf.ring(sdf.circle(x, y, 0.78, 0.06, 0.13), 0.025), 0.12 - y, x - 0.84)
    b.flat(smile, _DARK)
    b.flat(sdf.circle(x, y, 0.5, 0.16, 0.08), _BLUSH, 0.6, 0.03)


def octopus(b: Brush, t: Tensor, base: Colour) -> None:
    x, y = b.x, b.y
    for k, side in enumerate((-0.62, 0.62, -0.16, 0.2, -0.95, 0.95, -0.4, 0.42)):
        curl = 0.09 * torch.sin(5 * t + 2.1 * k)
        knee, tip = 0.62 * side + curl, 0.8 * side - curl
        low = 0.78 - 0.22 * side * side - 0.05 * (k < 4)
        leg = sdf.blend(
            sdf.line(x, y, 0.44 * side, 0.1, knee, 0.42, 0.12),
            sdf.line(x, y, knee, 0.42, tip, low, 0.085),
            0.08,
        )
        paint = base if k >= 4 else mix(base, deep(base), 0.7)
        b.fill(leg, paint, at=(0.5 * side, 0.4), radius=0.5, ink=0.05)
    body = sdf.ellipse(x, y, 0, -0.3, 0.62, 0.6)
    body = sdf.blend(body, sdf.box(x, y, 0, 0.14, 0.56, 0.16, 0.14), 0.2)
    b.fill(body, base, at=(0, -0.25), radius=0.65)
    for cx, cy, radius in ((-0.3, -0.66, 0.07), (-0.12, -0.78, 0.05), (0.3, -0.7, 0.06)):
        b.flat(sdf.circle(x, y, cx, cy, radius), pale(base), 0.8)
    for cx in (-0.2, 0.24):
        _eye(b, x, y, cx, -0.22, 0.15)
        b.flat(sdf.circle(x, y, 1.9 * cx, 0.02, 0.09), _BLUSH, 0.6, 0.03)
    b.flat(sdf.both(sdf.ring(sdf.circle(x, y, 0.02, -0.02, 0.12), 0.027), 0.02 - y), _DARK)


def bird(b: Brush, t: Tensor, base: Colour) -> None:
    x, y = b.x, b.y
    flap = torch.sin(8 * t)
    u, v = sdf.turned(x, y, 0.0, -0.08, -0.5 - 0.6 * flap)
    b.fill(sdf.ellipse(u, v, -0.32, -0.06, 0.44, 0.2), deep(base), at=(-0.2, -0.3), radius=0.5)
    for k, lift in enumerate((-0.3, -0.08, 0.14)):
        feather = sdf.line(x, y, -0.5, 0.1, -0.95 + 0.05 * k, 0.08 + lift, 0.09)
        b.fill(feather, deep(base), at=(-0.8, lift), radius=0.3, ink=0.04)
    beak = sdf.polygon(x, y, [(0.72, -0.3), (1.02, -0.16), (0.72, -0.06)], 0.02)
    b.fill(beak, "#ffae2e", ink=0.045, at=(0.8, -0.18), radius=0.2)
    body = sdf.blend(
        sdf.ellipse(x, y, -0.08, 0.14, 0.6, 0.42), sdf.circle(x, y, 0.46, -0.22, 0.36), 0.25
    )
    b.fill(body, base, at=(0.1, 0.05), radius=0.65)
    b.flat(sdf.both(sdf.ellipse(x, y, 0.1, 0.4, 0.42, 0.3), body + 0.02), pale(base), 0.95, 0.05)
    for k, lean in enumerate((-0.16, 0.0, 0.14)):
        crest = sdf.line(x, y, 0.42, -0.54, 0.36 + lean, -0.76 + 0.04 * k, 0.04)
        b.fill(crest, deep(base), ink=0.03, at=(0.4, -0.6), radius=0.2)
    u, v = sdf.turned(x, y, 0.06, 0.04, 0.35 + 0.75 * flap)
    wing = sdf.blend(sdf.ellipse(u, v, -0.36, 0, 0.46, 0.23), sdf.circle(u, v, -0.02, 0, 0.2), 0.1)
    b.fill(wing, mix(base, deep(base), 0.45), at=(-0.2, 0), radius=0.45)
    b.flat(sdf.both(sdf.ring(sdf.ellipse(u, v, -0.36, 0, 0.3, 0.11), 0.02), u + 0.3), deep(base))
    _eye(b, x, y, 0.56, -0.28, 0.12)
    b.flat(sdf.circle(x, y, 0.44, -0.08, 0.075), _BLUSH, 0.6, 0.03)


def butterfly(b: Brush, t: Tensor, base: Colour) -> None:
    x, y = b.x, b.y
    open_ = 0.77 + 0.23 * torch.cos(7 * t)
    for side in (-1, 1):
        u = side * x / open_
        low = sdf.ellipse(u, y - 0.2 * u, 0.4, 0.34, 0.38, 0.34) * open_
        b.fill(low, mix(base, deep(base), 0.45), at=(0.35 * side, 0.35), radius=0.45)
        b.flat(sdf.circle(u, y, 0.46, 0.48, 0.12) * open_, pale(base))
        high = sdf.ellipse(u, y + 0.42 * u, 0.5, -0.1, 0.5, 0.42) * open_
        b.fill(high, base, at=(0.45 * side, -0.3), radius=0.55)
        b.flat(sdf.circle(u, y, 0.56, -0.4, 0.19) * open_, pale(base))
        b.flat(sdf.circle(u, y, 0.56, -0.4, 0.09) * open_, deep(base))
        b.flat(sdf.circle(u, y, 0.84, -0.6, 0.06) * open_, _CREAM)
        b.flat(sdf.circle(u, y, 0.88, -0.38, 0.05) * open_, _CREAM)
        feeler = sdf.line(x, y, 0.03 * side, -0.42, 0.24 * side, -0.82, 0.022)
        feeler = sdf.union(feeler, sdf.circle(x, y, 0.25 * side, -0.84, 0.055))
        b.flat(feeler, _DARK)
    trunk = sdf.union(sdf.line(x, y, 0, -0.2, 0, 0.5, 0.085), sdf.circle(x, y, 0, -0.36, 0.14))
    b.fill(trunk, "#54404e", at=(0, 0), radius=0.3, ink=0.04)
    for cx in (-0.055, 0.055):
        b.flat(sdf.circle(x, y, cx, -0.39, 0.035), _SHINE)


def cat(b: Brush, t: Tensor, base: Colour) -> None:
    x, y = b.x, b.y
    wag = 0.16 * torch.sin(4 * t)
    tail = sdf.line(x, y, -0.56, 0.34, -0.84 + 0.3 * wag, -0.02, 0.1)
    tail = sdf.blend(tail, sdf.line(x, y, -0.84 + 0.3 * wag, -0.02, -0.76 + wag, -0.42, 0.09), 0.1)
    b.fill(tail, base, at=(-0.8, 0), radius=0.5)
    b.fill(sdf.circle(x, y, -0.76 + wag, -0.42, 0.1), pale(base), ink=0)
    for k, cx in enumerate((-0.5, -0.2, 0.12, 0.4)):
        step = 0.1 * torch.sin(6 * t + 3.14 * (k % 2) + 0.5 * k)
        leg = sdf.line(x, y, cx, 0.5, cx + step, 0.76, 0.1)
        b.fill(leg, deep(base) if k % 2 else base, at=(cx, 0.6), radius=0.3, ink=0.05)
        b.flat(sdf.both(sdf.circle(x, y, cx + step, 0.79, 0.09), leg), pale(base))
    body = sdf.box(x, y, -0.08, 0.34, 0.6, 0.28, 0.27)
    b.fill(body, base, at=(-0.08, 0.34), radius=0.5)
    for cx in (-0.42, -0.22, -0.02):
        b.flat(sdf.both(sdf.line(x, y, cx, 0.04, cx + 0.04, 0.24, 0.04), body), deep(base))
    for side in (-1, 1):
        u = side * (x - 0.42)
        ear = sdf.polygon(u, y, [(0.42, -0.84), (0.42, -0.36), (0.06, -0.52)], 0.04)
        b.fill(ear, base, at=(0.42, -0.5), radius=0.5)
        b.flat(sdf.polygon(u, y, [(0.37, -0.74), (0.36, -0.44), (0.16, -0.54)]), "#ff9fa8")
    head = sdf.ellipse(x, y, 0.42, -0.2, 0.5, 0.42)
    b.fill(head, base, at=(0.42, -0.2), radius=0.5)
    b.flat(sdf.both(sdf.ellipse(x, y, 0.46, -0.02, 0.24, 0.17), head), pale(base), 0.95, 0.03)
    lid = 0.03 + 0.1 * (torch.sin(1.9 * t) > -0.95)
    for cx in (0.24, 0.64):
        b.flat(sdf.ellipse(x, y, cx, -0.24, 0.09, lid), _DARK)
        b.flat(sdf.circle(x, y, cx + 0.03, -0.28, 0.035), _SHINE)
    b.flat(sdf.polygon(x, y, [(0.39, -0.11), (0.51, -0.11), (0.45, -0.04)], 0.02), "#ff7f92")
    for cx in (0.38, 0.52):
        b.flat(sdf.both(sdf.ring(sdf.circle(x, y, cx, -0.01, 0.07), 0.02), -y), _DARK)
    for cy in (-0.06, 0.04):
        whisker = sdf.both(
            sdf.box(x, y - 0.12 * (x - 0.45).abs(), 0.45, cy - 0.06, 0.58, 0.014),
            0.26 - (x - 0.45).abs(),
        )
        b.flat(whisker, _DARK, 0.6)
