"""The clips that figures are measured on, all cut the same way.

Centre square at 128x128, 8 fps by timestamps, the first 64 frames or as many whole groups of 8 as
there are. Knows nothing of models.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import bootstrap

from hitvideo.data.pool import VIDEO_SUFFIXES
from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer.config import GROUP
from hitvideo.toon import toon_clip
from hitvideo.toon.seeds import VALIDATION
from hitvideo.video import read_video

FPS = 8.0
SIDE = 128  # pixels
FRAMES = 64
PROTOCOL: dict[str, Any] = {"fps": FPS, "height": SIDE, "width": SIDE, "frames": FRAMES}


@dataclass(frozen=True)
class Clip:
    """frames: uint8 RGB ``(T, 128, 128, 3)``, T a multiple of 8 up to 64; source: where from."""

    name: str
    source: str
    frames: np.ndarray


class FolderClips:
    """The videos under a folder, in the order of their names, read one by one.

    Files that cannot be measured are passed over and noted in ``skipped``: name to reason.
    A clip's source is its file name without the number at the end.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.skipped: dict[str, str] = {}
        if not os.path.isdir(folder):
            raise HiTVideoError(f"There is no folder {folder}.")
        files = (p for p in self.folder.rglob("*") if p.suffix.lower() in VIDEO_SUFFIXES)
        self.paths = sorted(p for p in files if p.is_file())
        if not self.paths:
            raise HiTVideoError(f"There are no videos in {folder}.")

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[Clip]:
        for path in self.paths:
            name = path.relative_to(self.folder).as_posix()
            try:
                frames = read_clip(path)
            except HiTVideoError as error:
                self.skipped[name] = str(error)
                continue
            yield Clip(name, re.sub(r"[_-]?\d*$", "", path.stem), frames)


class ToonClips:
    """The frozen Toon validation set."""

    skipped: dict[str, str] = {}  # noqa: RUF012  nothing is ever skipped

    def __len__(self) -> int:
        return len(VALIDATION)

    def __iter__(self) -> Iterator[Clip]:
        for seed in VALIDATION:
            clip = toon_clip(seed, frames=FRAMES, height=SIDE, width=SIDE)
            yield Clip(f"toon-{seed}", "toon", clip.frames.numpy())


def read_clip(path: Path) -> np.ndarray:
    """The stretch of a file that is measured; HiTVideoError if it is shorter than 8 frames."""
    frames = read_video(path, fps=FPS, size=SIDE, seconds=FRAMES / FPS)
    whole = len(frames) // GROUP * GROUP
    if not whole:
        raise HiTVideoError(f"{path.name} is shorter than {GROUP} frames at {FPS:g} fps.")
    return frames[:whole]


def mean_with_interval(
    values: Iterable[float], sources: Iterable[str], resamples: int = 2000
) -> tuple[float, list[float]]:
    """The mean over clips, and its 95 % bootstrap interval.

    Whole sources are drawn, since clips of one source are alike; where there is only one, clips.
    """
    numbers, names = np.array(list(values)), np.array(list(sources))
    if len(set(names)) == 1:
        names = np.arange(len(numbers)).astype(str)
    groups = [numbers[names == name] for name in sorted(set(names))]
    sums, counts = np.array([g.sum() for g in groups]), np.array([len(g) for g in groups])
    mean = float(numbers.mean())
    if len(groups) == 1:
        return mean, [mean, mean]
    interval = bootstrap(
        (sums, counts),
        lambda sums, counts, axis: sums.sum(axis) / counts.sum(axis),
        paired=True,
        n_resamples=resamples,
        method="percentile",
        rng=0,
    ).confidence_interval
    return mean, [float(interval.low), float(interval.high)]


def open_clips(where: str | Path) -> FolderClips | ToonClips:
    """The clips of a folder, or the Toon validation set where ``where`` is the word "toon"."""
    return ToonClips() if where == "toon" else FolderClips(where)
