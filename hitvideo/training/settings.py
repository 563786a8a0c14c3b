"""The settings of a tokenizer run: their defaults, their flags, and what cannot work."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path

from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer import TokenizerConfig
from hitvideo.tokenizer.config import GROUP, LAYOUTS
from hitvideo.tokenizer.storage import load_config
from hitvideo.training.checks import check_folders, check_run, check_shares


@dataclass(frozen=True)
class TrainConfig:
    """Settings of one run; ``config.json`` in the run's folder keeps them."""

    out: str
    clips: list[str] = field(default_factory=list)  # folders of videos
    toon: int = 0  # rendered Toon clips
    toon_size: int = 128  # pixels they are rendered at
    toon_share: float = 0.4  # of the samples, where there are clips too
    steps: int = 0  # 0: as many as the minutes allow
    minutes: float = 0.0  # 0: as long as the steps take
    batch: int = 4  # clips per process and step
    frames: int = 32
    size: int = 128
    lr: float = 6e-4
    warmup: int = 200
    first: int = 1  # the levels to train; coarser ones stay as they are
    last: int = 0  # 0: the finest; finer ones than this stay as they are
    full_depth: float = 0.6  # share of samples that keep every level
    ema: float = 0.999
    seed: int = 0
    bf16: bool = False
    init: str = ""  # a tokenizer folder to start from instead of calibrating a new one
    layout: str = "hierarchy"
    validate: str = ""  # a folder of clips never trained on
    validate_every: int = 1000
    checkpoint_every: int = 250


def add_arguments(parser: argparse.ArgumentParser) -> None:
    d = TrainConfig(out="")
    parser.add_argument("--out", required=True, help="folder of the run; resumes if it has one")
    parser.add_argument(
        "--clips", action="append", default=[], help="a folder of videos; repeatable"
    )
    parser.add_argument("--toon", type=int, default=d.toon, help="how many Toon clips to render")
    parser.add_argument(
        "--toon-size", type=int, default=d.toon_size, help="pixels that they are rendered at"
    )
    parser.add_argument(
        "--toon-share", type=float, default=d.toon_share, help="share of Toon samples"
    )
    parser.add_argument("--steps", type=int, default=d.steps, help="budget in steps")
    parser.add_argument("--minutes", type=float, default=d.minutes, help="budget in minutes")
    parser.add_argument("--batch", type=int, default=d.batch, help="clips per process and step")
    parser.add_argument(
        "--frames", type=int, default=d.frames, help="frames per clip, a multiple of 8"
    )
    parser.add_argument("--size", type=int, default=d.size, help="side of the crops in pixels")
    parser.add_argument("--lr", type=float, default=d.lr, help="peak learning rate")
    parser.add_argument("--warmup", type=int, default=d.warmup, help="steps of warm-up")
    parser.add_argument("--first", type=int, default=d.first, help="coarsest level to train")
    parser.add_argument(
        "--last", type=int, default=d.last, help="finest level to train (of all there are)"
    )
    parser.add_argument(
        "--full-depth", type=float, default=d.full_depth, help="share at full depth"
    )
    parser.add_argument("--ema", type=float, default=d.ema, help="decay of the averaged weights")
    parser.add_argument("--seed", type=int, default=d.seed)
    parser.add_argument("--bf16", action="store_true", help="bfloat16, where it is fast")
    parser.add_argument("--init", default=d.init, help="a tokenizer folder to start from")
    parser.add_argument(
        "--layout", choices=tuple(LAYOUTS), default=d.layout, help="the levels of a new tokenizer"
    )
    parser.add_argument("--validate", default=d.validate, help="a folder of held-out clips")
    parser.add_argument("--validate-every", type=int, default=d.validate_every, help="steps")
    parser.add_argument("--checkpoint-every", type=int, default=d.checkpoint_every, help="steps")


def tokenizer_config(config: TrainConfig) -> TokenizerConfig:
    """Of the tokenizer that is trained; raises HiTVideoError where there is none to start from."""
    if config.init:
        return TokenizerConfig.from_dict(load_config(Path(config.init)))
    return TokenizerConfig(LAYOUTS[config.layout])


def check(config: TrainConfig) -> None:
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
