"""Outdoor backdrops on the ground, and the table of all of them.

Knows nothing of actors or weather. Each function paints its layers, far to near, on a stage; the
ground that actors stand on lies between y = 0.4 and 0.8, so horizons are above that.
"""

import random
from collections.abc import Callable

import torch

from hitvideo.toon import backdrops_special, sdf
from hitvideo.toon.brush import Brush
from hitvideo.toon.scenery import cloud, dots, pine, places, ridge, sun, tree
from hitvideo.toon.stage import Stage


def meadow(stage: Stage, rng: random.Random) -> None:
    b = stage.layer(0.0)
    b.wash(None, "#8fd0f5", "#f2fbe8", -1.0, 0.3)
    sun(b, rng.uniform(-0.7, 0.7), -0.62, 0.15, "#fff8d2", "#fff3b0")
    b = stage.layer(0.12, drift=rng.choice((-1, 1)) * 0.025)
    for cx in places(rng, 4, 2.0):
        cloud(b, rng, cx, rng.uniform(-0.8, -0.35), rng.uniform(0.22, 0.34), "#ffffff")
    b = stage.layer(0.25)
    b.wash(ridge(b, rng, 0.1, 0.1, 2.2), "#b9dfc6", "#cfe9c0", 0.0, 0.5)
    b = stage.layer(0.5)
    for cx in places(rng, 5):
        tree(b, rng, cx, 0.33, rng.uniform(0.24, 0.36), "#8fc483", "#9a7a5c")
    b.wash(ridge(b, rng, 0.3, 0.06, 2.6), "#c5e496", "#a9d47f", 0.2, 0.7)
    b = stage.layer(0.9)
    b.wash(ridge(b, rng, 0.5, 0.05, 1.7), "#bfe07c", "#8cc862", 0.42, 1.0)
    dots(b, rng, 46, ("#ffffff", "#fff2a0", "#ffd0e2"), (0.012, 0.024), (-1.9, 0.56, 1.9, 0.95))
    b = stage.layer(1.35)
    _grass(b, rng, "#6bb052", "#4f9646")


def _grass(b: Brush, rng: random.Random, top: str, bottom: str) -> None:
    phase = rng.uniform(0, 6)
    blades = 0.05 * torch.sin(31 * b.x + phase).abs() + 0.04 * torch.sin(17 * b.x + 2 * phase).abs()
    b.wash((0.98 - blades - b.y) * 0.5, top, bottom, 0.85, 1.05)


def forest(stage: Stage, rng: random.Random) -> None:
    b = stage.layer(0.0)
    b.wash(None, "#d4ecc4", "#f6f6d2", -1.0, 0.4)
    b.glow(sdf.circle(b.x, b.y, rng.uniform(-0.5, 0.5), -0.5, 0.1), "#fffde0", 1.1, 0.8)
    for depth, count, paint, leaves in (
        (0.25, 8, "#b3cfae", "#b6d6a8"),
        (0.5, 6, "#93ad8a", "#97c088"),
    ):
        b = stage.layer(depth)
        for cx in places(rng, count):
            wide = rng.uniform(0.04, 0.07) * (0.6 + depth)
            b.flat(sdf.box(b.x, b.y, cx, -0.2, wide, 0.8), paint)
        for cx in places(rng, 7, 2.0):
            b.flat(
                sdf.circle(b.x, b.y, cx, -1.0 + 0.12 * rng.random(), 0.42 - 0.14 * depth), leaves
            )
        b.wash(ridge(b, rng, 0.22 + 0.16 * depth, 0.04, 3.0), leaves, paint, 0.1, 0.9)
        for cx in places(rng, 6, 1.9):
            b.flat(sdf.ellipse(b.x, b.y, cx, 0.26 + 0.16 * depth, 0.2, 0.12), leaves)
    b = stage.layer(0.85)
    for cx in (rng.uniform(-1.5, -1.0), rng.uniform(0.85, 1.3)):
        flare = 0.05 * (b.y - 0.2).clamp(min=0) ** 2
        trunk = ((b.x - cx).abs() - 0.15 - flare * 4) * 0.9
        trunk = sdf.both(trunk, b.y - 0.62)
        b.fill(trunk, "#a98763", ink=0, at=(cx, 0), radius=0.5, relief=0.6)
        for k in range(5):
            b.flat(
                sdf.line(
                    b.x,
                    b.y,
                    cx - 0.08 + 0.04 * k,
                    -0.8 + 0.27 * k,
                    cx - 0.06 + 0.04 * k,
                    -0.62 + 0.27 * k,
                    0.012,
                ),
                "#8d6d4e",
            )
    b.wash(ridge(b, rng, 0.48, 0.03, 2.4), "#b7cf86", "#8fae64", 0.4, 1.0)
    dots(b, rng, 16, ("#f6e7b0", "#e9d0f2", "#ffffff"), (0.012, 0.022), (-1.9, 0.6, 1.9, 0.92))
    b = stage.layer(1.3)
    for cx in places(rng, 9, 2.0):
        b.fill(
            sdf.circle(b.x, b.y, cx, -1.12, rng.uniform(0.22, 0.32)),
            "#6ea25e",
            ink=0,
            at=(cx, -1.1),
            radius=0.3,
            relief=0.5,
        )
    _grass(b, rng, "#6d9a52", "#517d42")


def desert(stage: Stage, rng: random.Random) -> None:
    b = stage.layer(0.0)
    b.wash(None, "#ffcf9c", "#fff3d6", -1.0, 0.3)
    sun(b, rng.uniform(-0.6, 0.6), -0.45, 0.24, "#fff6dc", "#ffe6a8")
    b = stage.layer(0.2)
    for cx in places(rng, 4):
        wide, top = rng.uniform(0.18, 0.34), rng.uniform(-0.3, 0.0)
        mesa = sdf.polygon(
            b.x,
            b.y,
            [(cx - wide, top), (cx + wide, top), (cx + 1.35 * wide, 0.5), (cx - 1.35 * wide, 0.5)],
            0.02,
        )
        b.wash(mesa, "#eab08a", "#f6d3a8", -0.3, 0.4)
        for line in (0.08, 0.2):
            b.flat(sdf.both(mesa, (b.y - top - line).abs() - 0.014), "#dc9c7c", 0.7)
    b = stage.layer(0.45)
    b.wash(ridge(b, rng, 0.24, 0.07, 2.0), "#fbdc9c", "#f1c98a", 0.1, 0.6)
    b = stage.layer(0.8)
    for cx in (rng.uniform(-1.5, -0.75), rng.uniform(0.75, 1.5)):
        _cactus(b, cx, 0.52, rng.uniform(0.36, 0.48))
    b.wash(ridge(b, rng, 0.44, 0.05, 1.6), "#ffe6ad", "#f3c987", 0.4, 1.0)
    b = stage.layer(1.3)
    b.wash(ridge(b, rng, 0.98, 0.04, 2.6), "#e7b26f", "#d99d5c", 0.85, 1.05)


def _cactus(b: Brush, cx: float, foot: float, size: float) -> None:
    parts = [sdf.line(b.x, b.y, cx, foot, cx, foot - size, 0.15 * size)]
    for side, low in ((-1, 0.35), (1, 0.5)):
        elbow, y = cx + 0.38 * side * size, foot - low * size
        parts.append(sdf.line(b.x, b.y, cx, y, elbow, y, 0.1 * size))
        parts.append(sdf.line(b.x, b.y, elbow, y, elbow, y - 0.3 * size, 0.1 * size))
    b.fill(
        sdf.union(*parts),
        "#93b27c",
        ink=0,
        at=(cx, foot - 0.5 * size),
        radius=0.4 * size,
        relief=0.6,
    )


def snow(stage: Stage, rng: random.Random) -> None:
    b = stage.layer(0.0)
    b.wash(None, "#a9cdec", "#f6eef2", -1.0, 0.3)
    b = stage.layer(0.15)
    rock = ridge(b, rng, -0.02, 0.24, 2.1, 1.0)
    b.wash(rock, "#e9f1fa", "#a9bfdc", -0.25, 0.3)
    b = stage.layer(0.3)
    rock = ridge(b, rng, 0.14, 0.16, 2.9, 1.0)
    b.wash(rock, "#f7fbff", "#bccfe6", -0.05, 0.4)
    b = stage.layer(0.55)
    for cx in places(rng, 7):
        pine(b, cx, 0.36, rng.uniform(0.26, 0.4), "#6f9aa0", "#f7fbff")
    b.wash(ridge(b, rng, 0.33, 0.04, 2.2), "#fafdff", "#dbe7f4", 0.25, 0.7)
    b = stage.layer(0.9)
    b.wash(ridge(b, rng, 0.5, 0.05, 1.5), "#eef5fc", "#c9dcf0", 0.45, 1.0)
    dots(b, rng, 22, ("#ffffff",), (0.008, 0.014), (-1.9, 0.6, 1.9, 0.95))
    b = stage.layer(1.3)
    b.wash(ridge(b, rng, 0.99, 0.04, 2.8), "#b9d0ea", "#a4c0e0", 0.88, 1.05)


def sea(stage: Stage, rng: random.Random) -> None:
    b = stage.layer(0.0)
    b.wash(None, "#9bdcf4", "#fff2dc", -1.0, 0.2)
    sun(b, rng.uniform(-0.6, 0.6), -0.5, 0.16, "#fffbe6", "#ffefb4")
    b = stage.layer(0.1, drift=rng.choice((-1, 1)) * 0.02)
    for cx in places(rng, 4, 2.0):
        cloud(b, rng, cx, rng.uniform(-0.75, -0.3), rng.uniform(0.2, 0.3), "#ffffff")
    b = stage.layer(0.2)
    cx = rng.uniform(-0.9, 0.9)
    b.flat(sdf.both(sdf.ellipse(b.x, b.y, cx, 0.2, 0.42, 0.2), b.y - 0.2), "#a5cfb4")
    b.wash(0.18 - b.y, "#8fd3de", "#6fbcd6", 0.18, 0.5)
    glints = sdf.both(
        (torch.sin(40 * b.y) * 0.5 - 0.42).abs() - 0.03, (torch.sin(9 * b.x + 30 * b.y)) * 0.2
    )
    b.flat(sdf.both(glints, 0.2 - b.y), "#d9f4f4", 0.5)
    rows = (
        (0.45, 0.32, "#7cc8dc", "#5fb2d0"),
        (0.7, 0.47, "#66b8d6", "#4a9cc6"),
        (0.95, 0.62, "#55a8cf", "#3a86b8"),
    )
    for k, (depth, level, top, bottom) in enumerate((*rows, (1.4, 0.85, "#4696c4", "#2f76aa"))):
        b = stage.layer(depth, bob=(0.05, 0.02, 0.22 + 0.03 * k, rng.random()))
        crest = level + 0.05 * (1 - torch.sin((5.5 - k) * b.x + rng.uniform(0, 6)).abs())
        wave = (crest - b.y) * 0.9
        b.wash(wave, top, bottom, level, level + 0.4)
        b.flat(sdf.both(wave, -wave - 0.022), "#eafaf8", 0.85)


PAINT: dict[str, Callable[[Stage, random.Random], None]] = {
    "meadow": meadow,
    "forest": forest,
    "desert": desert,
    "snow": snow,
    "sea": sea,
    "underwater": backdrops_special.underwater,
    "city": backdrops_special.city,
    "space": backdrops_special.space,
    "sky": backdrops_special.sky,
    "room": backdrops_special.room,
    "volcano": backdrops_special.volcano,
}
