"""The loop that all trainings share."""

from pathlib import Path

import torch
from torch import nn

from hitvideo.training.generator_settings import GeneratorTrainConfig
from hitvideo.training.loop import Task, fit, new_accelerator


def test_a_step_that_overflows_is_left_out(tmp_path: Path) -> None:
    """Its gradient would turn every weight into nan, for good."""
    accelerator = new_accelerator(False)
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    optimizer = torch.optim.SGD(model.parameters(), 1.0)
    module, optimizer = accelerator.prepare(model, optimizer)
    seen: list[float] = []

    def score(step: int) -> tuple[torch.Tensor, str]:
        seen.append(model.weight.item())
        x = torch.full((1, 1), float("inf") if step == 1 else 1.0)
        return module(x).sum(), ""

    config = GeneratorTrainConfig(str(tmp_path), "", steps=4, lr=0.1, warmup=1)
    saved: list[nn.Linear] = []
    fit(config, accelerator, model, module, optimizer, Task(score, saved.append, lambda *_: {}))
    assert seen[0] > seen[1] == seen[2] > seen[3] > model.weight.item()
    assert saved[-1].weight.isfinite().all()
