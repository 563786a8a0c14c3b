"""Layouts: where the things of a clip are, moment by moment, as a few numbers.

What renders a scene knows them, a planner writes them from a caption, and the generator is told
them: a small plan of what moves where, before any token of it is written. Knows nothing of words,
tokens of video or pixels.

A layout is a float tensor ``(..., t, MOMENTS, THINGS, 5)``: for every latent frame of level 1 a few
moments, for every moment the things in the order of importance, for every thing

- facing: +1 right, -1 left, 0 where there is no such thing (then all else is 0, too);
- x, y: its centre as a share of the frame's half width and height, -1 to 1 within the frame;
- scale: half its extent, in halves of the frame's shorter side;
- angle: radians, clockwise on the screen.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

MOMENTS = 4
THINGS = 2
STEPS = (3, 32, 32, 16, 16)  # values of facing, x, y, scale and angle

_REACH = 1.5  # x and y are told up to here: what has just left the frame may come back
_SMALLEST, _LARGEST = 0.08, 0.72


def moments(frames: int, fps: float) -> Tensor:
    """The seconds that the moments of a clip's latent frames stand for ``(t * MOMENTS,)``.

    Each is the middle of its share of 8 frames; the last latent frame may reach beyond the clip.
    """
    each = 8 / MOMENTS
    count = -(-frames // 8) * MOMENTS
    return ((torch.arange(count) + 0.5) * each - 0.5) / fps


def unknown(frames: int) -> Tensor:
    """The layout of a clip of which nothing is known: zeros."""
    return torch.zeros(-(-frames // 8), MOMENTS, THINGS, 5)


def mirror_layout(layout: Tensor) -> Tensor:
    """The layout when left and right change places."""
    return layout * layout.new_tensor([-1, -1, 1, 1, -1])


def at_frames(layout: Tensor, frames: int) -> Tensor:
    """A layout ``(t, MOMENTS, THINGS, 5)`` at the middle of every frame ``(frames, THINGS, 5)``.

    Numbers go evenly from one moment to the next, but for what jumps to the frame's other side.
    """
    each = layout.flatten(0, 1)
    share = (torch.arange(frames) + 0.5) / 8 * MOMENTS - 0.5
    share = share.clamp(0, len(each) - 1)
    before = share.floor().long()
    after = (before + 1).clamp_max(len(each) - 1)
    way = (share - before).view(-1, 1, 1)
    first, second = each[before], each[after]
    step = second - first
    turn = torch.remainder(step[..., 4:] + math.pi, 2 * math.pi) - math.pi
    step = torch.cat([step[..., :4], turn], -1)
    jumps = (step[..., 1:3].abs() > 1).any(-1, keepdim=True) | (step[..., :1] != 0)
    return torch.where(jumps, torch.where(way < 0.5, first, second), first + way * step)


def to_codes(layout: Tensor) -> Tensor:
    """Codes ``(..., t, MOMENTS, THINGS)`` int64, digits as in ``STEPS``, the first one least."""
    facing, x, y, scale, angle = layout.float().unbind(-1)
    there = facing != 0
    place = [((v / _REACH + 1) / 2 * 31).round().clamp(0, 31) for v in (x, y)]
    size = (scale.clamp_min(1e-3) / _SMALLEST).log() / math.log(_LARGEST / _SMALLEST) * 15
    turn = (angle / (2 * math.pi) * 16).round() % 16
    digits = [facing.round() % 3, *place, size.round().clamp(0, 15), turn]
    code, base = torch.zeros_like(facing, dtype=torch.long), 1
    for digit, steps in zip(digits, STEPS, strict=True):
        code = code + digit.long() * base
        base *= steps
    return torch.where(there, code, 0)


def from_codes(codes: Tensor) -> Tensor:
    """The layout that codes stand for; of codes without a thing, whatever else they say, zeros."""
    digits = []
    for steps in STEPS:
        digits.append((codes % steps).float())
        codes = codes // steps
    facing, x, y, size, turn = digits
    facing = torch.where(facing == 2, -1.0, facing)
    place = [(v / 31 * 2 - 1) * _REACH for v in (x, y)]
    scale = _SMALLEST * (_LARGEST / _SMALLEST) ** (size / 15)
    angle = turn * (2 * math.pi / 16)
    there = (facing != 0).unsqueeze(-1)
    return torch.stack([facing, *place, scale, angle], -1) * there
