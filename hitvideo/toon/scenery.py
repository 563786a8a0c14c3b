"""Things that several backdrops are made of: ridges, clouds, trees, stars.

Knows nothing of which backdrop uses them. Each paints onto a layer's brush; ``rng`` decides the
details.
"""

import math
import random

import torch
from torch import Tensor

from hitvideo.toon import sdf
from hitvideo.toon.brush import Brush, Paint, mix


def ridge(
    b: Brush, rng: random.Random, level: float, height: float, pitch: float, sharp: float = 0.0
) -> Tensor:
    """Distance to land below a skyline around y = ``level``; ``sharp`` 0: hills, 1: peaks."""
    line = torch.zeros_like(b.x)
    for octave in (1.0, 2.3, 4.9):
        wave = torch.sin(pitch * octave * b.x + rng.uniform(0, 2 * math.pi))
        peak = 1 - 2 * torch.asin(wave * 0.999).abs() / (math.pi / 2)
        line = line + (wave + sharp * (peak - wave)) * height / octave
    return (level + line - b.y) * 0.85


def places(rng: random.Random, count: int, reach: float = 1.7) -> list[float]:
    """``count`` places along x, one in each equal stretch, so they neither clump nor line up."""
    step = 2 * reach / count
    return [-reach + step * (k + rng.uniform(0.15, 0.85)) for k in range(count)]


def cloud(
    b: Brush,
    rng: random.Random,
    cx: float,
    cy: float,
    size: float,
    paint: Paint,
    opacity: float = 0.95,
) -> None:
    puffs = [sdf.ellipse(b.x, b.y, cx, cy, size, 0.34 * size)]
    for k in range(4):
        px = cx + size * (-0.6 + 0.4 * k + rng.uniform(-0.08, 0.08))
        radius = size * rng.uniform(0.26, 0.4) * (1.25 if k in (1, 2) else 0.85)
        puffs.append(sdf.circle(b.x, b.y, px, cy - 0.16 * size, radius))
    shape = sdf.both(sdf.union(*puffs), b.y - cy - 0.16 * size)
    share = b.cover(shape, 0.012) * opacity
    way = ((b.y - cy + 0.5 * size) / (0.7 * size)).clamp(0, 1)
    low = mix(paint, "#8fa4cc", 0.28)
    top = mix(paint, "#ffffff", 0.35)
    b.paint(share, [top[i] + (low[i] - top[i]) * way for i in range(3)])


def sun(b: Brush, cx: float, cy: float, size: float, paint: Paint, halo: Paint) -> None:
    disc = sdf.circle(b.x, b.y, cx, cy, size)
    b.glow(disc, halo, 3.2 * size, 0.55)
    b.glow(disc, halo, 1.1 * size, 0.5)
    b.flat(disc, paint, 1.0, 0.01)


def pine(
    b: Brush, cx: float, foot: float, size: float, paint: Paint, snow: Paint | None = None
) -> None:
    b.flat(
        sdf.box(b.x, b.y, cx, foot - 0.08 * size, 0.06 * size, 0.12 * size),
        mix(paint, "#3a2418", 0.6),
    )
    for k, (low, wide) in enumerate(((0.1, 0.42), (0.4, 0.34), (0.68, 0.25))):
        base = foot - size * (low + 0.04)
        tier = sdf.polygon(
            b.x,
            b.y,
            [(cx, base - 0.55 * size), (cx + wide * size, base), (cx - wide * size, base)],
            0.015,
        )
        b.fill(
            tier,
            mix(paint, "#ffffff", 0.05 * k),
            ink=0,
            at=(cx, base - 0.2 * size),
            radius=0.4 * size,
            relief=0.5,
        )
        if snow:
            b.flat(
                sdf.both(
                    tier,
                    b.y - base + 0.34 * size + 0.1 * size * torch.sin(22 / size * (b.x - cx)).abs(),
                ),
                snow,
            )


def tree(
    b: Brush, rng: random.Random, cx: float, foot: float, size: float, paint: Paint, trunk: Paint
) -> None:
    b.flat(sdf.box(b.x, b.y, cx, foot - 0.25 * size, 0.07 * size, 0.3 * size), trunk)
    crown = [sdf.circle(b.x, b.y, cx, foot - 0.8 * size, 0.34 * size)]
    for side in (-1, 1):
        crown.append(
            sdf.circle(
                b.x, b.y, cx + side * 0.24 * size, foot - rng.uniform(0.56, 0.7) * size, 0.25 * size
            )
        )
    b.fill(
        sdf.union(*crown), paint, ink=0, at=(cx, foot - 0.7 * size), radius=0.45 * size, relief=0.6
    )


def dots(
    b: Brush,
    rng: random.Random,
    count: int,
    paints: tuple[Paint, ...],
    sizes: tuple[float, float],
    box: tuple[float, float, float, float],
    glow: float = 0.0,
) -> None:
    """Round specks scattered over ``box`` (left, top, right, bottom)."""
    left, top, right, bottom = box
    for _ in range(count):
        cx, cy = rng.uniform(left, right), rng.uniform(top, bottom)
        radius = rng.uniform(*sizes)
        paint = rng.choice(paints)
        _speck(b, cx, cy, radius, paint, glow)


def _speck(b: Brush, cx: float, cy: float, radius: float, paint: Paint, glow: float) -> None:
    # Only the few pixels around it: a sky holds a hundred of these.
    assert isinstance(b.pixel, float)
    reach = radius + 2 * b.pixel + glow
    x0, y0 = float(b.x[0, 0, 0]), float(b.y[0, 0, 0])
    left, right = (int((cx + s * reach - x0) / b.pixel) + (s > 0) for s in (-1, 1))
    top, bottom = (int((cy + s * reach - y0) / b.pixel) + (s > 0) for s in (-1, 1))
    part = (slice(None), slice(max(top, 0), max(bottom, 0)), slice(max(left, 0), max(right, 0)))
    piece = b.window(part)
    disc = sdf.circle(piece.x, piece.y, cx, cy, radius)
    if glow:
        piece.glow(disc, paint, glow, 0.4)
    piece.flat(disc, paint)


def blot(
    b: Brush, cx: float, cy: float, rx: float, ry: float, paint: Paint, opacity: float
) -> None:
    """A soft patch of colour."""
    near = sdf.length((b.x - cx) / rx, (b.y - cy) / ry)
    b.paint(opacity * torch.exp(-2.2 * near * near), paint)
