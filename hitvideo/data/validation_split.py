"""Which captioned videos a generator is never trained on. Knows nothing of tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from hitvideo.data.captioned import FileSource, read_samples
from hitvideo.errors import HiTVideoError

LARGEST_FILM = 0.125  # of all files, that may be held out as a whole


def split_off(files: Sequence[FileSource], every: int) -> tuple[list[FileSource], list[FileSource]]:
    """The files but the held-out ones, and these: of every so many films one that can be read.

    Files that are called alike but for a number at the end are shots of one film, and shots beside
    each other show much the same, so that they stay together. Raises HiTVideoError where that
    leaves one of the two empty.
    """
    films = _films(files, every)
    held_out: set[FileSource] = set()
    for first in range(0, len(films), every):
        part = sorted(films[first : first + every], key=len)  # the shortest one costs least
        held_out.update(next((film for film in part if any(map(read_samples, film))), ()))
    rest = [file for file in files if file not in held_out]
    if not held_out or not rest:
        raise HiTVideoError(
            f"At least two videos that can be read are needed, as one in {every} is held out."
        )
    return rest, [file for file in files if file in held_out]


def _films(files: Sequence[FileSource], every: int) -> list[list[FileSource]]:
    """The files by the film they are of.

    One that more than a share of LARGEST_FILM belongs to, or that is no film but how a folder names
    its files, is cut into stretches of as many as are to be held out.
    """
    films: dict[Path, list[FileSource]] = {}
    for file in files:
        films.setdefault(film_of(file.path), []).append(file)
    most, stretch = max(1, int(LARGEST_FILM * len(files))), max(1, len(files) // every)
    parts: list[list[FileSource]] = []
    for film in films.values():
        step = len(film) if len(film) <= most else stretch
        parts += [film[first : first + step] for first in range(0, len(film), step)]
    return parts


def film_of(path: Path) -> Path:
    """What shots of one film share: their place and their name, but for a number at its end."""
    return path.with_name(re.sub(r"[ _.-]*\d*$", "", path.stem) + "*")
