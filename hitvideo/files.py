"""Output files and folders that appear complete or not at all.

Knows nothing of what is written into them.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from hitvideo.errors import HiTVideoError

_FINISHED = ".finished"  # holds folders that are whole and only have to be moved


@contextmanager
def json_output(path: str | Path) -> Iterator[dict[str, Any]]:
    """A dictionary to fill; it is written to ``path`` when the block ends without an error.

    Raises HiTVideoError before the block runs if ``path`` cannot be written, so that no long
    computation is lost to a typing mistake.
    """
    target = Path(path)
    part = target.with_name(f".{uuid.uuid4().hex}.json")
    if os.path.isdir(target):
        raise HiTVideoError(f"{target} is a folder, so no results can be written there.")
    content: dict[str, Any] = {}
    try:
        with _told(target):
            part.touch(exist_ok=False)
        yield content
        with _told(target):
            part.write_text(to_json(content) + "\n", encoding="utf-8")
            part.replace(target)
    finally:
        with suppress(OSError):
            part.unlink()


@contextmanager
def binary_output(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write bytes into; it appears at ``path`` when the block ends without an error.

    Raises HiTVideoError before the block runs if ``path`` cannot be written.
    """
    target = Path(path)
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    if os.path.isdir(target):
        raise HiTVideoError(f"{target} is a folder, so no file can be written there.")
    try:
        with _told(target):
            with open(part, "xb") as file:
                yield file
            part.replace(target)
    finally:
        with suppress(OSError):
            part.unlink()


@contextmanager
def folder_output(path: str | Path, spare: str | Path | None = None) -> Iterator[Path]:
    """A folder to write files into; they move to ``path`` when the block ends without an error.

    ``path`` is created if its parent exists; files already there stay, those of the same name are
    replaced, but for ``spare``. On any error it is left as it was, or not created at all.
    """
    target = Path(path)
    created = not os.path.lexists(target)
    part = target / f".{uuid.uuid4().hex}"
    try:
        with _told(target):
            target.mkdir(exist_ok=True)
            part.mkdir()
        yield part
        files = sorted(part.iterdir())
        for place in (target / file.name for file in files):
            if place.is_dir():
                raise HiTVideoError(f"{place} is a folder, so no file can be written there.")
            if spare is not None and place.exists() and place.samefile(spare):
                raise HiTVideoError(
                    f"{place} would be replaced by its own copy; choose another folder."
                )
        with _told(target):
            for file in files:
                file.replace(target / file.name)
        created = False  # it holds results now
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if created:
            with suppress(OSError):
                target.rmdir()


@contextmanager
def folders_output(folder: str | Path) -> Iterator[Path]:
    """A folder to make folders in; all of them together take the place of those in ``folder``.

    A kill while they are made leaves the previous ones as they are. One while they are moved, which
    is a matter of a few renames, leaves both sides of it to `finish_output`.
    """
    target = Path(folder)
    part = target / ".unfinished"
    with _told(target):
        finish_output(target)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
    try:
        yield part
        with _told(target):
            part.rename(target / _FINISHED)
            finish_output(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def finish_output(folder: str | Path) -> None:
    """Moves what `folders_output` had made, and was killed before it had moved all of it."""
    finished = Path(folder) / _FINISHED
    if not finished.is_dir():
        return
    replaced = finished / ".replaced"
    for new in sorted(path for path in finished.iterdir() if path != replaced):
        place = Path(folder) / new.name
        shutil.rmtree(replaced, ignore_errors=True)
        if place.exists():
            place.rename(replaced)
        new.rename(place)
    shutil.rmtree(finished)


def to_json(content: Any) -> str:
    """JSON for people and programs alike; NaN and infinities are errors."""
    return json.dumps(content, indent=2, allow_nan=False)


@contextmanager
def _told(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HiTVideoError(f"{target} cannot be written: {error.strerror}.") from error
