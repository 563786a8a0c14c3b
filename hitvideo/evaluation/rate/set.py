"""Bits against quality over a set of clips: `rate_quality` on each, and what it adds up to.

Returns plain data for JSON; the clips of an earlier, unfinished run are taken from it. Knows
nothing of files, and draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.clips import FPS, PROTOCOL, Clip, FolderClips, ToonClips, read_clip
from hitvideo.evaluation.rate.clip import METRICS, check_names, rate_quality
from hitvideo.evaluation.rate.codecs import CODECS
from hitvideo.evaluation.rate.summary import summarize
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.tokenizer import fingerprint

Report = dict[str, Any]


@dataclass
class OneClip:
    """A single file, as a set; what cannot be measured is an error, not passed over."""

    path: Path

    def __post_init__(self) -> None:
        self.skipped: dict[str, str] = {}

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Clip]:
        yield Clip(self.path.name, self.path.stem, read_clip(self.path))


def open_set(where: str) -> OneClip | FolderClips | ToonClips:
    """A video file, a folder of them, or the Toon validation set for the word "toon"."""
    if where == "toon":
        return ToonClips()
    return OneClip(Path(where)) if Path(where).is_file() else FolderClips(where)


def evaluate_rate(
    pipeline: HiTVideoPipeline,
    clips: Iterable[Clip],
    coding: str,
    codecs: Sequence[str] = tuple(CODECS),
    metrics: Sequence[str] = tuple(METRICS),
    earlier: Report | None = None,
    tell: Callable[[float, str], None] = lambda progress, message: None,
) -> Iterator[Report]:
    """The report on the clips measured so far, after every clip; the last one is on them all.

    coding: a name for what the pipeline's coder does, for the record.
    earlier: such a report; its clips are not measured again where everything that makes their
    figures is the same, the frames included. Of another tokenizer's report the codecs' points
        are taken, where they were followed just as far.
    tell: hears the progress on the clip in hand, 0 to 1, and a message.
    Raises HiTVideoError where no clip could be measured.
    """
    check_names(codecs, metrics)
    setup = {
        "protocol": PROTOCOL,
        "tokenizer": fingerprint(pipeline.tokenizer),
        "coding": coding,
        "codecs": {name: CODECS[name].describe() for name in codecs},
        "metrics": list(metrics),
    }
    known: dict[tuple[str, str], Report] = {}
    if earlier is not None and all(
        earlier.get(key) == setup[key] for key in ("protocol", "codecs", "metrics")
    ):
        known = {(clip["name"], clip["frames_hash"]): clip for clip in earlier["by_clip"]}
        if any(earlier.get(key) != setup[key] for key in ("tokenizer", "coding")):
            known = {key: _codecs_alone(clip) for key, clip in known.items()}
    by_clip: list[Report] = []
    depth = pipeline.tokenizer.config.depth
    for clip in clips:
        digest = sha256(clip.frames.tobytes()).hexdigest()[:16]
        before = known.get((clip.name, digest))
        if before is not None and "reach" not in before:
            by_clip.append(before)
            continue
        points: list[Report] = []
        for step in rate_quality(pipeline, clip.frames, FPS, codecs, metrics):
            tell(step.progress, f"{clip.name}: {step.message}")
            if step.point is not None:
                points.append(step.point.figures())
            if before and len(points) == depth and before["reach"] == _reach(points):
                points += before["points"]
                break
        by_clip.append(
            {
                "name": clip.name,
                "source": clip.source,
                "frames": len(clip.frames),
                "frames_hash": digest,
                "points": points,
            }
        )
        yield _report(setup, by_clip)
    if not by_clip:
        raise HiTVideoError("There is no clip that could be measured.")
    yield _report(setup, by_clip)


def _codecs_alone(clip: Report) -> Report:
    """A clip's codec points, and how far they were followed."""
    levels = [point for point in clip["points"] if point["kind"] == "level"]
    others = [point for point in clip["points"] if point["kind"] != "level"]
    return {"points": others, "reach": _reach(levels)}


def _reach(levels: Sequence[Report]) -> float:
    """The bits per pixel that `rate_quality` follows codecs to, but for a constant factor."""
    return round(levels[-1]["bpp"], 6)


def _report(setup: Report, by_clip: list[Report]) -> Report:
    return {**setup, **summarize(by_clip, setup["metrics"], list(setup["codecs"]))}
