"""Weather and other small things in the air: rain, snowflakes, fog, leaves, bubbles, embers.

Knows nothing of backdrops' drawings or actors. Particles are stamped: for each, only the few pixels
around it are computed, for all frames at once.
"""

import math
import random

import torch
from torch import Tensor

from hitvideo.toon import sdf
from hitvideo.toon.brush import Paint, colour
from hitvideo.toon.stage import Stage

# Rain and leaves fall in front of the actors too, but only a few of them.
_COUNTS = {
    "rain": (70, 26),
    "snow": (60, 22),
    "leaves": (14, 5),
    "bubbles": (16, 4),
    "embers": (22, 6),
}
_LEAF_PAINTS = ("#e8a23c", "#d9703a", "#c9b04a")


def fog(stage: Stage, rng: random.Random) -> None:
    """Add banks of mist to the stage: pale veils, thicker towards the ground."""
    tone = "#b8b4d4" if stage.dark else "#f4f6fa"
    for depth, strength in ((0.5, 0.62), (0.99, 0.5), (1.6, 0.2)):
        b = stage.layer(depth, drift=0.05 * rng.choice((-1, 1)))
        veil = torch.zeros_like(b.x)
        for octave in (1.0, 1.9, 3.7):
            phase = rng.uniform(0, 6)
            bend = torch.sin(2.6 * octave * b.y + 2 * phase)
            veil = veil + torch.sin(1.7 * octave * b.x + bend + phase) / octave
        low = ((b.y + 1.1) / 1.7).clamp(0.25, 1)
        b.paint(strength * low * (0.72 + 0.2 * veil).clamp(0, 1), tone)


def fall(
    kind: str, stage: Stage, frames: Tensor, times: Tensor, rng: random.Random, *, front: bool
) -> None:
    """Stamp this kind of particle over ``frames`` (3, T, H, W), in place."""
    count = max(1, int(_COUNTS[kind][front] * stage.half_w * stage.half_h))
    draw = [[rng.random() for _ in range(count)] for _ in range(5)]
    u, v, near, phase, pick = torch.tensor(draw, device=frames.device)[:, None, :]
    t = times[:, None]
    size = (1.35 if front else 1.0) * (0.6 + 0.6 * near)
    wave = torch.sin(2 * math.pi * (0.35 * t + phase))
    if kind == "rain":
        x, y, rx, ry = u * 2.4 - 1.2 - 0.28 * t, 2.9 * t * (0.8 + 0.3 * near), 0.007, 0.085
        groups: tuple[Paint, ...] = ("#dbe9fa",)
        opacity = 0.6
    elif kind == "snow":
        x, y, rx, ry = u * 2.4 - 1.2 + 0.07 * wave, 0.42 * t * (0.6 + 0.6 * near), 0.024, 0.024
        groups, opacity = ("#ffffff",), 0.95
    elif kind == "leaves":
        x, y, rx, ry = (
            u * 2.4 - 1.2 + 0.16 * wave + 0.1 * t,
            0.36 * t * (0.7 + 0.5 * near),
            0.05,
            0.026,
        )
        groups, opacity = _LEAF_PAINTS, 1.0
    elif kind == "bubbles":
        x, y, rx, ry = u * 2.4 - 1.2 + 0.03 * wave, -0.3 * t * (0.6 + 0.6 * near), 0.034, 0.034
        groups, opacity = ("#e8fffb",), 0.8
    else:
        x, y, rx, ry = u * 2.4 - 1.2 + 0.08 * wave, -0.34 * t * (0.5 + 0.7 * near), 0.014, 0.014
        groups, opacity = ("#ffc46a",), 0.9
    x = (torch.remainder(x + 1.2, 2.4) - 1.2) * stage.half_w + 0 * t
    y = (torch.remainder(y + 2.4 * v, 2.4) - 1.2) * stage.half_h
    turn = 2.2 * t + 6 * phase if kind == "leaves" else torch.full_like(x, 0.1 * (kind == "rain"))
    for k, paint in enumerate(groups):
        chosen = (pick * len(groups)).long()[0] == k
        if bool(chosen.any()):
            share = _stamp(
                stage,
                x[:, chosen],
                y[:, chosen],
                turn[:, chosen],
                size[:, chosen] * rx,
                size[:, chosen] * ry,
                hollow=kind == "bubbles",
            )
            share = share * opacity
            for surface, value in zip(frames, colour(paint), strict=True):
                surface.mul_(1 - share).add_(share, alpha=value)


def _stamp(
    stage: Stage, x: Tensor, y: Tensor, turn: Tensor, rx: Tensor, ry: Tensor, *, hollow: bool
) -> Tensor:
    """Coverage (T, H, W) of ellipses at x, y, turned by ``turn`` (T, N), with half axes (1, N)."""
    steps = x.shape[0]
    pixel, height, width = stage.pixel, stage.height, stage.width
    reach = int(float(torch.maximum(rx, ry).max()) / pixel) + 2
    column, row = ((x + stage.half_w) / pixel).floor(), ((y + stage.half_h) / pixel).floor()
    around = torch.arange(-reach, reach + 1, device=x.device)
    columns = (column.long()[..., None, None] + around).expand(-1, -1, 2 * reach + 1, -1)
    rows = (row.long()[..., None, None] + around[:, None]).expand(-1, -1, -1, 2 * reach + 1)
    dx = (columns + 0.5) * pixel - stage.half_w - x[..., None, None]
    dy = (rows + 0.5) * pixel - stage.half_h - y[..., None, None]
    u, v = sdf.turned(dx, dy, 0, 0, turn[..., None, None])
    # Thinner than a pixel: drawn a pixel wide, and fainter.
    fine_x, fine_y = rx.clamp(min=0.5 * pixel), ry.clamp(min=0.5 * pixel)
    faint = (rx / fine_x) * (ry / fine_y)
    distance = sdf.ellipse(u, v, 0, 0, fine_x[..., None, None], fine_y[..., None, None])
    share = (0.5 - distance / pixel).clamp(0, 1) * faint[..., None, None]
    if hollow:
        inner = sdf.length(dx, dy) / fine_x[..., None, None]
        share = share * (0.25 + 0.75 * inner.clamp(0, 1) ** 3)
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    share = torch.where(inside, share, 0)
    place = rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)
    sheet = torch.zeros(steps, height * width, device=x.device)
    sheet.scatter_add_(1, place.reshape(steps, -1), share.reshape(steps, -1))
    return sheet.clamp_(max=1).view(steps, height, width)
