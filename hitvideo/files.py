"""Output files and folders that appear complete or not at all, and never in place of an input.

The one place that decides whether an output may be written. Knows nothing of what is written.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from hitvideo.errors import HiTVideoError, disk_is_full
from hitvideo.temporary import held_file, held_folder

PathLike = str | os.PathLike[str]

FULL = 1 << 16  # bytes; a disk with less room than that counts as full
MAX_TEXT = 256 << 20  # bytes; the largest text that is read
KINDS = {
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
}

_FINISHED = ".finished"  # holds folders that are whole and only have to be moved


@contextmanager
def json_output(path: PathLike, inputs: Iterable[PathLike] = ()) -> Iterator[dict[str, Any]]:
    """A dictionary to fill; it is written to ``path`` when the block ends without an error.

    inputs: as in `check_output`. Raises HiTVideoError before the block runs if ``path`` cannot be
    written, so that no long computation is lost to a typing mistake.
    """
    content: dict[str, Any] = {}
    with whole_file(path, inputs) as part:
        yield content
        with _told(path):
            part.write_text(to_json(content) + "\n", encoding="utf-8")


@contextmanager
def binary_output(path: PathLike, inputs: Iterable[PathLike] = ()) -> Iterator[BinaryIO]:
    """A file to write bytes into; it appears at ``path`` when the block ends without an error.

    inputs: as in `check_output`. Raises HiTVideoError before the block runs if ``path`` cannot be
    written.
    """
    with whole_file(path, inputs) as part, _told(path), open(part, "wb") as file:
        yield file


@contextmanager
def whole_file(path: PathLike, inputs: Iterable[PathLike] = ()) -> Iterator[Path]:
    """A hidden file to write; it takes the place of ``path`` when the block ends without an error.

    It lies beside the file that ``path`` leads to, ends like ``path``, and has the permissions of
    the one that it replaces. inputs: as in `check_output`. Raises HiTVideoError before the block
    runs if ``path`` cannot be written, and later if the disk is full.
    """
    target, found = check_output(path, inputs)
    with ExitStack() as stack:
        with _told(path):
            part = stack.enter_context(held_file(target.parent, Path(path).suffix))
            _like(part, found)
        with _room(path, part):
            yield part
        with _told(path):
            _put(part, target, found)


@contextmanager
def folder_output(path: PathLike, inputs: Iterable[PathLike] = ()) -> Iterator[Path]:
    """A folder to write files into; they are at ``path`` when the block ends without an error.

    ``path`` is created, all at once, if its parent exists. In a folder that is there already, other
    files stay, and those of the same name are replaced, unless they are among the ``inputs``. On
    any error it is left as it was, or not created at all.
    """
    (target, there), inputs = _folder(path), list(inputs)
    with ExitStack() as stack:
        with _told(path):
            part = stack.enter_context(held_folder(target if there else target.parent))
        with _room(path, part):
            yield part
        if not there:
            with _told(path):
                os.rename(part, target)
            return
        files = sorted(part.iterdir())
        places = [check_output(target / file.name, inputs) for file in files]
        with _told(path):
            for file, (place, found) in zip(files, places, strict=True):
                _put(file, place, found)


def check_output(
    path: PathLike, inputs: Iterable[PathLike] = ()
) -> tuple[Path, os.stat_result | None]:
    """The file that ``path`` leads to, through any links, and what it is like if it is there.

    inputs: files that are read for it; none of them may be replaced, whatever name leads there.
    Raises HiTVideoError for what is no file, is read-only, or is one of the inputs.
    """
    text = os.fspath(path)
    if not text or "\0" in text:
        raise HiTVideoError("The output needs a name.")
    if os.path.basename(text) in ("", ".", ".."):
        raise HiTVideoError(f"{text} is a folder, so no file can be written there.")
    target = Path(os.path.realpath(text))
    try:
        found = os.stat(text)
    except FileNotFoundError:
        return target, None
    except OSError as error:
        raise HiTVideoError(f"{text} cannot be written: {error.strerror}.") from error
    if stat.S_ISDIR(found.st_mode):
        raise HiTVideoError(f"{text} is a folder, so no file can be written there.")
    if not stat.S_ISREG(found.st_mode):
        kind = KINDS.get(stat.S_IFMT(found.st_mode), "special file")
        raise HiTVideoError(f"{text} is a {kind}, so no file can be written there.")
    for source in inputs:
        with suppress(OSError):
            if os.path.samestat(os.stat(source), found):
                raise HiTVideoError(
                    f"{text} would be replaced by what is made from it; choose another output."
                )
    if not found.st_mode & 0o222 or not os.access(target, os.W_OK):
        raise HiTVideoError(f"{text} is read-only, so it stays as it is.")
    return target, found


def read_text(path: PathLike) -> str:
    """A text file in UTF-8, with or without a byte order mark; its lines end as they are stored.

    Pipes are read, too. Raises HiTVideoError for what cannot be read, is no such text, or has no
    end, as a device may not.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_TEXT + 1)
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else "that is no name"
        raise HiTVideoError(f"{path} cannot be read: {words}.") from error
    if len(data) > MAX_TEXT:
        raise HiTVideoError(f"{path} is larger than {MAX_TEXT >> 20} MiB, too large for a text.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise HiTVideoError(f"{path} cannot be read as UTF-8 text.") from error


def append_line(path: Path, line: str) -> None:
    """Adds a line to a text file; one that a kill has cut short stays a line of its own."""
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(f"{line}\n".encode())


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
        with _room(target, part):
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


def is_full(folder: Path) -> bool:
    """Whether the disk under ``folder`` has no room left to speak of."""
    try:
        return shutil.disk_usage(folder).free < FULL
    except OSError:
        return False


def _folder(path: PathLike) -> tuple[Path, bool]:
    """The folder that ``path`` leads to, and whether it is there."""
    text = os.fspath(path)
    if not text or "\0" in text:
        raise HiTVideoError("The output folder needs a name.")
    target = Path(os.path.realpath(text))
    try:
        found = os.stat(text)
    except FileNotFoundError:
        return target, False
    except OSError as error:
        raise HiTVideoError(f"{text} cannot be written: {error.strerror}.") from error
    if not stat.S_ISDIR(found.st_mode):
        raise HiTVideoError(f"{text} cannot be written: it is a file, not a folder.")
    return target, True


def _put(part: Path, target: Path, found: os.stat_result | None) -> None:
    _like(part, found)
    try:
        os.replace(part, target)
    except OSError as error:
        if error.errno != errno.EXDEV:  # a link has led to another disk
            raise
        with held_file(target.parent, target.suffix) as copy:
            shutil.copyfile(part, copy)
            _like(copy, found)
            os.replace(copy, target)


def _like(part: Path, found: os.stat_result | None) -> None:
    """Gives a file the owner, if that is allowed, and the permissions of another."""
    if found is None:
        return
    if hasattr(os, "chown"):
        with suppress(OSError):
            os.chown(part, found.st_uid, found.st_gid)
    part.chmod(stat.S_IMODE(found.st_mode) & 0o777)


@contextmanager
def _told(path: PathLike) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HiTVideoError(f"{os.fspath(path)} cannot be written: {error.strerror}.") from error


@contextmanager
def _room(path: PathLike, part: Path) -> Iterator[None]:
    """Names a full disk, which libraries report in words of their own."""
    try:
        yield
    except HiTVideoError:
        raise
    except Exception as error:
        if disk_is_full(error) or is_full(part.parent):
            raise HiTVideoError(
                f"{os.fspath(path)} cannot be written: the disk is full."
            ) from error
        raise
