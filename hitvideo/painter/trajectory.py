"""From a plan's coarse numbers to where things are in every frame.

A plan says places in steps of a twentieth of the frame, four times in eight frames: drawn as it is,
a thing would move in jerks. What moves in Toon, or anywhere, moves smoothly for the most part, so a
small network over time reads the exact way off the steps. Knows nothing of pixels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.plan.tracks import at_frames

POSE = 7  # numbers of a thing in a frame, see `Trajectory.forward`
_DILATIONS = (1, 2, 4, 8, 4, 2, 1)
_READ = 8  # numbers that the network reads of a thing in a frame
# How far the logarithm of the scale, the angle, and the logarithms of width and height can be
# corrected: about one step of a plan, and a squash.
_REACH = (0.3, 0.6, 0.5, 0.5)
_STEP = 0.2  # the same of x and y


class Trajectory(nn.Module):
    """Corrects the plan of a whole clip, each thing by itself, by convolutions over time."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.read = nn.Conv1d(_READ, width, 3, padding=1)
        self.mix = nn.ModuleList(
            nn.Conv1d(width, width, 3, padding=d, dilation=d) for d in _DILATIONS
        )
        self.write = nn.Conv1d(width, 2 + len(_REACH), 1)
        nn.init.zeros_(self.write.weight)
        nn.init.zeros_(self.write.bias)  # type: ignore[arg-type]

    def forward(self, plan: Tensor, frames: int) -> Tensor:
        """Poses ``(B, frames, THINGS, POSE)`` of a plan ``(B, t, MOMENTS, THINGS, 5)``.

        Of each thing its facing, x, y, scale and angle, as in `hitvideo.plan`, and how much wider
        and taller it is than its scale says (1: not at all). Zeros where no thing is.
        """
        raw = torch.stack([at_frames(one, frames) for one in plan])
        facing, x, y, scale, angle = raw.unbind(-1)
        size = scale.clamp_min(1e-3).log() * 0.5
        told = torch.stack([facing, x, y, size, angle.cos(), angle.sin(), angle * 0, facing.abs()])
        # How it turns from frame to frame, free of the jump at a whole turn.
        told[6, :, 1:] = torch.sin(angle[:, 1:] - angle[:, :-1])
        h = self.read(told.permute(1, 3, 0, 2).flatten(0, 1))
        for layer in self.mix:
            h = h + layer(F.silu(h))
        shift = torch.tanh(self.write(F.silu(h))).unflatten(0, (len(plan), -1))
        one = torch.ones_like(facing)
        poses = torch.stack([facing, x, y, scale, angle, one, one], -1)
        return corrected(poses, shift.permute(0, 3, 1, 2), poses.new_tensor([_STEP, _STEP]))


def corrected(poses: Tensor, shift: Tensor, reach: Tensor) -> Tensor:
    """Poses moved, sized, turned and squashed by shifts in [-1, 1] ``(..., 6)``; zeros stay zeros.

    reach: how far x and y are moved at most ``(..., 2)``.
    """
    facing, x, y, scale, angle, wide, tall = poses.unbind(-1)
    dx, dy = (shift[..., :2] * reach).unbind(-1)
    grow, turn, wider, taller = (shift[..., 2:] * shift.new_tensor(_REACH)).unbind(-1)
    numbers = [x + dx, y + dy, scale * grow.exp(), angle + turn]
    squash = [wide * wider.exp(), tall * taller.exp()]
    moved = torch.stack([facing, *numbers, *squash], -1)
    return moved * facing.abs().unsqueeze(-1)


def pose_error(pose: Tensor, true: Tensor) -> Tensor:
    """Mean squared error of poses ``(..., POSE)``, about in halves of the frame, over all things.

    Angles count by their sines and cosines, at the rim of the thing; sizes by their extent.
    """
    there = (true[..., 0] != 0) & (pose[..., 0] != 0)
    _, x, y, scale, angle, wide, tall = pose.unbind(-1)
    _, true_x, true_y, true_scale, true_angle, true_wide, true_tall = true.unbind(-1)
    # A thing that comes in again on the other side is at both places for a moment.
    jump = ((x - true_x).abs() > 0.5) | ((y - true_y).abs() > 0.5)
    turn = 2 - 2 * torch.cos(angle - true_angle)
    parts = [
        (x - true_x).square(),
        (y - true_y).square(),
        (scale * wide - true_scale * true_wide).square(),
        (scale * tall - true_scale * true_tall).square(),
        true_scale.square() * turn,
    ]
    error = torch.stack(parts).sum(0) * (there & ~jump)
    return error.sum() / there.sum().clamp_min(1)
