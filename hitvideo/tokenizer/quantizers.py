"""Quantizers: a vector of a few real numbers to one integer code, and back.

Both speak the same language: ``forward(z)`` for ``(..., dims)`` gives the quantized values (with
a straight-through gradient), the codes and an auxiliary loss; ``values(codes)`` is the decoder's
side. They know nothing of video.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
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

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        top = self.steps - 1
        soft = torch.tanh(z.float())
        digits = torch.round((soft + 1) / 2 * top)
        hard = digits / top * 2 - 1
        return soft + (hard - soft).detach(), self._codes(digits), z.new_zeros(())

    def _codes(self, digits: Tensor) -> Tensor:
        return (digits.long() * self.base).sum(-1)

    def values(self, codes: Tensor) -> Tensor:
        """Codes ``(...)`` in [0, size) to values ``(..., dims)`` in [-1, 1]."""
        digits = codes.unsqueeze(-1) // self.base % self.steps
        return digits / (self.steps - 1) * 2 - 1


class VQ(nn.Module):
    """Vector quantization with an EMA codebook and dead-code restart (as in VQ-VAE-2).

    The paper-faithful option. While training, codes that go unused are moved onto inputs of the
    batch; the commitment loss is the auxiliary loss.
    """

    codebook: Tensor
    usage: Tensor
    total: Tensor

    def __init__(self, size: int, dims: int, decay: float = 0.99, restart: float = 0.01) -> None:
        super().__init__()
        self.size, self.decay, self.restart = size, decay, restart
        self.register_buffer("codebook", torch.rand(size, dims) * 2 - 1)
        self.register_buffer("usage", torch.ones(size))
        self.register_buffer("total", self.codebook.clone())

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        soft = torch.tanh(z.float())
        flat = soft.reshape(-1, soft.shape[-1])
        codes = torch.cdist(flat, self.codebook).argmin(-1)
        hard = self.codebook[codes].view_as(soft)
        loss = F.mse_loss(soft, hard.detach())
        if self.training:
            self._update(flat.detach(), codes)
        return soft + (hard - soft).detach(), codes.view(soft.shape[:-1]), loss

    @torch.no_grad()
    def _update(self, flat: Tensor, codes: Tensor) -> None:
        chosen = F.one_hot(codes, self.size).to(flat.dtype)
        self.usage.lerp_(chosen.sum(0), 1 - self.decay)
        self.total.lerp_(chosen.T @ flat, 1 - self.decay)
        dead = self.usage < self.restart
        if dead.any():
            picks = flat[torch.randint(len(flat), (int(dead.sum()),), device=flat.device)]
            self.total[dead], self.usage[dead] = picks, 1.0
        self.codebook.copy_(self.total / self.usage.clamp_min(1e-5).unsqueeze(-1))

    def values(self, codes: Tensor) -> Tensor:
        """Codes ``(...)`` in [0, size) to values ``(..., dims)``."""
        return self.codebook[codes]


def build_quantizer(kind: str, steps: tuple[int, ...]) -> FSQ | VQ:
    """ "fsq" with these steps, or "vq" with a codebook of the same size and dimensions."""
    return FSQ(steps) if kind == "fsq" else VQ(math.prod(steps), len(steps))
