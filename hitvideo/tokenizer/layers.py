"""The two network parts: a norm that mixes no positions, and a residual block.

Everything works on maps ``(B, C, h, w)`` of one group of frames, so nothing here can see time.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ChannelNorm(nn.Module):
    """RMS norm over the channels of each position on its own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        rms = x.float().pow(2).mean(1, keepdim=True).add(1e-6).rsqrt().to(x.dtype)
        return x * rms * self.weight.to(x.dtype).view(1, -1, 1, 1)


class Block(nn.Module):
    """norm, 3x3, SiLU, 1x1, added to the input; the last layer starts at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(width)
        self.spatial = nn.Conv2d(width, width, 3, padding=1)
        self.mix = nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return x + self.mix(F.silu(self.spatial(self.norm(x))))


def blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Block(width) for _ in range(count)))


def conv(inputs: int, outputs: int, kernel: int = 1, *, zero: bool = False) -> nn.Conv2d:
    """Keeps the variance of its input, or, with ``zero``, starts at nothing."""
    return started(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2), zero)


def started(layer: nn.Conv2d, zero: bool = False) -> nn.Conv2d:
    """The layer with such weights."""
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    nn.init.normal_(layer.weight, std=0.0 if zero else layer.weight[0].numel() ** -0.5)
    return layer


def zero_conv(inputs: int, outputs: int) -> nn.Conv2d:
    """A 1x1 layer that starts at zero, so that it only ever adds what it has learned."""
    return conv(inputs, outputs, zero=True)
