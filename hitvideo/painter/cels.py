"""Paints things: each on a sheet of its own, from its name, its pose and the blur that it is.

As in cel animation a thing is inked and painted apart from the backdrop, then laid over it. The
network sees the coarse video as the thing sees itself (`geometry`), so a part of a shape is always
at the same place of a map. Knows nothing of frames, plans or words.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.painter.config import PainterConfig
from hitvideo.painter.trajectory import POSE
from hitvideo.tokenizer.config import GROUP

SHEET = 96  # pixels a side
VIEW = 32  # the coarse video on the sheet, and the finest map
_RATIO = SHEET // VIEW
CLOCK = 16  # numbers that tell the time, see `clock`
_STATE = 10


def clock(seconds: Tensor) -> Tensor:
    """Sines and cosines ``(..., CLOCK)`` of a thing's own time: where wings and flames are."""
    angles = seconds.unsqueeze(-1) * torch.arange(1, CLOCK // 2 + 1, device=seconds.device)
    return torch.cat([angles.sin(), angles.cos()], -1)


class Styled(nn.Module):
    """A residual 3x3 whose input a style scales and shifts, channel by channel (FiLM)."""

    def __init__(self, width: int, style: int) -> None:
        super().__init__()
        self.film = nn.Linear(style, 2 * width)
        self.spatial = nn.Conv2d(width, width, 3, padding=1)
        self.gain = nn.Parameter(torch.full((width, 1, 1), 0.3))

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        scale, shift = self.film(style)[..., None, None].chunk(2, 1)
        return x + self.gain * self.spatial(F.silu(x * (1 + scale) + shift))


class Mix(nn.Module):
    """Adds what the frames before and after say; within the group, and the frame before it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(2 * width, width, 1)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, last: Tensor | None = None) -> Tensor:
        """x: maps of whole groups ``(B * GROUP, C, h, w)``; last: of the frame before each group
        ``(B, C, h, w)``, or None where there is none."""
        frames = x.unflatten(0, (-1, GROUP))
        first = frames[:, :1] if last is None else last.unsqueeze(1)
        before = torch.cat([first, frames[:, :-1]], 1)
        after = torch.cat([frames[:, 1:], frames[:, -1:]], 1)
        return x + self.mix(torch.cat([before, after], 2).flatten(0, 1))


class Style(nn.Module):
    """What a thing is, how it stands and what its clock says, as the numbers that bend a network.

    Light falls from where it falls in the frame, so it matters how a thing is turned and mirrored.
    """

    def __init__(self, config: PainterConfig) -> None:
        super().__init__()
        self.name = nn.Linear(config.name_width, config.style)
        self.pose = nn.Linear(_STATE, config.style)
        self.time = nn.Linear(CLOCK, config.style)
        self.join = nn.Linear(config.style, config.style)

    def forward(self, names: Tensor, poses: Tensor, time: Tensor) -> Tensor:
        """Styles ``(N * GROUP, style)``.

        names: of N things ``(N, name_width)``. poses: ``(N, GROUP, POSE)``. time: what their clocks
        say ``(N, GROUP, CLOCK)``; zeros where nothing is known.
        """
        told = self.pose(_state(poses)) + self.name(names).unsqueeze(1) + self.time(time)
        return F.silu(self.join(F.silu(told))).flatten(0, 1)


class Cels(nn.Module):
    def __init__(self, config: PainterConfig) -> None:
        super().__init__()
        style = config.style
        low, middle, high = config.cel_widths
        self.shape = nn.Linear(style, low * 8 * 8)  # what a thing of that name looks like
        self.view = nn.Conv2d(3, middle, 4, stride=2, padding=1)
        self.place = nn.Parameter(torch.randn(middle, 16, 16) * 0.3)
        self.look = Styled(middle, style)
        self.down = nn.Conv2d(middle, low, 2, stride=2)
        self.think = nn.ModuleList(Styled(low, style) for _ in range(3))
        self.mix = Mix(low)
        self.up = nn.Conv2d(low, 4 * middle, 1)
        self.draw = nn.ModuleList(Styled(middle, style) for _ in range(2))
        self.finer = nn.Conv2d(middle, 4 * high, 1)
        self.see = nn.Conv2d(3, high, 3, padding=1)
        self.fine_place = nn.Parameter(torch.randn(high, VIEW, VIEW) * 0.3)
        self.ink = nn.ModuleList(Styled(high, style) for _ in range(2))
        self.paint = nn.Conv2d(high, 4 * _RATIO**2, 3, padding=1)

    def forward(self, view: Tensor, style: Tensor) -> Tensor:
        """Sheets ``(N, 4, SHEET, SHEET)``: colours in [-1, 1] times opacity, and opacity.

        view: the coarse video as the things see it ``(N, 3, VIEW, VIEW)``, whole groups of frames.
        style: ``(N, style)``.
        """
        x = self.look(self.view(view) + self.place, style)
        low = self.down(x) + self.shape(style).view(len(view), -1, 8, 8)
        for block in self.think[:2]:
            low = block(low, style)
        low = self.think[2](self.mix(low), style)
        x = x + F.pixel_shuffle(self.up(F.silu(low)), 2)
        for block in self.draw:
            x = block(x, style)
        x = F.pixel_shuffle(self.finer(F.silu(x)), 2) + self.see(view) + self.fine_place
        for block in self.ink:
            x = block(x, style)
        sheet = F.pixel_shuffle(self.paint(F.silu(x)), _RATIO)
        opacity = torch.sigmoid(sheet[:, 3:] - 2)
        return torch.cat([sheet[:, :3].clamp(-1.1, 1.1) * opacity, opacity], 1)


def _state(poses: Tensor) -> Tensor:
    """What the network is told of a pose ``(..., _STATE)``, numbers of about one.

    Light falls from where it falls in the frame, so it matters how a thing is turned and mirrored.
    """
    facing, x, y, scale, angle, wide, tall = poses.unbind(-1)
    cos, sin = angle.cos(), angle.sin()
    size = scale.clamp_min(1e-3).log() + 1
    parts = [facing, x, y, size, cos, sin, cos * facing, sin * facing]
    return torch.stack([*parts, wide - tall, facing.abs()], -1)


assert POSE == 7  # `_state` reads all of them
