"""`train-painter`; its settings and arguments are `hitvideo.training.painter`'s."""

from __future__ import annotations

import argparse

from hitvideo.commands.common import Commands, add_command


def register(commands: Commands) -> None:
    parser = add_command(
        commands, "train-painter", "train what paints generated clips, on Toon", run
    )
    parser.later = _add_arguments


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    from hitvideo.training.painter import add_arguments

    add_arguments(parser)


def run(args: argparse.Namespace) -> None:
    from hitvideo.training import painter

    painter.run(args)
