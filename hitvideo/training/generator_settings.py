"""The settings of a generator run: their defaults, their flags, and what cannot work."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field

from hitvideo.errors import HiTVideoError
from hitvideo.generator.config import MODES
from hitvideo.tokenizer.config import GROUP
from hitvideo.training.checks import check_folders, check_run, check_shares


@dataclass(frozen=True)
class GeneratorTrainConfig:
    """Settings of one run; ``config.json`` in the run's folder keeps them."""

    out: str
    weights: str  # the model folder whose tokenizer is used
    clips: list[str] = field(default_factory=list)  # folders of videos with captions
    toon: int = 0  # rendered Toon scenes, most of them mirrored, too
    levels: int = 2  # how many the language model writes
    frames: int = 64
    size: int = 128
    fps: float = 8.0
    steps: int = 0  # 0: as many as the minutes allow
    minutes: float = 0.0  # 0: as long as the steps take
    batch: int = 16  # clips per process and step
    lr: float = 1e-3
    warmup: int = 200
    drop_text: float = 0.1  # share of samples without their caption
    short: float = 0.6  # share of the steps that leave out the finest, and longest, levels
    single_group: float = 0.5  # share of the steps on 8 frames, from anywhere in the clip
    corrupt: float = 0.05  # share of the known digits that are replaced by chance
    focus: float = 0.0  # how much more a token counts that shows the subject (Toon tells where)
    own_tokens: float = 0.0  # share of the steps on true clips that are told some tokens of its own
    judge: str = ""  # folder of a judge that reads its own clips; none: there are only true ones
    own_clips: float = 0.3  # share of the steps on its own clips, if there is such a judge
    ema: float = 0.999
    seed: int = 0
    bf16: bool = False
    init: str = ""  # a model folder to go on from
    mode: str = "mixed"  # how the model will write if not told otherwise
    validate_every: int = 500
    checkpoint_every: int = 250


def add_arguments(parser: argparse.ArgumentParser) -> None:
    d = GeneratorTrainConfig(out="", weights="")
    parser.add_argument("--out", required=True, help="folder of the run; resumes if it has one")
    parser.add_argument("--weights", help="model folder with the tokenizer (shipped)")
    parser.add_argument(
        "--clips", action="append", default=[], help="a folder of captioned videos; repeatable"
    )
    parser.add_argument(
        "--toon", type=int, default=d.toon, help="Toon scenes to render, most of them mirrored, too"
    )
    parser.add_argument("--levels", type=int, default=d.levels, help="levels to write")
    parser.add_argument("--frames", type=int, default=d.frames, help="frames per clip")
    parser.add_argument("--size", type=int, default=d.size, help="side of the clips in pixels")
    parser.add_argument("--fps", type=float, default=d.fps, help="frames per second")
    parser.add_argument("--steps", type=int, default=d.steps, help="budget in steps")
    parser.add_argument("--minutes", type=float, default=d.minutes, help="budget in minutes")
    parser.add_argument("--batch", type=int, default=d.batch, help="clips per process and step")
    parser.add_argument("--lr", type=float, default=d.lr, help="peak learning rate")
    parser.add_argument("--warmup", type=int, default=d.warmup, help="steps of warm-up")
    parser.add_argument(
        "--drop-text", type=float, default=d.drop_text, help="share of samples without text"
    )
    parser.add_argument(
        "--short", type=float, default=d.short, help="share of steps without the finest levels"
    )
    parser.add_argument(
        "--single-group",
        type=float,
        default=d.single_group,
        help="share of steps on 8 frames: what looks how",
    )
    parser.add_argument(
        "--corrupt", type=float, default=d.corrupt, help="share of context digits made wrong"
    )
    parser.add_argument(
        "--own-tokens", type=float, default=d.own_tokens, help="share of steps told own tokens"
    )
    parser.add_argument("--judge", default=d.judge, help="learn from own clips, read by this judge")
    parser.add_argument(
        "--own-clips", type=float, default=d.own_clips, help="share of steps on own clips"
    )
    parser.add_argument(
        "--focus", type=float, default=d.focus, help="how much more the subject's tokens count"
    )
    parser.add_argument("--ema", type=float, default=d.ema, help="decay of the averaged weights")
    parser.add_argument("--seed", type=int, default=d.seed)
    parser.add_argument("--bf16", action="store_true", help="bfloat16, where it is fast")
    parser.add_argument("--init", default=d.init, help="a model folder to go on from")
    parser.add_argument("--mode", choices=MODES, default=d.mode, help="how it will write")
    parser.add_argument("--validate-every", type=int, default=d.validate_every, help="steps")
    parser.add_argument("--checkpoint-every", type=int, default=d.checkpoint_every, help="steps")


def check(config: GeneratorTrainConfig) -> None:
    """Raises HiTVideoError for settings that cannot work."""
    if not config.clips and not config.toon:
        raise HiTVideoError(
            "There is nothing to train on: give --clips FOLDER, --toon COUNT or both."
        )
    if config.frames < GROUP or config.frames % GROUP:
        raise HiTVideoError(f"--frames must be a multiple of {GROUP}.")
    if not config.fps > 0 or config.size < 1:
        raise HiTVideoError("--fps and --size must be above zero.")
    if config.focus < 0:
        raise HiTVideoError("--focus must not be below zero.")
    check_shares(
        drop_text=config.drop_text,
        corrupt=config.corrupt,
        short=config.short,
        single_group=config.single_group,
        own_tokens=config.own_tokens,
        own_clips=config.own_clips,
    )
    check_run(config)
    check_folders(config.out, config.init, ("text", "generator", "planner"), config.clips)
