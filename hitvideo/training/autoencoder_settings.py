"""The settings of an autoencoder run."""

from __future__ import annotations

from dataclasses import dataclass, field

from hitvideo.training.settings import RunSettings, setting


@dataclass(frozen=True)
class AutoencoderSettings(RunSettings):
    clips: list[str] = field(default_factory=list, metadata={"help": "a folder of videos"})
    toon: int = setting(96, "scenes of a block, which are learned from several times; 0: none")
    passes: float = setting(2.0, "how often")
    toon_share: float = setting(0.5, "share of Toon samples, where there are clips too")
    workers: int = setting(1, "processes that draw the next block")
    init: str = setting("", "an autoencoder to start from instead of a linear start")
    batch: int = setting(6, "clips per process and step")
    frames: int = setting(16, "frames per clip, a multiple of 8")
    size: int = setting(96, "side of the crops in pixels")
    lr: float = setting(8e-4, "peak learning rate")
    warmup: int = setting(40, "steps of warm-up")
    validate: str = setting("", "a folder of clips never trained on")
