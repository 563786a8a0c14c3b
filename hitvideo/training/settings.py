"""Settings are written once, as a dataclass; their flags and what help says are read off it.

Like `transformers.HfArgumentParser`, which would take seconds to import for a line of help.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypeVar

S = TypeVar("S")


def setting(default: Any, words: str = "", choices: Sequence[str] = ()) -> Any:
    """A dataclass's field with a default, words for help, and what else it may be."""
    return field(default=default, metadata={"help": words, "choices": choices})


@dataclass(frozen=True)
class RunSettings:
    """What every run has; ``config.json`` in the run's folder keeps it."""

    out: str
    steps: int = setting(0, "budget in steps; 0: as many as the minutes allow")
    minutes: float = setting(0.0, "budget in minutes; 0: as long as the steps take")
    batch: int = setting(4, "samples per process and step")
    lr: float = setting(1e-3, "peak learning rate")
    warmup: int = setting(200, "steps of warm-up")
    ema: float = setting(0.999, "decay of the averaged weights")
    toon: int = setting(0, "Toon scenes to render")
    seed: int = setting(0, "of the weights and of all that is drawn")
    bf16: bool = setting(False, "bfloat16, where it is fast")
    validate_every: int = setting(500, "steps")
    checkpoint_every: int = setting(250, "steps")


def add_settings(parser: argparse.ArgumentParser, settings: type[Any]) -> None:
    """Flags for every field of a dataclass: text, numbers, switches and lists of text.

    A field without a default is the run's folder, which has to be given.
    """
    for one in fields(settings):
        flag = f"--{one.name.replace('_', '-')}"
        words = one.metadata.get("help", "")
        if one.default_factory is list:
            parser.add_argument(flag, action="append", default=[], help=f"{words}; repeatable")
        elif one.default is MISSING:
            words = "folder of the run; resumes if it has one"
            parser.add_argument(flag, required=True, help=words)
        elif isinstance(one.default, bool):
            parser.add_argument(flag, action="store_true", help=words)
        else:
            kind = str if one.default is None else type(one.default)
            shown = f" ({one.default})" if one.default not in ("", None) else ""
            choices = one.metadata["choices"] or None
            parser.add_argument(
                flag, type=kind, default=one.default, choices=choices, help=words + shown
            )


def settings_of(settings: type[S], args: argparse.Namespace) -> S:
    """The dataclass that a parsed command line stands for."""
    names = [one.name for one in fields(settings)]  # type: ignore[arg-type]
    return settings(**{name: getattr(args, name) for name in names})
