"""The one place where an exception becomes a sentence for the person who started a program."""

from __future__ import annotations

import argparse
import sys
import traceback
from contextlib import suppress

from hitvideo.errors import sentence

DEBUG = "--debug"
LONGEST = 300  # characters of an error that is not ours
USERS, OURS = 2, 1  # exit codes


def add_debug(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        DEBUG,
        action="store_true",
        default=argparse.SUPPRESS,  # it stands before a command or after it
        help="show the stack trace of an error",
    )


def report(error: Exception, debug: bool) -> int:
    """Says on stderr what went wrong; returns the exit code."""
    words, code = describe(error)
    with suppress(OSError, ValueError):  # nobody is there to be told
        if debug:
            traceback.print_exception(error)
        print("hitvideo:", words, file=sys.stderr, flush=True)
    return code


def describe(error: Exception) -> tuple[str, int]:
    """One sentence, and the exit code: whether the user can put it right or it is a fault."""
    words = sentence(error)
    if words is not None:
        return words, USERS
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if isinstance(error.filename, str) else ""
        return f"{where}{error.strerror}.", USERS
    if isinstance(error, ImportError):
        return f"A part of the installation is missing: {_short(error)}.", USERS
    return f"Something went wrong on our side: {_short(error)} ({DEBUG} shows where).", OURS


def _short(error: Exception) -> str:
    words = " ".join(str(error).split())[:LONGEST].rstrip(".")
    return f"{type(error).__name__}, {words}" if words else type(error).__name__
