"""`train-autoencoder`; its settings and arguments are `hitvideo.training.autoencoder`'s."""

from __future__ import annotations

import argparse

from hitvideo.commands.common import Commands, add_command


def register(commands: Commands) -> None:
    parser = add_command(
        commands, "train-autoencoder", "train the next tokenizer on Toon and clips", run
    )
    parser.later = _add_arguments


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    from hitvideo.training.autoencoder import add_arguments

    add_arguments(parser)


def run(args: argparse.Namespace) -> None:
    from hitvideo.training import autoencoder

    autoencoder.run(args)
