"""How every position of the sequence lies to the things of a plan.

Seen from a thing, turned and sized as it is, a place always shows the same part of it, wherever it
goes: what a network would have to work out of coordinates is given to it. Knows nothing of tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hitvideo.plan.tracks import MOMENTS, THINGS

BUMPS = 5  # per axis
_THING, _FRAME = 0.8, 0.45  # their distance in sizes of the thing, and in halves of the frame
_STATE = 6

RELATIONS = MOMENTS * THINGS * (2 * BUMPS**2 + _STATE)


def relations(plan: Tensor, places: Tensor, height: int, width: int) -> Tensor:
    """Features ``(B, N, RELATIONS)`` of N places, zero where no thing is known.

    plan: ``(B, t, MOMENTS, THINGS, 5)``, see `hitvideo.plan`. places: ``(N, 3)``, the group of
    frames, y and x in pixels. height, width: of the frame in pixels.

    Of every thing at every moment: on a grid of overlapping bumps, where the place lies as the
    thing sees it, and where as the frame sees it, if it is not far; that there is such a thing; and
    near it, how it is.
    """
    side = min(height, width) / 2
    frame, y, x = places.to(plan.device).unbind(-1)
    there = plan[:, frame.long()]
    facing, thing_x, thing_y, scale, angle = there.unbind(-1)
    dx = (x - width / 2)[:, None, None] / side - thing_x * (width / 2 / side)
    dy = (y - height / 2)[:, None, None] / side - thing_y * (height / 2 / side)
    cos, sin, size = angle.cos(), angle.sin(), scale.clamp_min(1e-3)
    own_x, own_y = (cos * dx + sin * dy) * facing / size, (cos * dy - sin * dx) / size
    known = facing.abs()
    near = known * (-(dx.square() + dy.square()) / (2 * (size + 0.25).square())).exp()
    # Scales lie around 0.35; all numbers here are about as large as a bump.
    state = torch.stack([known, near, near * scale * 3, near * cos, near * sin, near * facing], -1)
    parts = [_bumps(own_x, own_y, _THING), _bumps(dx, dy, _FRAME)]
    features = torch.cat([*(part * known.unsqueeze(-1) for part in parts), state], -1)
    return features.flatten(2)


def _bumps(x: Tensor, y: Tensor, distance: float) -> Tensor:
    """Gaussian bumps ``(..., BUMPS**2)`` on a grid about the origin."""
    centres = (torch.arange(BUMPS, device=x.device) - BUMPS // 2) * distance
    across, down = (
        (-(v.unsqueeze(-1) - centres).square() / (2 * (0.75 * distance) ** 2)).exp() for v in (x, y)
    )
    return (down.unsqueeze(-1) * across.unsqueeze(-2)).flatten(-2)
