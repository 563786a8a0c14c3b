"""What a clip costs in the app while somebody else uses the processor, too.

A second person who generates at the same time, and a process that keeps one core busy. Knows the
app's API and nothing else of it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import TimeoutError
from contextlib import contextmanager
from statistics import median
from typing import Any

from gradio_client import Client
from gradio_client.exceptions import AppError

from hitvideo.errors import HiTVideoError

PROMPT = "a red car drives to the left across a desert"
PATIENCE = 600.0  # seconds for a clip


def measure_sharing(address: str, repeats: int) -> dict[str, Any]:
    """Seconds until a clip is there: for one person, for the later of two, beside a busy core.

    address: of an app that generates. All three by turns, ``repeats`` times; medians and how many
    times the first one the others are. Raises HiTVideoError where a clip fails.
    """
    people = [Client(address, verbose=False, download_files=False) for _ in range(2)]
    _generate(people[:1])  # the first clip takes longer
    times: dict[str, list[float]] = {"one": [], "two": [], "busy_core": []}
    for _ in range(repeats):
        times["one"].append(_generate(people[:1]))
        times["two"].append(_generate(people))
        with _busy_core():
            times["busy_core"].append(_generate(people[:1]))
    seconds = {name: median(each) for name, each in times.items()}
    return {
        "seconds": seconds,
        "all_seconds": times,
        "times_two": seconds["two"] / seconds["one"],
        "times_busy_core": seconds["busy_core"] / seconds["one"],
    }


def _generate(people: Sequence[Client]) -> float:
    """Seconds until all of them, who begin at once, have their clip."""
    start = time.perf_counter()
    jobs = [
        person.submit(prompt=PROMPT, seed=seed, api_name="/generate")
        for seed, person in enumerate(people)
    ]
    try:
        for job in jobs:
            job.result(timeout=PATIENCE)
    except TimeoutError as error:
        raise HiTVideoError(f"A clip was not there after {PATIENCE:g} seconds.") from error
    except AppError as error:
        raise HiTVideoError(f"The app did not generate: {error}") from error
    return time.perf_counter() - start


@contextmanager
def _busy_core() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()
