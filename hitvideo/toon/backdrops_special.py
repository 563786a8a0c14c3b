"""Backdrops away from the open land: water, night, space, clouds, a room, a volcano.

Knows nothing of actors or weather. Each function paints its layers, far to near, on a stage.
"""

import random

import torch

from hitvideo.toon import sdf
from hitvideo.toon.brush import Brush
from hitvideo.toon.scenery import blot, cloud, dots, places, ridge
from hitvideo.toon.stage import Stage


def underwater(stage: Stage, rng: random.Random) -> None:
    stage.ground = False
    b = stage.layer(0.0)
    b.wash(None, "#8fe6e4", "#2f7fb4", -1.1, 0.9)
    for k in range(2):
        b = stage.layer(
            0.1, bob=(0.06, 0.0, 0.12, rng.random()), twinkle=(0.2 + 0.07 * k, rng.random())
        )
        for cx in places(rng, 4):
            lean = b.x - cx + 0.35 * (b.y + 1)
            wide = 0.07 + 0.06 * (b.y + 1.1)
            fade = (1 - (b.y + 1) / 1.6).clamp(0, 1) * 0.3
            b.flat(lean.abs() - wide, "#e6fff4", fade, 0.12)
    b = stage.layer(0.3)
    b.wash(ridge(b, rng, 0.36, 0.16, 2.3, 0.5), "#4f9fc4", "#3f8fb8", 0.1, 0.8)
    b = stage.layer(0.6)
    b.wash(ridge(b, rng, 0.56, 0.1, 3.1, 0.3), "#5fb0c4", "#4a98b4", 0.4, 0.9)
    for cx in places(rng, 4):
        _coral(b, rng, cx, 0.72)
    b = stage.layer(0.9)
    b.wash(ridge(b, rng, 0.72, 0.04, 2.0), "#f0e2b4", "#c8bd96", 0.65, 1.0)
    dots(b, rng, 20, ("#fff6d8", "#d9c896"), (0.01, 0.02), (-1.9, 0.82, 1.9, 0.98))
    b = stage.layer(1.3, bob=(0.05, 0.0, 0.25, rng.random()))
    for cx in (-1.15, -0.92, 0.9, 1.12):
        top = rng.uniform(0.1, 0.5)
        bend = 0.06 * torch.sin(8 * b.y + rng.uniform(0, 6))
        weed = sdf.both((b.x - cx - bend).abs() - 0.05 * (1 - 0.5 * (1 - b.y)), top - b.y)
        b.fill(weed, "#2f8f7c", ink=0, at=(cx, 0.6), radius=0.5, relief=0.5)


def _coral(b: Brush, rng: random.Random, cx: float, foot: float) -> None:
    paint = rng.choice(("#d99ab0", "#d8b48c", "#b49ccc"))
    parts = []
    for k in range(4):
        lean = 0.09 * (k - 1.5)
        top = foot - rng.uniform(0.16, 0.3)
        parts.append(sdf.line(b.x, b.y, cx + 0.3 * lean, foot, cx + 1.6 * lean, top, 0.034))
    b.fill(sdf.union(*parts), paint, ink=0, at=(cx, foot - 0.15), radius=0.3, relief=0.6)


def city(stage: Stage, rng: random.Random) -> None:
    stage.dark = True
    b = stage.layer(0.0)
    b.wash(None, "#1d1f52", "#8a5a92", -1.0, 0.5)
    dots(b, rng, 60, ("#fff8e0", "#cfd8ff"), (0.004, 0.011), (-1.7, -1.0, 1.7, 0.0))
    cx = rng.uniform(-0.6, 0.6)
    moon = sdf.circle(b.x, b.y, cx, -0.62, 0.17)
    b.glow(moon, "#fff0c0", 0.5, 0.45)
    b.flat(moon, "#4b4078")
    b.flat(sdf.without(moon, sdf.circle(b.x, b.y, cx + 0.09, -0.66, 0.15)), "#fff4cf")
    for depth, paint, low, lamps in (
        (0.2, "#5a4a86", 0.0, False),
        (0.45, "#3b3570", 0.06, True),
        (0.7, "#292653", 0.12, True),
    ):
        b = stage.layer(depth)
        for cx in places(rng, 9 - int(4 * depth)):
            wide, top = rng.uniform(0.12, 0.2) * (0.8 + depth / 2), rng.uniform(-0.42, 0.08) + low
            b.flat(sdf.box(b.x, b.y, cx, top + 1, wide, 1.0), paint)
            if rng.random() < 0.4:
                b.flat(sdf.box(b.x, b.y, cx, top - 0.06, 0.012, 0.08), paint)
            if lamps:
                _windows(b, rng, cx, top, wide)
    b = stage.layer(0.95)
    b.wash(0.5 - b.y, "#4a4470", "#2f2b52", 0.5, 1.0)
    b.flat((b.y - 0.5).abs() - 0.022, "#6d659a")
    dash = sdf.both((torch.remainder(b.x, 0.4) - 0.2).abs() - 0.1, (b.y - 0.86).abs() - 0.014)
    b.flat(dash, "#d8c890", 0.8)
    for cx in (rng.uniform(-1.5, -0.9), rng.uniform(0.9, 1.5)):
        b.flat(sdf.line(b.x, b.y, cx, 0.55, cx, -0.05, 0.018), "#1b1938")
        lamp = sdf.circle(b.x, b.y, cx, -0.08, 0.05)
        b.glow(lamp, "#ffdf90", 0.3, 0.5)
        b.flat(lamp, "#fff0c4")


def _windows(b: Brush, rng: random.Random, cx: float, top: float, wide: float) -> None:
    u, v = b.x - cx, b.y - top - 0.06
    column, row = torch.floor(u / 0.075), torch.floor(v / 0.09)
    inside = sdf.both(u.abs() - wide + 0.03, -v, v - 0.5)
    pane = sdf.box(u - (column + 0.5) * 0.075, v - (row + 0.5) * 0.09, 0, 0, 0.02, 0.026)
    lot = torch.sin(column * 12.9 + row * 7.3 + rng.uniform(0, 6)) * 43.7
    lit = (lot - torch.floor(lot)) < 0.5
    share = b.cover(sdf.both(pane, inside)) * lit
    b.paint(share, "#ffd98a")


def space(stage: Stage, rng: random.Random) -> None:
    stage.ground, stage.dark = False, True
    b = stage.layer(0.0)
    b.wash(None, "#12103a", "#2c1a58", -1.0, 1.0)
    for paint in ("#7a3aa0", "#2f5aa8", "#a8487a", "#3a3aa0"):
        blot(
            b,
            rng.uniform(-1.2, 1.2),
            rng.uniform(-0.9, 0.9),
            rng.uniform(0.5, 0.9),
            rng.uniform(0.25, 0.5),
            paint,
            0.42,
        )
    for k, (depth, count) in enumerate(((0.08, 70), (0.16, 40), (0.3, 26))):
        b = stage.layer(depth, twinkle=(0.3 + 0.16 * k, rng.random()))
        dots(
            b,
            rng,
            count,
            ("#ffffff", "#cfe0ff", "#ffe9c4"),
            (0.005, 0.009 + 0.005 * k),
            (-1.8, -1.1, 1.8, 1.1),
            0.012 * k,
        )
    b = stage.layer(0.4)
    side = rng.choice((-1, 1))
    cx, cy = 0.62 * side + rng.uniform(-0.1, 0.1), rng.uniform(-0.7, -0.5)
    u, v = sdf.turned(b.x, b.y, cx, cy, 0.35 * side)
    band = sdf.ring(sdf.ellipse(u, v, 0, 0, 0.4, 0.11), 0.022)
    b.flat(band, "#d8c4e8", 0.8)
    planet = sdf.circle(b.x, b.y, cx, cy, 0.22)
    b.fill(planet, "#c8889c", ink=0, at=(cx, cy), radius=0.25)
    for line in (-0.1, 0.02, 0.12):
        b.flat(sdf.both(planet, (v - line).abs() - 0.025), "#e2b0a8", 0.6)
    b.flat(sdf.both(band, -v), "#e8d8f4")
    b = stage.layer(0.6)
    cx, cy = -0.75 * side, rng.uniform(0.55, 0.75)
    moon = sdf.circle(b.x, b.y, cx, cy, 0.15)
    b.fill(moon, "#9aa4c4", ink=0, at=(cx, cy), radius=0.16)
    for dx, dy, radius in ((-0.05, -0.03, 0.035), (0.05, 0.04, 0.045), (0.02, -0.08, 0.025)):
        b.flat(sdf.circle(b.x, b.y, cx + dx, cy + dy, radius), "#7f89ac")


def sky(stage: Stage, rng: random.Random) -> None:
    stage.ground = False
    b = stage.layer(0.0)
    b.wash(None, "#7fb6f0", "#ffdfe0", -1.0, 0.9)
    b.glow(sdf.circle(b.x, b.y, rng.uniform(-0.5, 0.5), 0.15, 0.12), "#fff4dc", 0.9, 0.75)
    for depth, level, size, paint in (
        (0.15, 0.35, 0.3, "#ffe3e4"),
        (0.4, 0.6, 0.4, "#fff0ee"),
        (0.8, 0.88, 0.5, "#ffffff"),
    ):
        b = stage.layer(depth, drift=0.05 * depth * rng.choice((-1, 1)))
        for cx in places(rng, 6, 2.4):
            cloud(b, rng, cx, level + rng.uniform(-0.08, 0.08), size * rng.uniform(0.8, 1.2), paint)
    b = stage.layer(0.25, drift=0.03)
    for cx in places(rng, 3, 2.0):
        cloud(b, rng, cx, rng.uniform(-0.85, -0.2), rng.uniform(0.14, 0.24), "#ffffff", 0.8)
    b = stage.layer(1.4, drift=-0.06)
    for cx in places(rng, 5, 2.4):
        cloud(b, rng, cx, 1.12, 0.44, "#ffffff", 0.9)


def room(stage: Stage, rng: random.Random) -> None:
    wall, stripe = rng.choice(
        (("#f4e3d0", "#efd8c2"), ("#dfe9e2", "#d2e0d8"), ("#ece0ee", "#e2d3e6"))
    )
    b = stage.layer(0.3)
    b.wash(None, wall, wall, 0, 1)
    b.flat((torch.remainder(b.x, 0.28) - 0.14).abs() - 0.06, stripe)
    cx = rng.choice((-1, 1)) * rng.uniform(0.45, 0.6)
    b.flat(sdf.box(b.x, b.y, cx, -0.42, 0.4, 0.42, 0.03), "#fffaf0")
    pane = sdf.box(b.x, b.y, cx, -0.42, 0.34, 0.36, 0.02)
    b.wash(pane, "#9fd4f2", "#e6f6e8", -0.8, -0.1)
    b.flat(sdf.both(pane, sdf.circle(b.x, b.y, cx - 0.1, 0.16, 0.4)), "#b4d6a0")
    b.flat(sdf.both(pane, sdf.union((b.x - cx).abs(), (b.y + 0.42).abs()) - 0.018), "#fffaf0")
    for side in (-1, 1):
        curtain = sdf.both(sdf.box(b.x, b.y, cx + 0.4 * side, -0.36, 0.12, 0.54, 0.03))
        b.flat(curtain, "#e8b9a8")
        b.flat(sdf.both(curtain, torch.sin(60 * b.x) * 0.02), "#dda997", 0.6)
    b.flat(sdf.box(b.x, b.y, cx, -0.91, 0.6, 0.03, 0.02), "#b58a66")
    px = -cx + rng.uniform(-0.1, 0.1)
    b.flat(sdf.box(b.x, b.y, px, -0.5, 0.25, 0.2, 0.02), "#c79a6c")
    picture = sdf.box(b.x, b.y, px, -0.5, 0.2, 0.15)
    b.wash(picture, "#cfe2ee", "#f4dcc0", -0.65, -0.4)
    b.flat(
        sdf.both(
            picture,
            sdf.polygon(b.x, b.y, [(px - 0.2, -0.34), (px - 0.02, -0.56), (px + 0.2, -0.34)]),
        ),
        "#a9b8a4",
    )
    b = stage.layer(0.7)
    b.wash(0.36 - b.y, "#e4bd8c", "#cf9f6a", 0.36, 1.0)
    slope = b.x / (0.5 + 0.9 * (b.y - 0.36).clamp(min=0))
    seam = (torch.remainder(slope, 0.5) - 0.25).abs() * 0.6 - 0.008
    b.flat(sdf.both(seam, 0.4 - b.y), "#b98a58", 0.6)
    b.flat((b.y - 0.36).abs() - 0.035, "#fffaf0")
    b.flat((b.y - 0.4).abs() - 0.008, "#b99a7c")
    rug = sdf.ellipse(b.x, b.y, 0, 0.74, 0.95, 0.2)
    b.flat(rug, "#c8d2c0")
    b.flat(sdf.ring(rug + 0.07, 0.014), "#f2ead8")
    b = stage.layer(0.9)
    for side in (-1, 1):
        plant = 1.32 * side
        b.fill(
            sdf.polygon(
                b.x,
                b.y,
                [
                    (plant - 0.15, 0.36),
                    (plant + 0.15, 0.36),
                    (plant + 0.1, 0.66),
                    (plant - 0.1, 0.66),
                ],
                0.02,
            ),
            "#d48f70",
            ink=0,
            at=(plant, 0.5),
            radius=0.2,
        )
        for lean in (-0.5, -0.2, 0.15, 0.45):
            u, v = sdf.turned(b.x, b.y, plant, 0.36, lean)
            b.fill(
                sdf.ellipse(u, v, 0, -0.26, 0.07, 0.27),
                "#86b07c",
                ink=0,
                at=(plant, 0.1),
                radius=0.3,
                relief=0.5,
            )


def volcano(stage: Stage, rng: random.Random) -> None:
    stage.dark = True
    b = stage.layer(0.0)
    b.wash(None, "#3a2440", "#e88a5c", -1.0, 0.35)
    b = stage.layer(0.1, drift=0.03)
    for cx in places(rng, 4, 2.0):
        cloud(b, rng, cx, rng.uniform(-0.85, -0.5), rng.uniform(0.26, 0.4), "#6b4658", 0.7)
    b = stage.layer(0.2)
    cx = rng.uniform(-0.35, 0.35)
    vent = sdf.ellipse(b.x, b.y, cx, -0.42, 0.12, 0.05)
    b.glow(vent, "#ff9a4a", 0.6, 0.7)
    cone = sdf.polygon(
        b.x, b.y, [(cx - 0.17, -0.4), (cx + 0.17, -0.4), (cx + 0.95, 0.5), (cx - 0.95, 0.5)], 0.02
    )
    b.wash(cone, "#6e4450", "#8c5a58", -0.4, 0.4)
    for lean, low in ((-0.14, 0.2), (0.05, 0.34), (0.22, 0.12)):
        width = 0.035 + 0.02 * torch.sin(14 * b.y)
        flow = (
            b.x - cx - lean * (1.2 + 1.6 * (b.y + 0.4)) - 0.03 * torch.sin(9 * b.y)
        ).abs() - width
        flow = sdf.both(flow, -0.44 - b.y, b.y - low, cone - 0.02)
        b.glow(flow, "#ff8a3a", 0.1, 0.5)
        b.flat(flow, "#ffb347")
    b.flat(vent, "#ffd27a")
    b = stage.layer(0.45)
    b.wash(ridge(b, rng, 0.3, 0.09, 2.8, 0.8), "#5f3e50", "#6e4650", 0.1, 0.6)
    b = stage.layer(0.65, twinkle=(0.25, rng.random()))
    b.wash(sdf.both(0.38 - b.y, b.y - 0.56), "#ffb04c", "#ff7a38", 0.38, 0.52)
    b = stage.layer(0.9)
    b.wash(ridge(b, rng, 0.52, 0.025, 3.3, 0.5), "#7c5660", "#4d3444", 0.48, 1.0)
    for place in places(rng, 6, 1.8):
        b.flat(sdf.ellipse(b.x, b.y, place, rng.uniform(0.66, 0.92), 0.12, 0.018), "#634250")
    b = stage.layer(1.3)
    b.wash(ridge(b, rng, 1.0, 0.06, 3.0, 1.0), "#38263a", "#2a1c30", 0.85, 1.05)
