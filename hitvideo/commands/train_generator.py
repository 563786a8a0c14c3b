"""`train-generator`; its settings and arguments are `hitvideo.training.generator`'s."""

from __future__ import annotations

import argparse

from hitvideo.commands.common import Commands, add_command


def register(commands: Commands) -> None:
    parser = add_command(
        commands, "train-generator", "train text to tokens, on Toon and captioned clips", run
    )
    parser.later = _add_arguments


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    from hitvideo.training.generator import add_arguments

    add_arguments(parser)


def run(args: argparse.Namespace) -> None:
    from hitvideo.training import generator

    generator.run(args)
