"""How long `python app.py` takes until its page answers, everything loaded, and to serve others.

Imports, weights and all, in a process of its own, as a person starts it. Knows nothing of what is
on the page, nor of the browser's own second.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.error import HTTPError

from hitvideo.benchmarks.tokenizer import processor
from hitvideo.cores import usable_cores
from hitvideo.errors import HiTVideoError

APP = Path(__file__).resolve().parents[2] / "app.py"
POLL = 0.05  # seconds
ENDING = 10.0  # seconds for an end that is asked for
PATIENCE = 300.0  # seconds for a start; beyond, the app hangs


def benchmark_app(weights: Path, repeats: int = 5) -> dict[str, Any]:
    """Seconds from the command to the page, median and all of ``repeats`` starts.

    The first start after an install also reads all packages from disk. With a generator among the
    weights, "sharing" tells what a clip costs while others use the processor, see
    `measure_sharing`. Raises HiTVideoError for an app that ends by itself or hangs.
    """
    if not APP.is_file():
        raise HiTVideoError("This benchmark needs app.py, so a copy of the repository.")
    if repeats < 1:
        raise HiTVideoError("The benchmark needs at least one repetition.")
    times = []
    report: dict[str, Any] = {"machine": {"processor": processor(), "cores": usable_cores()}}
    for number in range(1, repeats + 1):
        with _opened(weights) as (address, seconds):
            times.append(seconds)
            if number == repeats and (weights / "generator").is_dir():
                from hitvideo.benchmarks.sharing import measure_sharing

                report["sharing"] = measure_sharing(address, repeats)
    return {**report, "repeats": repeats, "seconds": median(times), "all_seconds": times}


@contextmanager
def _opened(weights: Path) -> Iterator[tuple[str, float]]:
    """The app's address while it runs, and how many seconds it took to answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    command = [sys.executable, str(APP), "--weights", str(weights.absolute())]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=APP.parent, stdout=said, stderr=said)
        try:
            while process.poll() is None:
                left = PATIENCE - (time.perf_counter() - start)
                if left <= 0:
                    raise HiTVideoError(f"The app did not open within {PATIENCE:g} seconds.")
                try:
                    with urllib.request.urlopen(address, timeout=left) as page:
                        page.read()
                    break
                except HTTPError as error:
                    raise HiTVideoError(
                        f"The app opened, but its page is an error: {error.code}."
                    ) from error
                except OSError:  # nobody listens yet
                    time.sleep(POLL)
            else:
                said.seek(0)
                words = said.read().decode(errors="replace").splitlines()
                raise HiTVideoError(f"The app did not open. {words[-1] if words else ''}".strip())
            yield address, time.perf_counter() - start
        finally:
            process.terminate()
            try:
                process.wait(ENDING)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
