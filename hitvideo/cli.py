"""The command line: `hitvideo COMMAND`; what the commands do is in `hitvideo/commands/`.

Parses, calls what does the work, and prints. Whatever goes wrong is one line on stderr and an exit
code; `--debug` adds the stack trace. Everything heavy is imported by the command that needs it, so
`--help` is quick.
"""

from __future__ import annotations

import argparse
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
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
    train,
    train_entropy,
    train_eye,
)
from hitvideo.commands.common import Parser
from hitvideo.errors import HiTVideoError, HiTVideoWarning
from hitvideo.faults import DEBUG, add_debug, report
from hitvideo.signals import ending_signals, exit_code
from hitvideo.streams import drop_output, print_all, ready_streams

COMMANDS = (
    reconstruct,
    encode,
    decode,
    generate,
    toon,
    train,
    train_entropy,
    train_eye,
    evaluate,
    benchmark,
    benchmark_generator,
    benchmark_app,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code.

    0; 2 for what the user can put right; 1 for a fault of ours; 130 for Ctrl-C, 143 for SIGTERM,
    129 for SIGHUP; 141 where nobody reads on.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        with ending_signals():
            ready_streams()
            warnings.showwarning = partial(_show_warning, warnings.showwarning)
            try:
                args = _parser().parse_args(arguments)
                args.command(args)
            except SystemExit:  # --help has printed, too
                print_all()
                raise
            print_all()
    except KeyboardInterrupt as ended:
        return exit_code(ended)
    except BrokenPipeError:  # whoever read our output has seen enough
        drop_output()
        return 128 + signal.SIGPIPE
    except Exception as error:
        code = report(error, DEBUG in arguments)
        with suppress(HiTVideoError, BrokenPipeError):
            print_all()
        return code
    return 0


def _show_warning(show: Callable[..., None], message: Warning | str, *rest: Any) -> None:
    """Warnings that are meant for the person are one line on stderr; `show` shows the others."""
    if isinstance(message, HiTVideoWarning):
        print("hitvideo:", *str(message).split(), file=sys.stderr)
    else:
        show(message, *rest)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="hitvideo", description="Video as a hierarchy of discrete tokens.")
    parser.add_argument("--version", action="version", version=f"hitvideo {__version__}")
    add_debug(parser)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.register(commands)
    return parser
