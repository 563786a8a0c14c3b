"""Places where an output might be asked for, of every kind that there is, and what must hold after.

Used by the tests of `hitvideo.files`, of the command line, and by the fuzzing of both.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

OLD, INPUT = b"old", b"what is read"


class Place(NamedTuple):
    """A place to write to: its name; the words of the refusal, or "" where it can be written."""

    name: str
    refused: str


Maker = Callable[[Path, str], Place]


def _file(mode: int) -> Maker:
    def make(folder: Path, suffix: str) -> Place:
        path = folder / f"there{suffix}"
        path.write_bytes(OLD)
        path.chmod(mode)
        return Place(str(path), "" if mode & 0o200 else "is read-only")

    return make


def _link(target: str, refused: str = "", hard: bool = False) -> Maker:
    """To a target by its name in the folder; "{}" stands for the suffix."""

    def make(folder: Path, suffix: str) -> Place:
        path = folder / f"link{suffix}"
        if hard:
            os.link(folder / target, path)
        else:
            path.symlink_to(target.format(suffix))
            if target.startswith("real"):
                (folder / target.format(suffix)).write_bytes(OLD)
                (folder / target.format(suffix)).chmod(0o600)
        return Place(str(path), refused)

    return make


def _special(make_it: Callable[[str], None], refused: str) -> Maker:
    def make(folder: Path, suffix: str) -> Place:
        path = folder / f"special{suffix}"
        make_it(str(path))
        return Place(str(path), refused)

    return make


def _name(name: str, refused: str) -> Maker:
    """Of a file in the folder; "{}" stands for the suffix."""

    def make(folder: Path, suffix: str) -> Place:
        return Place(f"{folder}/{name.format(suffix)}", refused)

    return make


def _literal(name: str, refused: str) -> Maker:
    return lambda folder, suffix: Place(name, refused)


SAME, NONE = "made from it", "cannot be written"
PLACES: dict[str, Maker] = {
    "new": _name("new{}", ""),
    "new, of strange letters": _name("n é\n日\U0001f3ac -x {}", ""),
    "new, of bytes that are no text": _name("\udcff\udc80{}", ""),
    "new, of a long name": _name("x" * 240 + "{}", ""),
    "a file": _file(0o644),
    "a private file": _file(0o600),
    "a file that all may write": _file(0o666),
    "a read-only file": _file(0o444),
    "a file for nobody": _file(0o000),
    "a link to a file": _link("real{}"),
    "a link to nothing yet": _link("missing{}"),
    "a link to itself": _link("link{}", NONE),
    "a link into a missing folder": _link("none/new{}", NONE),
    "the input": _name("input", SAME),
    "a link to the input": _link("input", SAME),
    "a hard link to the input": _link("input", SAME, hard=True),
    "the input by a detour": _name("sub/../input", SAME),
    "a pipe": _special(os.mkfifo, "is a pipe"),
    "a link to a device": _special(lambda path: os.symlink("/dev/null", path), "is a device"),
    "a link to a full device": _special(lambda path: os.symlink("/dev/full", path), "is a device"),
    "a folder": _special(os.mkdir, "is a folder"),
    "a link to a folder": _link("sub", "is a folder"),
    "a name that says folder": _name("new{}/", "is a folder"),
    "a folder by its dots": _name("sub/..", "is a folder"),
    "in a missing folder": _name("none/new{}", NONE),
    "in a file": _name("input/new{}", NONE),
    "too long a name": _name("x" * 300 + "{}", NONE),
    "no name": _literal("", "needs a name"),
    "the folder itself": _literal(".", "is a folder"),
    "the root": _literal("/", "is a folder"),
    "a device": _literal("/dev/null", "is a device"),
    "a null character": _literal("a\0b", "needs a name"),
}


def prepare(folder: Path) -> Path:
    """A folder with an input and a subfolder; the input is returned."""
    (folder / "sub").mkdir()
    source = folder / "input"
    source.write_bytes(INPUT)
    return source


def look(folder: Path) -> dict[str, tuple[int, int, bytes | str]]:
    """Everything in a folder: kind and permissions, number of the file, and what is in it."""
    seen: dict[str, tuple[int, int, bytes | str]] = {}
    for path in sorted(folder.rglob("*")):
        found = path.lstat()
        content: bytes | str = b""
        if stat.S_ISLNK(found.st_mode):
            content = os.readlink(path)
        elif stat.S_ISREG(found.st_mode):
            content = path.read_bytes()
        seen[str(path)] = (found.st_mode, found.st_ino, content)
    return seen


def check_refused(folder: Path, before: dict[str, tuple[int, int, bytes | str]]) -> None:
    """A refusal changes nothing and leaves nothing."""
    assert look(folder) == before


def check_written(
    folder: Path, before: dict[str, tuple[int, int, bytes | str]], place: str, new: bytes
) -> None:
    """The file is whole, at the end of any link, as permitted as before; nothing else changed."""
    target = Path(os.path.realpath(place))
    after = look(folder)
    assert target.read_bytes() == new
    if str(target) in before:
        assert after[str(target)][0] == before[str(target)][0]
    rest = {name: seen for name, seen in after.items() if name != str(target)}
    assert rest == {name: seen for name, seen in before.items() if name != str(target)}
