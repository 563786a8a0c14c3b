"""What the app owes its machine: a free address, files of its own, and an end that leaves none.

Knows nothing of what is on the page. Gradio, which reads its variables when it is imported, comes
after `own_files`.
"""

from __future__ import annotations

import errno
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hitvideo.errors import HiTVideoError
from hitvideo.temporary import scratch_folder

if TYPE_CHECKING:
    from gradio import Blocks

CACHE = "GRADIO_TEMP_DIR"
LOCAL = "127.0.0.1"
DAY = 24 * 3600  # seconds


@contextmanager
def own_files() -> Iterator[None]:
    """Keeps runs and uploads in one folder, which goes at the end.

    If the process is killed, it goes when the next one starts. It lies where Gradio was told to
    keep its files, or else where temporary files go.
    """
    before = os.environ.get(CACHE), tempfile.tempdir
    with scratch_folder(before[0]) as folder:
        try:
            os.environ[CACHE], tempfile.tempdir = str(folder / "gradio"), str(folder)
            yield
        finally:
            tempfile.tempdir = before[1]
            os.environ.pop(CACHE)
            if before[0] is not None:
                os.environ[CACHE] = before[0]


def check_address(host: str | None, port: int | None) -> None:
    """Raises HiTVideoError where nobody can listen; None is what Gradio's variables say."""
    host = (host or os.environ.get("GRADIO_SERVER_NAME") or LOCAL).strip("[]")
    asked = port if port is not None else os.environ.get("GRADIO_SERVER_PORT")
    if asked is not None and not (str(asked).isdecimal() and 0 < int(asked) < 1 << 16):
        raise HiTVideoError(f"The port must be a whole number from 1 to 65535, not {asked}.")
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, int(asked or 0), type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (socket.gaierror, UnicodeError) as error:
        raise HiTVideoError(f"There is no address {host} to listen on.") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise HiTVideoError(f"Port {asked} is taken; choose another with --port.") from error
        where = f"port {asked} of {host}" if asked else host
        raise HiTVideoError(f"Nobody may listen on {where}: {error.strerror}.") from error


def wait_until_interrupted(app: Blocks) -> None:
    """Serves a launched app until an exception comes into the main thread, then closes it."""
    from gradio.tunneling import CURRENT_TUNNELS

    try:
        while True:
            time.sleep(DAY)
    finally:
        app.close(verbose=False)
        for tunnel in CURRENT_TUNNELS:
            tunnel.kill()
