"""The settings of a run that trains a tokenizer's level of detail."""

from __future__ import annotations

from dataclasses import dataclass, field

from hitvideo.training.settings import RunSettings, setting


@dataclass(frozen=True)
class DetailSettings(RunSettings):
    init: str = setting("", "folder of the tokenizer, with a level of detail to go on with or none")
    clips: list[str] = field(default_factory=list, metadata={"help": "a folder of videos"})
    validate: str = setting("", "a folder of clips never trained on")
    batch: int = setting(2, "clips per process and step")
    frames: int = setting(16, "frames per clip, a multiple of 8")
    size: int = setting(96, "side of the crops in pixels")
    rate: float = setting(3.0, "what a bit per pixel counts beside the logarithm of the error")
    toon: int = setting(64, "stretches of a block, which are learned from several times")
    passes: float = setting(4.0, "how often")
    toon_share: float = setting(0.5, "share of Toon among them, where there are clips too")
    workers: int = setting(1, "processes that draw and code the next block; 0: between two steps")
    lr: float = setting(2e-3, "peak learning rate")
    warmup: int = setting(50, "steps of warm-up")
    ema: float = setting(0.995, "decay of the averaged weights")
