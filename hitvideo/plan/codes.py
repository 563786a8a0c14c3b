"""Plans as codes, which a planner writes, and back."""

from __future__ import annotations

import math

import torch
from torch import Tensor

STEPS = (3, 32, 32, 16, 16)  # values of facing, x, y, scale and angle

_REACH = 1.5  # x and y are told up to here: what has just left the frame may come back
_SMALLEST, _LARGEST = 0.08, 0.72


def to_codes(plan: Tensor) -> Tensor:
    """Codes ``(..., t, MOMENTS, THINGS)`` int64, digits as in ``STEPS``, the first one least."""
    facing, x, y, scale, angle = plan.float().unbind(-1)
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
    """The plan that codes stand for; of codes without a thing, whatever else they say, zeros."""
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
