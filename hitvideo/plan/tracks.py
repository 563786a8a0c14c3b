"""Plans as numbers: their moments, parts of them, and where things are at every frame."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from hitvideo.tokenizer.config import GROUP

MOMENTS = 4
THINGS = 2


def moments(frames: int, fps: float) -> Tensor:
    """The seconds that the moments of a clip's groups stand for ``(t * MOMENTS,)``.

    Each is the middle of its share of a group; the last group may reach beyond the clip.
    """
    each = GROUP / MOMENTS
    count = -(-frames // GROUP) * MOMENTS
    return ((torch.arange(count) + 0.5) * each - 0.5) / fps


def unknown(frames: int) -> Tensor:
    """The plan of a clip of which nothing is known: zeros."""
    return torch.zeros(-(-frames // GROUP), MOMENTS, THINGS, 5)


def mirror_plan(plan: Tensor) -> Tensor:
    """The plan when left and right change places."""
    return plan * plan.new_tensor([-1, -1, 1, 1, -1])


def groups_from(plans: Tensor, starts: Sequence[int], count: int) -> Tensor:
    """Of each of n plans, or their codes, ``count`` groups ``(n, count, ...)``.

    starts: which group each begins with.
    """
    there = torch.tensor(starts)[:, None] + torch.arange(count)
    return plans[torch.arange(len(plans))[:, None], there]


def at_frames(plan: Tensor, frames: int) -> Tensor:
    """A plan ``(t, MOMENTS, THINGS, 5)`` at the middle of every frame ``(frames, THINGS, 5)``.

    Numbers go evenly from one moment to the next, but for what jumps to the frame's other side.
    """
    each = plan.flatten(0, 1)
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
