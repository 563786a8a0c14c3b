"""Temporary files and folders that go away even after their process was killed.

Whoever works on one holds a lock on it, which the system lets go however the process ends. So
whoever begins in the same place later can tell what was left there, and removes it. Where there
are no such locks, nothing of others is ever touched.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

HIDDEN, SHOWN = ".hitvideo-", "hitvideo-"
ENDING = re.compile(r"\.\w{1,8}")
OURS = re.compile(rf"\.?hitvideo-[0-9a-f]{{32}}({ENDING.pattern})?")  # no name that a person gives
ATTEMPTS = 5  # at removing a folder into which a thread may still be writing


@contextmanager
def held_file(folder: Path, suffix: str = "") -> Iterator[Path]:
    """An empty hidden file in ``folder``; gone at the end, unless it was moved away.

    suffix: such as ".mp4"; left out where it is no common one. Raises OSError if it cannot be made.
    """
    sweep(folder)
    path = folder / f"{HIDDEN}{uuid.uuid4().hex}{suffix if ENDING.fullmatch(suffix) else ''}"
    lock = None
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        lock = _lock(path)
        yield path
    finally:
        with suppress(OSError):
            path.unlink()
        _unlock(lock)


@contextmanager
def held_folder(parent: Path, hidden: bool = True, mode: int = 0o777) -> Iterator[Path]:
    """An empty folder in ``parent``; gone at the end with all in it, unless it was moved away.

    Raises OSError if it cannot be made.
    """
    sweep(parent)
    path = parent / f"{HIDDEN if hidden else SHOWN}{uuid.uuid4().hex}"
    lock = None
    try:
        path.mkdir(mode)
        lock = _lock(path)
        yield path
    finally:
        for _ in range(ATTEMPTS):
            shutil.rmtree(path, ignore_errors=True)
            if not path.exists():
                break
        _unlock(lock)


@contextmanager
def scratch_folder(parent: str | Path | None = None) -> Iterator[Path]:
    """A folder for this process alone in ``parent`` (None: where temporary files go)."""
    where = Path(parent or tempfile.gettempdir())
    where.mkdir(parents=True, exist_ok=True)
    with held_folder(where, hidden=False, mode=0o700) as folder:
        yield folder


def sweep(folder: Path) -> None:
    """Removes what killed processes of this user have left in ``folder``."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if OURS.fullmatch(entry.name):
                _remove_if_left(Path(entry.path))


def _remove_if_left(path: Path) -> None:
    lock = None
    with suppress(OSError):
        found = path.lstat()
        ours = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
        if not ours or not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            return
        lock = _lock(path, wait=False)
        if lock is not None:
            shutil.rmtree(path) if stat.S_ISDIR(found.st_mode) else path.unlink()
    _unlock(lock)


def _lock(path: Path, wait: bool = True) -> int | None:
    """A descriptor that holds ``path`` until it is closed; None where that cannot be.

    Nobody else holds what was just made, but for somebody who takes it for a leftover: then it is
    gone, which is an OSError to whoever made it.
    """
    if sys.platform == "win32":
        return None
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _unlock(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)
