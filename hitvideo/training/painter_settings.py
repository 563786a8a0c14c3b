"""The settings of a painter run."""

from __future__ import annotations

from dataclasses import dataclass

from hitvideo.training.settings import RunSettings, setting


@dataclass(frozen=True)
class PainterSettings(RunSettings):
    weights: str | None = setting(None, "folder of the other models (the shipped ones)")
    init: str = setting("", "a painter to start from")
    batch: int = setting(8, "groups of 8 frames per process and step")
    size: int = setting(128, "side of the clips in pixels")
    toon: int = setting(192, "scenes of a block, which are learned from several times")
    passes: int = setting(2, "how often")
    workers: int = setting(1, "processes that draw the next block; 0: between two steps")
    lr: float = setting(3e-3, "peak learning rate")
    warmup: int = setting(100, "steps of warm-up")
    pairs: float = setting(0.25, "share of steps on a group and the one after it")
    things: float = setting(0.6, "share of steps that paint things alone, over the coarse video")
    blind: float = setting(0.1, "share of samples without plan and names")
    ema: float = setting(0.998, "decay of the averaged weights")
    held_out: int = setting(24, "clips that the log's figures are made of")
    validate_every: int = setting(250, "steps")
    checkpoint_every: int = setting(100, "steps")
