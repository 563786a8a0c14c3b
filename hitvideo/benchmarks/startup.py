"""How long `python app.py` takes until its page answers, everything loaded.

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
from pathlib import Path
from statistics import median
from typing import Any
from urllib.error import HTTPError

from hitvideo.benchmarks.tokenizer import processor
from hitvideo.errors import HiTVideoError

APP = Path(__file__).resolve().parents[2] / "app.py"
POLL = 0.05  # seconds
ENDING = 10.0  # seconds for an end that is asked for
PATIENCE = 300.0  # seconds for a start; beyond, the app hangs


def benchmark_app(weights: Path, repeats: int = 5) -> dict[str, Any]:
    """Seconds from the command to the page, median and all of ``repeats`` starts.

    The first start after an install also reads all packages from disk. Raises HiTVideoError for an
    app that ends by itself or hangs.
    """
    if not APP.is_file():
        raise HiTVideoError("This benchmark needs app.py, so a copy of the repository.")
    if repeats < 1:
        raise HiTVideoError("The benchmark needs at least one repetition.")
    times = [_open(weights) for _ in range(repeats)]
    return {
        "machine": {"processor": processor()},
        "repeats": repeats,
        "seconds": median(times),
        "all_seconds": times,
    }


def _open(weights: Path) -> float:
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
                    return time.perf_counter() - start
                except HTTPError as error:
                    raise HiTVideoError(
                        f"The app opened, but its page is an error: {error.code}."
                    ) from error
                except OSError:  # nobody listens yet
                    time.sleep(POLL)
        finally:
            process.terminate()
            try:
                process.wait(ENDING)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        said.seek(0)
        words = said.read().decode(errors="replace").splitlines()
    raise HiTVideoError(f"The app did not open. {words[-1] if words else ''}".strip())
