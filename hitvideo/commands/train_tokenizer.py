"""`train-tokenizer`; its settings and arguments are `hitvideo.training.tokenizer`'s."""

from __future__ import annotations

import argparse

from hitvideo.commands.common import Commands, add_command


def register(commands: Commands) -> None:
    parser = add_command(
        commands, "train-tokenizer", "train a tokenizer on folders of clips and on Toon", run
    )
    parser.later = _add_arguments


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    from hitvideo.training.tokenizer import add_arguments

    add_arguments(parser)


def run(args: argparse.Namespace) -> None:
    from hitvideo.training import tokenizer

    tokenizer.run(args)
