"""Muon (Jordan et al. 2024): momentum whose every step of a matrix is made orthogonal.

The same as `torch.optim.Muon`, with Nesterov's momentum and the scale of arXiv 2502.16982, by which
it takes AdamW's learning rate. That one computes in bfloat16 whatever the processor is; without
AVX-512 it took longer than all the rest of a step. Knows nothing of models.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from hitvideo.devices import cpu_has_bf16

# Of a polynomial that brings singular values of 0 to 1 close to 1 in a few rounds (Jordan et al.).
COEFFICIENTS = 3.4445, -4.7750, 2.0315
ROUNDS = 5


class Muon(torch.optim.Optimizer):
    """For matrices; a kernel of a convolution is one with a row for each of its outputs."""

    def __init__(
        self, params: Iterable[Tensor], lr: float, weight_decay: float, momentum: float = 0.95
    ) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            lr, keep = group["lr"], group["momentum"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(parameter)
                mean = state["momentum_buffer"].lerp_(parameter.grad, 1 - keep)
                matrix = parameter.grad.lerp(mean, keep).flatten(1)
                update = orthogonal(matrix).view_as(parameter)
                parameter.mul_(1 - lr * group["weight_decay"])
                parameter.add_(update, alpha=-0.2 * lr * math.sqrt(max(matrix.shape)))


def orthogonal(matrix: Tensor) -> Tensor:
    """A matrix of the same singular vectors, whose singular values lie around 1.

    By Newton-Schulz iteration; of matrices with full rank.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    fast = x.device.type != "cpu" or cpu_has_bf16()
    x = x.to(torch.bfloat16 if fast else torch.float32)
    x = x / x.norm().clamp_min(1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(ROUNDS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).to(matrix.dtype)
