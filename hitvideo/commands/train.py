"""`train-tokenizer` and the others that train a model: their flags are the settings of a run."""

from __future__ import annotations

import argparse
from functools import partial
from importlib import import_module
from typing import Any

from hitvideo.commands.common import Commands, add_command

# Of every module of `hitvideo.training` that has ``train`` and its settings' class, ``SETTINGS``.
TRAININGS = {
    "tokenizer": "train a tokenizer on folders of clips and on Toon",
    "detail": "train a tokenizer's level of detail, on Toon and clips",
    "autoencoder": "train the next tokenizer on Toon and clips",
    "generator": "train text to tokens, on Toon and captioned clips",
    "painter": "train what paints generated clips, on Toon",
    "judge": "train the judge of generated clips on Toon",
}


def register(commands: Commands) -> None:
    for name, words in TRAININGS.items():
        parser = add_command(commands, f"train-{name}", words, partial(_run, name))
        parser.later = partial(_add_flags, name)


def _training(name: str) -> Any:
    """Imported only when it is needed, for that takes seconds."""
    return import_module(f"hitvideo.training.{name}")


def _add_flags(name: str, parser: argparse.ArgumentParser) -> None:
    from hitvideo.training.settings import add_settings

    add_settings(parser, _training(name).SETTINGS)


def _run(name: str, args: argparse.Namespace) -> None:
    from hitvideo.training.settings import settings_of

    training = _training(name)
    training.train(settings_of(training.SETTINGS, args))
