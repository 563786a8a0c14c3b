"""Muon for a language model's matrices, AdamW for everything else, as one optimizer.

Knows nothing of what the models are for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from hitvideo.training.muon import Muon

WEIGHT_DECAY = 0.05
# Of the rate, for the text encoder. A T5 whose weights are still random tells most words apart in
# the mean of its embeddings; at the language model's rate it forgets that (docs/generator.md).
TEXT_RATE = 0.03


class MuonAndAdamW(torch.optim.Optimizer):
    """Both behind one interface; ``param_groups`` are theirs, so a schedule reaches all."""

    def __init__(self, muon: torch.optim.Optimizer, adamw: torch.optim.Optimizer) -> None:
        self.parts = [muon, adamw]
        super().__init__([group for part in self.parts for group in part.param_groups], {})
        # The very groups of the parts, not the copies that the base class has made.
        self.param_groups = [group for part in self.parts for group in part.param_groups]

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for part in self.parts:
            part.step()

    def state_dict(self) -> dict[str, Any]:
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self.parts for group in part.param_groups]


def muon_and_adamw(model: nn.Module, lr: float) -> MuonAndAdamW:
    """For a text-to-token model: the Llama's and the head's matrices go to Muon.

    Tables, norms and biases are not decayed, and the text encoder hardly moves.
    """
    text, matrices, linear, rest = [], [], [], []
    seen: set[nn.Parameter] = set()  # tied weights have several names
    for name, module in model.named_modules():
        for own, parameter in module.named_parameters(recurse=False):
            if parameter in seen:
                continue
            seen.add(parameter)
            if name.split(".")[0] == "text":
                text.append(parameter)
            elif not isinstance(module, nn.Linear) or own != "weight":
                rest.append(parameter)
            elif ".layers." in name or ".head." in name:
                matrices.append(parameter)
            else:
                linear.append(parameter)
    groups = [
        {"params": linear, "weight_decay": WEIGHT_DECAY},
        {"params": rest, "weight_decay": 0},
        {"params": text, "weight_decay": 0, "factor": TEXT_RATE},
    ]
    return MuonAndAdamW(
        Muon(matrices, lr, WEIGHT_DECAY),
        torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.97)),
    )
