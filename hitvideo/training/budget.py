"""How far a run has come and how fast it should learn there. Knows nothing of models."""

from __future__ import annotations

import math

from hitvideo.training.settings import RunSettings


def progress(budget: RunSettings, step: int, spent: float) -> float:
    """How much of the budget is used, 0..1; of steps and minutes the first to end counts.

    spent: seconds.
    """
    by_steps = step / budget.steps if budget.steps else 0.0
    by_time = spent / 60 / budget.minutes if budget.minutes else 0.0
    return min(1.0, max(by_steps, by_time))


def schedule(step: int, done: float, warmup: int) -> float:
    """Linear warm-up over ``warmup`` steps, then a cosine down to 2 % as ``done`` goes to 1."""
    cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done))
    return min(1.0, (step + 1) / max(1, warmup)) * cosine
