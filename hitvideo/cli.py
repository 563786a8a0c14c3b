"""The command line: `hitvideo COMMAND`; what the commands do is in `hitvideo/commands/`.

Parses, calls what does the work, and prints. What a user can put right is one line on stderr and
exit code 2. Everything heavy is imported by the command that needs it, so `--help` is quick.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hitvideo import __version__
from hitvideo.commands import (
    benchmark,
    benchmark_app,
    benchmark_generator,
    decode,
    encode,
    evaluate,
    generate,
    reconstruct,
    toon,
    train_entropy,
    train_eye,
    train_generator,
    train_judge,
    train_painter,
    train_tokenizer,
)
from hitvideo.commands.common import Parser
from hitvideo.errors import HiTVideoError, HiTVideoWarning

COMMANDS = (
    reconstruct,
    encode,
    decode,
    generate,
    toon,
    train_tokenizer,
    train_generator,
    train_entropy,
    train_judge,
    train_painter,
    train_eye,
    evaluate,
    benchmark,
    benchmark_generator,
    benchmark_app,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code (0, 2 for user errors, 130 for Ctrl-C)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        try:
            signal.signal(signal.SIGTERM, _terminated)
            warnings.showwarning = partial(_show_warning, warnings.showwarning)
            args = _parser().parse_args(arguments)
            args.command(args)
        finally:
            sys.stdout.flush()
    except HiTVideoError as error:
        print("hitvideo:", *str(error).split(), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    return 0


def _show_warning(show: Callable[..., None], message: Warning | str, *rest: Any) -> None:
    """Warnings that are meant for the person are one line on stderr; `show` shows the others."""
    if isinstance(message, HiTVideoWarning):
        print("hitvideo:", *str(message).split(), file=sys.stderr)
    else:
        show(message, *rest)


def _terminated(*_: object) -> None:
    """Lets every `finally` run, so that nothing half-written is left behind."""
    raise SystemExit(128 + signal.SIGTERM)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="hitvideo", description="Video as a hierarchy of discrete tokens.")
    parser.add_argument("--version", action="version", version=f"hitvideo {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.register(commands)
    return parser
