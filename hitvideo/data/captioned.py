"""Clips with captions, to be read one after the other: rendered scenes, and videos of a folder."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from torch import Tensor

from hitvideo.data.pool import VIDEO_SUFFIXES
from hitvideo.errors import HiTVideoError, HiTVideoWarning
from hitvideo.files import read_text
from hitvideo.plan.tracks import mirror_plan, unknown
from hitvideo.toon import Scene, caption, mirrored, render_with_mask, sample_scene, scene_plan

WORDINGS = 8  # captions of one Toon clip
CAPTIONS = "captions.jsonl"
NAMED = 10  # entries that match no video, in a warning

Size = tuple[int, int, int]


@dataclass(frozen=True)
class Sample:
    """One clip.

    frames: uint8 ``(T, H, W, 3)``. subject_mask: how far each pixel shows what the captions are
    about, uint8 ``(T, H, W)``. plan: see `hitvideo.plan`; zeros where it is not known.
    """

    frames: np.ndarray
    captions: list[str]
    subject_mask: np.ndarray
    plan: Tensor


Source = Callable[[], list[Sample]]


@dataclass(frozen=True)
class ToonSource:
    """The scene of a seed.

    enlarge: render it that much smaller and repeat the pixels, which is all the same to levels that
        average over as many.
    mirror: make a second clip of it, as a mirror shows it: rendering takes longer than tokenizing.
    """

    seed: int
    size: Size
    fps: float
    enlarge: int = 1
    mirror: bool = False

    def __call__(self) -> list[Sample]:
        scene = sample_scene(self.seed)
        frames, height, width = self.size
        small = height // self.enlarge, width // self.enlarge
        drawn = render_with_mask(scene, frames, *small, self.fps)
        clip, mask = (x.numpy().repeat(self.enlarge, 1).repeat(self.enlarge, 2) for x in drawn)
        plan = scene_plan(scene, *self.size, self.fps)
        samples = [Sample(clip, self._words(scene), mask, plan)]
        if self.mirror and (other := mirrored(scene)):
            flipped, plan = (clip[:, :, ::-1], mask[:, :, ::-1]), mirror_plan(plan)
            samples.append(Sample(flipped[0], self._words(other), flipped[1], plan))
        return samples

    def _words(self, scene: Scene) -> list[str]:
        return [caption(scene, self.seed + (k << 40)) for k in range(WORDINGS)]


@dataclass(frozen=True)
class FileSource:
    path: Path
    words: tuple[str, ...]
    size: Size
    fps: float

    def __call__(self) -> list[Sample]:
        from hitvideo.video import Notes, read_video  # a machine that trains on Toon has no decoder

        frames, height, width = self.size
        notes, seconds = Notes(), frames / self.fps
        clip = read_video(
            self.path, fps=self.fps, size=(height, width), seconds=seconds, notes=notes
        )
        notes.warn_if_cut(self.path.name)
        short = frames - len(clip)
        clip = np.concatenate([clip, np.repeat(clip[-1:], max(0, short), 0)])[:frames]
        # Nobody has drawn it.
        return [Sample(clip, [*self.words], np.zeros(self.size, np.uint8), unknown(frames))]


def captioned_files(folder: Path, size: Size, fps: float) -> list[FileSource]:
    """Every video under ``folder`` that has a caption.

    In ``captions.jsonl``, one object per line with "file" and "caption" (text or a list), or in a
    .txt file beside the video, one caption per line. Warns of entries that name no video here.
    """
    if not folder.is_dir():
        raise HiTVideoError(f"There is no folder {folder}.")
    words = _captions_jsonl(folder / CAPTIONS)
    sources = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in VIDEO_SUFFIXES):
        beside = path.with_suffix(".txt")
        said = words.pop(path.relative_to(folder).as_posix(), None)
        if said is None and beside.is_file():
            lines = map(str.strip, read_text(beside).split("\n"))
            said = [line for line in lines if line]
        if said:
            sources.append(FileSource(path, tuple(said), size, fps))
    if words:
        names = ", ".join(f'"{name}"' for name in islice(words, NAMED))
        more = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
        warnings.warn(
            f"{folder / CAPTIONS} has captions for files that are no videos in {folder}, and are "
            f"left out: {names}{more}.",
            HiTVideoWarning,
            stacklevel=2,
        )
    if not sources:
        raise HiTVideoError(f"There is no video with a caption in {folder}.")
    return sources


def _captions_jsonl(path: Path) -> dict[str, list[str]]:
    if not path.is_file():
        return {}
    words: dict[str, list[str]] = {}
    # At line feeds alone: JSON may hold the other line separators of Unicode as they are.
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            said = entry["caption"]
            words[str(entry["file"])] = [said] if isinstance(said, str) else [*map(str, said)]
        except (ValueError, KeyError, TypeError) as error:
            raise HiTVideoError(
                f'Line {number} of {path} should be {{"file": ..., "caption": ...}}.'
            ) from error
    return words


def read_samples(source: Source) -> list[Sample]:
    """Its clips; none where it cannot be read."""
    try:
        return source()
    except HiTVideoError:
        return []
