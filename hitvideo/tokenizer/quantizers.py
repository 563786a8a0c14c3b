"""The quantizer: a vector of a few real numbers to one integer code, and back.

Knows nothing of video.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class FSQ(nn.Module):
    """Finite scalar quantization (Mentzer et al. 2023, arXiv 2309.15505).

    Each dimension is squashed by tanh and rounded to ``steps[i]`` evenly spaced values in [-1, 1];
    the code is the mixed-radix number of the digits, first dimension least significant.
    """

    steps: Tensor
    base: Tensor

    def __init__(self, steps: tuple[int, ...]) -> None:
        super().__init__()
        self.size = math.prod(steps)
        base = [math.prod(steps[:i]) for i in range(len(steps))]
        self.register_buffer("steps", torch.tensor(steps), persistent=False)
        self.register_buffer("base", torch.tensor(base), persistent=False)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """``(..., dims)`` to quantized values, with a straight-through gradient, and codes."""
        top = self.steps - 1
        soft = torch.tanh(z.float())
        digits = torch.round((soft + 1) / 2 * top)
        hard = digits / top * 2 - 1
        return soft + (hard - soft).detach(), self._codes(digits)

    def _codes(self, digits: Tensor) -> Tensor:
        return (digits.long() * self.base).sum(-1)

    def values(self, codes: Tensor) -> Tensor:
        """Codes ``(...)`` in [0, size) to values ``(..., dims)`` in [-1, 1]."""
        digits = codes.unsqueeze(-1) // self.base % self.steps
        return digits / (self.steps - 1) * 2 - 1
