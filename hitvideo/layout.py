"""Layouts: where the things of a clip are, moment by moment, as a few numbers.

What renders a scene knows them, a planner writes them from a caption, and the generator is told
them: a small plan of what moves where, before any token of it is written. Knows nothing of words,
tokens of video or pixels.

A layout is a float tensor ``(..., t, MOMENTS, THINGS, 5)``: for every group of 8 frames a few
moments, for every moment the things in the order of importance, for every thing

- facing: +1 right, -1 left, 0 where there is no such thing (then all else is 0, too);
- x, y: its centre as a share of the frame's half width and height, -1 to 1 within the frame;
- scale: half its extent, in halves of the frame's shorter side;
- angle: radians, clockwise on the screen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from hitvideo.tokenizer.config import GROUP

MOMENTS = 4
THINGS = 2
STEPS = (3, 32, 32, 16, 16)  # values of facing, x, y, scale and angle

_REACH = 1.5  # x and y are told up to here: what has just left the frame may come back
_SMALLEST, _LARGEST = 0.08, 0.72


def moments(frames: int, fps: float) -> Tensor:
    """The seconds that the moments of a clip's groups stand for ``(t * MOMENTS,)``.

    Each is the middle of its share of a group; the last group may reach beyond the clip.
    """
    each = GROUP / MOMENTS
    count = -(-frames // GROUP) * MOMENTS
    return ((torch.arange(count) + 0.5) * each - 0.5) / fps


def unknown(frames: int) -> Tensor:
    """The layout of a clip of which nothing is known: zeros."""
    return torch.zeros(-(-frames // GROUP), MOMENTS, THINGS, 5)


def mirror_layout(layout: Tensor) -> Tensor:
    """The layout when left and right change places."""
    return layout * layout.new_tensor([-1, -1, 1, 1, -1])


def groups_from(layouts: Tensor, starts: Sequence[int], count: int) -> Tensor:
    """Of each of n layouts, or their codes, ``count`` groups ``(n, count, ...)``.

    starts: which group each begins with.
    """
    there = torch.tensor(starts)[:, None] + torch.arange(count)
    return layouts[torch.arange(len(layouts))[:, None], there]


def at_frames(layout: Tensor, frames: int) -> Tensor:
    """A layout ``(t, MOMENTS, THINGS, 5)`` at the middle of every frame ``(frames, THINGS, 5)``.

    Numbers go evenly from one moment to the next, but for what jumps to the frame's other side.
    """
    each = layout.flatten(0, 1)
    share = (torch.arange(frames) + 0.5) / GROUP * MOMENTS - 0.5
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
    senses, columns, rows, sizes, turns = STEPS
    share = (scale.clamp_min(1e-3) / _SMALLEST).log() / math.log(_LARGEST / _SMALLEST)
    numbers = [
        facing % senses,
        ((x / _REACH + 1) / 2 * (columns - 1)).clamp(0, columns - 1),
        ((y / _REACH + 1) / 2 * (rows - 1)).clamp(0, rows - 1),
        (share * (sizes - 1)).clamp(0, sizes - 1),
        angle / (2 * math.pi) * turns,
    ]
    digits = [n.round() % steps for n, steps in zip(numbers, STEPS, strict=True)]
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
    _, columns, rows, sizes, turns = STEPS
    facing = torch.where(facing == 2, -1.0, facing)
    x, y = (x / (columns - 1) * 2 - 1) * _REACH, (y / (rows - 1) * 2 - 1) * _REACH
    scale = _SMALLEST * (_LARGEST / _SMALLEST) ** (size / (sizes - 1))
    angle = turn * (2 * math.pi / turns)
    there = (facing != 0).unsqueeze(-1)
    return torch.stack([facing, x, y, scale, angle], -1) * there
