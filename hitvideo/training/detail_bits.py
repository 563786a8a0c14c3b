"""What digits of detail will cost: a stand-in for the entropy tables, with a gradient.

Like theirs, its contexts are earlier frames' digits; unlike them it is learned beside the digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.tokenizer.layers import conv, zero_conv

WIDTH = 96
SURE = 3.0  # the logit of a digit that says nothing, before training
NEVER = -1e4


class DigitBits(nn.Module):
    top: Tensor
    missing: Tensor

    def __init__(self, steps: Sequence[int]) -> None:
        super().__init__()
        dims, most = len(steps), max(steps)
        self.register_buffer("top", torch.tensor(steps) - 1, persistent=False)
        beyond = torch.arange(most) >= torch.tensor(steps)[:, None]
        self.register_buffer("missing", NEVER * beyond, persistent=False)
        self.read = conv(2 * dims, WIDTH, 3)
        self.mix = conv(WIDTH, WIDTH)
        self.logits = zero_conv(WIDTH, dims * most)
        assert self.logits.bias is not None
        with torch.no_grad():
            self.logits.bias.view(dims, most)[torch.arange(dims), self.top // 2] = SURE

    def forward(self, z: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Bits of clips ``(B,)``, twice: with a gradient for what is coded, and for this network.

        z, values: ``(B, T, h, w, dims)`` before quantization, and after, in [-1, 1].
        """
        bits = self._bits(values.detach())
        top = self.top
        digits = ((values.detach() + 1) / 2 * top).round().long()
        told = bits.gather(-1, digits.unsqueeze(-1)).squeeze(-1)
        # Between two digits the cost goes evenly from one's to the other's.
        place = (torch.tanh(z.float()) + 1) / 2 * top
        low = torch.minimum(place.detach().floor().long(), top - 1)
        here, next_one = (
            bits.detach().gather(-1, (low + k).unsqueeze(-1)).squeeze(-1) for k in (0, 1)
        )
        asked = here + (place - low) * (next_one - here)
        return asked.sum((1, 2, 3, 4)), told.sum((1, 2, 3, 4))

    def _bits(self, values: Tensor) -> Tensor:
        """What every value of every digit would cost, ``(B, T, h, w, dims, most)``."""
        past = torch.cat([torch.zeros_like(values[:, :1]), values[:, :-1]], 1)
        x = past.flatten(0, 1).permute(0, 3, 1, 2)
        x = self.logits(F.silu(self.mix(F.silu(self.read(torch.cat([x, x.abs()], 1))))))
        logits = x.float().permute(0, 2, 3, 1).unflatten(-1, self.missing.shape) + self.missing
        return -F.log_softmax(logits, -1).unflatten(0, values.shape[:2]) / math.log(2)
