"""What no run can work with, whatever it trains. Knows nothing of models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from hitvideo.errors import HiTVideoError
from hitvideo.toon.seeds import TRAINING
from hitvideo.training.budget import Budget

LAST_SEED = (1 << 32) - 1


class Run(Budget, Protocol):
    """The settings that all runs have."""

    @property
    def out(self) -> str: ...
    @property
    def toon(self) -> int: ...
    @property
    def batch(self) -> int: ...
    @property
    def lr(self) -> float: ...
    @property
    def warmup(self) -> int: ...
    @property
    def ema(self) -> float: ...
    @property
    def seed(self) -> int: ...
    @property
    def validate_every(self) -> int: ...
    @property
    def checkpoint_every(self) -> int: ...


def check_run(config: Run) -> None:
    """Raises HiTVideoError, in one sentence, for the first setting that cannot work."""
    if config.steps <= 0 and config.minutes <= 0:
        raise HiTVideoError("A run needs a budget: --steps or --minutes.")
    if min(config.steps, config.minutes, config.toon, config.warmup) < 0:
        raise HiTVideoError("--steps, --minutes, --toon and --warmup must not be below zero.")
    if config.toon > len(TRAINING):
        most = f"{len(TRAINING):,}"
        raise HiTVideoError(f"--toon must be at most {most}: later scenes are for measuring.")
    if config.batch < 1 or not config.lr > 0:
        raise HiTVideoError("--batch and --lr must be above zero.")
    if min(config.validate_every, config.checkpoint_every) < 1:
        raise HiTVideoError("--validate-every and --checkpoint-every must be at least 1.")
    if not 0 <= config.ema < 1:
        raise HiTVideoError("--ema must be at least 0 and below 1.")
    if not 0 <= config.seed <= LAST_SEED:
        raise HiTVideoError(f"--seed must be 0 to {LAST_SEED}.")
    out = Path(config.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HiTVideoError(f"The run's folder {out} cannot be made: {error.strerror}.") from error
    if not os.access(out, os.W_OK):
        raise HiTVideoError(f"The run's folder {out} cannot be written to.")


def check_shares(**shares: float) -> None:
    """Raises HiTVideoError unless all are between 0 and 1; names as in the settings."""
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise HiTVideoError(f"--{name.replace('_', '-')} must be between 0 and 1.")
