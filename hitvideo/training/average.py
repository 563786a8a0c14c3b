"""The moving average of a model's weights: what is validated and shipped."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def moving_average(model: nn.Module, decay: float) -> AveragedModel:
    """A copy whose ``update_parameters`` follows ``model``; the copy itself is its ``module``.

    The first updates average over few steps, later ones over ``1 / (1 - decay)``.
    """

    def follow(averaged: list[Tensor], current: list[Tensor], _count: Tensor) -> None:
        # Counted on the CPU, so that no step waits for a GPU.
        count = int(average.n_averaged)
        torch._foreach_lerp_(averaged, current, 1 - min(decay, (1 + count) / (10 + count)))

    average = AveragedModel(model, multi_avg_fn=follow)  # type: ignore[arg-type]
    return average.eval().requires_grad_(False)
