"""Convolutions, residual blocks on maps, and blocks that see a frame's neighbours in time.

Maps are ``(N, C, h, w)``; time inside a group lies in the batch here, or in the channels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.tokenizer.config import GROUP
from hitvideo.tokenizer.layers import conv, started


def linear(inputs: int, outputs: int) -> nn.Conv2d:
    """A 1x1 layer of the linear path, which is never worked out in low precision: what finer levels
    code is the small difference of large numbers."""
    return started(_Exact(inputs, outputs, 1))


class _Exact(nn.Conv2d):
    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float())


class Block(nn.Module):
    """1x1 to half the width, 3x3, 1x1 back, added to the input; the last layer starts at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.narrow = conv(width, width // 2)
        self.spatial = conv(width // 2, width // 2, 3)
        self.mix = conv(width // 2, width, zero=True)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.mix(F.silu(self.spatial(F.silu(self.narrow(x)))))


class FrameBlock(nn.Module):
    """3x3, SiLU, 1x1, added to the input, on frames.

    An eighth of what it reads is the frame before, an eighth the one after (the temporal shift of
    arXiv 1811.08383). After a group's last frame there is nothing, so groups are worked out one
    after the other.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.shift = width // 8
        self.spatial = conv(width, width, 3)
        self.mix = conv(width, width, zero=True)

    def forward(self, x: Tensor, past: Tensor | None = None) -> Tensor:
        """Frames ``(B, T, C, h, w)``, T a multiple of GROUP.

        past: what ``keep`` gave for the frames before (None: there are none).
        """
        frames, n = x.shape[1], self.shift
        first = torch.zeros_like(x[:, :1, :n]) if past is None else past
        before = torch.cat([first, x[:, :-1, :n]], 1)
        after = torch.zeros_like(x[:, :, n : 2 * n])
        after[:, :-1] = x[:, 1:, n : 2 * n]
        after[:, GROUP - 1 :: GROUP] = 0
        seen = torch.cat([before, after, x[:, :, 2 * n :]], 2).flatten(0, 1)
        return x + self.mix(F.silu(self.spatial(seen))).unflatten(0, (-1, frames))

    def keep(self, x: Tensor) -> Tensor:
        """Of the frames that it saw, what it will need of them for the next."""
        return x[:, -1:, : self.shift]


def blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Block(width) for _ in range(count)))


class Down(nn.Module):
    """A map of half the size (or ``ratio``), every position from the square it covers."""

    def __init__(self, inputs: int, outputs: int, ratio: int = 2) -> None:
        super().__init__()
        self.ratio = ratio
        self.linear = linear(inputs * ratio**2, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(F.pixel_unshuffle(x, self.ratio))


class Up(nn.Module):
    """The way back."""

    def __init__(self, inputs: int, outputs: int, ratio: int = 2) -> None:
        super().__init__()
        self.ratio = ratio
        self.linear = linear(inputs, outputs * ratio**2)

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(self.linear(x), self.ratio)
