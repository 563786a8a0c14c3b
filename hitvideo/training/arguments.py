"""Settings are written once, as a dataclass; their flags are read off it."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import Any

HELP = {
    "out": "folder of the run; resumes one in it",
    "weights": "folder of the tokenizer and the generator (shipped)",
    "clips": "a folder of videos; repeatable",
}


def add_settings(parser: argparse.ArgumentParser, settings: Any) -> None:
    """Flags for every field of a dataclass: text, numbers, switches and lists of text."""
    for field in fields(settings):
        flag = f"--{field.name.replace('_', '-')}"
        words: Any = HELP.get(field.name)
        if field.name == "out":
            parser.add_argument(flag, required=True, help=words)
        elif field.default_factory is list:
            parser.add_argument(flag, action="append", default=[], help=words)
        elif isinstance(field.default, bool):
            parser.add_argument(flag, action="store_true")
        else:
            kind = str if field.default is None else type(field.default)
            words = words or f"({field.default})"
            parser.add_argument(flag, type=kind, default=field.default, help=words)
