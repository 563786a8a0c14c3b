"""Puts a thing where the coarse video shows it: a plan says places in steps of three pixels.

Reads the blur of the thing, as seen on its sheet, for how far the sheet is off. Knows nothing of
plans or of how things are painted.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.painter.cels import Mix, Styled
from hitvideo.painter.trajectory import corrected

SEEN = 24  # the coarse video on the sheet
ROOM = 1.25  # how much more than a sheet is seen, since the thing may stick out of it
_WIDTH = 48


class Align(nn.Module):
    """style: numbers that say what the thing is and how it was thought to be."""

    def __init__(self, style: int) -> None:
        super().__init__()
        self.view = nn.Conv2d(3, _WIDTH, 4, stride=2, padding=1)
        self.place = nn.Parameter(torch.randn(_WIDTH, SEEN // 2, SEEN // 2) * 0.3)
        self.look = Styled(_WIDTH, style)
        self.down = nn.Conv2d(_WIDTH, 2 * _WIDTH, 2, stride=2)
        self.mix = Mix(2 * _WIDTH)
        self.think = Styled(2 * _WIDTH, style)
        self.gather = nn.Linear(2 * _WIDTH * (SEEN // 4) ** 2, 128)
        self.write = nn.Linear(128 + style, 6)
        nn.init.zeros_(self.write.weight)
        nn.init.zeros_(self.write.bias)

    def forward(self, view: Tensor, style: Tensor, poses: Tensor) -> Tensor:
        """Better poses ``(N, GROUP, POSE)``.

        view: ``(N * GROUP, 3, SEEN, SEEN)``, ROOM times as far as a sheet. style: ``(N * GROUP,
        style)``.
        """
        x = self.look(self.view(view) + self.place, style)
        x = self.think(self.mix(self.down(F.silu(x))), style)
        told = torch.cat([self.gather(F.silu(x).flatten(1)), style], 1)
        shift = torch.tanh(self.write(F.silu(told)).unflatten(0, poses.shape[:2]))
        return corrected(poses, shift, poses[..., 3:4].expand(*shift.shape[:-1], 2))
