"""The settings of a tokenizer run, and what cannot work."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer import TokenizerConfig
from hitvideo.tokenizer.config import GROUP, LAYOUTS
from hitvideo.tokenizer.storage import load_config
from hitvideo.training.checks import check_folders, check_run, check_shares
from hitvideo.training.settings import RunSettings, setting


@dataclass(frozen=True)
class TokenizerSettings(RunSettings):
    clips: list[str] = field(default_factory=list, metadata={"help": "a folder of videos"})
    toon_size: int = setting(128, "pixels that Toon clips are rendered at")
    toon_share: float = setting(0.4, "share of Toon samples, where there are clips too")
    frames: int = setting(32, "frames per clip, a multiple of 8")
    size: int = setting(128, "side of the crops in pixels")
    lr: float = setting(6e-4, "peak learning rate")
    first: int = setting(1, "the coarsest level to train; coarser ones stay as they are")
    last: int = setting(0, "the finest level to train; 0: of all there are")
    full_depth: float = setting(0.6, "share of samples that keep every level")
    init: str = setting("", "a tokenizer folder to start from instead of calibrating a new one")
    layout: str = setting("hierarchy", "the levels of a new tokenizer", tuple(LAYOUTS))
    validate: str = setting("", "a folder of clips never trained on")
    validate_every: int = setting(1000, "steps")


def tokenizer_config(config: TokenizerSettings) -> TokenizerConfig:
    """Of the tokenizer that is trained; raises HiTVideoError where there is none to start from."""
    if config.init:
        return TokenizerConfig.from_dict(load_config(Path(config.init)))
    return TokenizerConfig(LAYOUTS[config.layout])


def check(config: TokenizerSettings) -> None:
    """Raises HiTVideoError for settings that cannot work."""
    if not config.clips and not config.toon:
        raise HiTVideoError(
            "There is nothing to train on: give --clips FOLDER, --toon COUNT or both."
        )
    if config.frames < 2 * GROUP or config.frames % GROUP:
        raise HiTVideoError(f"--frames must be a multiple of {GROUP}, at least {2 * GROUP}.")
    multiple = tokenizer_config(config).multiple[1]
    if config.size < multiple or config.size % multiple:
        raise HiTVideoError(f"--size must be a multiple of {multiple}.")
    if config.toon_size < 1:
        raise HiTVideoError("--toon-size must be at least 1.")
    check_shares(toon_share=config.toon_share, full_depth=config.full_depth)
    check_run(config)
    check_folders(config.out, config.init, ("tokenizer",), config.clips)
