"""`train-judge`: the classifier that reads clips."""

from __future__ import annotations

import argparse

from hitvideo.commands.common import (
    Commands,
    add_command,
)


def register(commands: Commands) -> None:
    parser = add_command(commands, "train-judge", "train the judge of generated clips on Toon", run)
    parser.add_argument("--out", required=True, help="folder of the run; resumes if it has one")
    parser.add_argument("--clips", type=int, default=8000, help="Toon clips to render (8000)")
    parser.add_argument("--minutes", type=float, default=30.0, help="budget in minutes (30)")
    parser.add_argument("--batch", type=int, default=16, help="clips per step (16)")
    parser.add_argument("--lr", type=float, default=2e-3, help="peak learning rate (0.002)")
    parser.add_argument(
        "--seed", type=int, default=2, help="0 and 1 are those of the shipped judges (2)"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes that render (1)")


def run(args: argparse.Namespace) -> None:
    from hitvideo.training.judge import JudgeTrainConfig, train

    known = JudgeTrainConfig.__dataclass_fields__
    train(JudgeTrainConfig(**{k: v for k, v in vars(args).items() if k in known}))
