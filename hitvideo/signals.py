"""A program that is told to end does so as after Ctrl-C, so that every `finally` runs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NAMES = ("SIGTERM", "SIGHUP")  # Windows has no SIGHUP
INTERRUPTED = 128 + signal.SIGINT


class Ended(KeyboardInterrupt):
    """Somebody sent one of these signals. code: what a program that one ended exits with."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.code = 128 + number


@contextmanager
def ending_signals() -> Iterator[None]:
    """Within the block SIGTERM and SIGHUP raise `Ended` in the main thread, once.

    One that was ignored before, as `nohup` has it, stays ignored. Other threads cannot have
    signals: in them this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    heard = [number for number in numbers if before[number] is not signal.SIG_IGN]

    def end(number: int, _: Any) -> None:
        for each in heard:  # a second one must not disturb the tidying up
            signal.signal(each, signal.SIG_IGN)
        raise Ended(number)

    try:
        for number in heard:
            signal.signal(number, end)
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


def exit_code(ended: KeyboardInterrupt) -> int:
    """What a program that this ended exits with."""
    return ended.code if isinstance(ended, Ended) else INTERRUPTED
