"""Standard streams as programs find them: closed, full, or in an encoding of few letters."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

from hitvideo.errors import HiTVideoError


def ready_streams() -> None:
    """Makes printing safe.

    Letters that an encoding lacks are printed as escapes. A standard stream that is closed gets a
    descriptor again, or the next file that is opened would be taken for it: what is printed there
    fails, what is complained there is lost.
    """
    for number, mode in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # the lowest number that is free is this one
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115  as long as the process
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def print_all() -> None:
    """Whatever still waits to be printed; HiTVideoError where it cannot be."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        drop_output()
        raise HiTVideoError(
            f"The work is done, but nothing can be printed: {error.strerror}."
        ) from error


def drop_output() -> None:
    """Nothing more is printed, so that the end of the process does not fail over it, too."""
    with suppress(OSError, ValueError):  # a stream in memory has no number
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
