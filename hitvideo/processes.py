"""Worker processes that end with whoever started them, however that ends."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process


@contextmanager
def worker_processes(count: int | None) -> Iterator[ProcessPoolExecutor]:
    """New processes for work (None: one for every core), which on an error stop in the middle."""
    others = set(active_children())
    executor = ProcessPoolExecutor(count, get_context("spawn"), initializer=begin_worker)
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for child in set(active_children()) - others:
            child.terminate()
        raise
    finally:
        executor.shutdown()


def begin_worker() -> None:
    """What every worker does first.

    Ctrl-C in a terminal reaches the workers, too, but is for the parent to answer; and when that is
    killed, nobody else ends them.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
