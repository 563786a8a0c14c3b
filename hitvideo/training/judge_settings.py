"""The settings of a judge run."""

from __future__ import annotations

from dataclasses import dataclass

from hitvideo.training.settings import RunSettings, setting

FREE_SEED = 2  # 0 is that of the shipped judge, 1 that of the shipped one that teaches


@dataclass(frozen=True)
class JudgeSettings(RunSettings):
    toon: int = setting(8000, "clips to render")
    batch: int = setting(16, "clips per process and step")
    lr: float = setting(2e-3, "peak learning rate")
    warmup: int = setting(100, "steps of warm-up")
    ema: float = setting(0.995, "decay of the averaged weights")
    width: int = setting(48, "channels of the network")
    seed: int = setting(FREE_SEED, "of the scenes, too; 0 and 1 are those of the shipped judges")
    workers: int = setting(1, "processes that render")
