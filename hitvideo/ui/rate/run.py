"""The work behind the Rate vs quality tab: a video file in, what the page shows out, step by step.

The points are those of `evaluate rate`. A generator that can be closed between any two encodes and
leaves no file behind. Knows nothing of buttons or layout.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.rate.clip import METRICS, RatePoint, rate_quality
from hitvideo.evaluation.rate.codecs import CODECS
from hitvideo.evaluation.vmaf import available
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.temporary import scratch_folder
from hitvideo.tokenizer import fingerprint, ladder_fingerprint
from hitvideo.tokenizer.config import GROUP
from hitvideo.ui.errors import explain, refusal
from hitvideo.ui.hosting import RATE_SECONDS
from hitvideo.ui.player import Value, noted
from hitvideo.ui.reconstruct.run import FPS, Request, seconds_left, write
from hitvideo.video import Notes, read_steps

SHOW_EVERY = 0.25  # seconds between two views of the progress; also what a stop may take longer


@dataclass
class RateView:
    """What the plot shows, and what a caller of the API gets.

    clip: frames, height, width and fps; None until the clip is read. original: its MP4.
    points: figures of `RatePoint`, each with the MP4 of its frames as "video".
    message, progress, seconds_left, failed, note: as in `PlayerView`.
    """

    clip: dict[str, Any] | None = None
    original: Value | None = None
    points: list[dict[str, Any]] = field(default_factory=list)
    message: str = ""
    progress: float | None = None
    seconds_left: int | None = None
    failed: bool = False
    note: str = ""

    @property
    def value(self) -> Value:
        """As JSON, each video as Gradio's FileData."""
        return {**vars(self), "points": list(self.points)}


class RateQuality:
    """One release of weights, any number of people: nothing of a run is kept here."""

    def __init__(self, pipeline: HiTVideoPipeline, max_seconds: float = RATE_SECONDS) -> None:
        self.pipeline, self.max_seconds = pipeline, min(max_seconds, RATE_SECONDS)

    def stream(
        self,
        video: str | None,
        start: float | None = 0,
        length: float | None = RATE_SECONDS,
        size: int | None = 128,
        codecs: Sequence[str] | None = tuple(CODECS),
    ) -> Iterator[Value]:
        """Measure bits against quality for one clip: every level of it, and video codecs beside.

        video: a video file. start: where to begin, in seconds. length: seconds, at most 8; whole
        groups of 8 frames at 8 fps are measured. size: side of the centre square, in pixels: 64,
        128, 192 or 256. codecs: which to compare with, of "x264", "x265" and "svt-av1".

        Returns {clip: {frames, height, width, fps}, points: [{kind: "level" or the codec, name,
        bytes, bpp: actual bits per pixel, bpp_nominal (levels only), kbps, psnr in dB, ssim,
        ms_ssim, vmaf, video: an MP4}], original: an MP4, message, note: what to know of the clip,
        such as that its file ends early, ...}. The points arrive one by one, levels first, and are
        those of `hitvideo evaluate rate` on the same clip.
        """
        view = RateView()
        try:
            # Gradio copies what is shown to its own cache, which it cleans; the rest ends here.
            with scratch_folder() as folder:
                request = Request.check(video, start, length, size, self.max_seconds)
                yield from self._run(view, folder, request, checked_codecs(codecs))
        except Exception as error:
            message = explain(error, "A rate-quality run")
            yield RateView(message=message, failed=True).value
            raise refusal(message) from error

    def _run(
        self, view: RateView, folder: Path, request: Request, codecs: Sequence[str]
    ) -> Iterator[Value]:
        view.message, view.progress = "Reading the clip", 0.0
        yield view.value
        pictures = []
        path, start, seconds, size = request
        notes = Notes()
        for picture in read_steps(
            path, fps=FPS, size=size, start=start, seconds=seconds, notes=notes
        ):
            if picture is not None:
                pictures.append(picture)
            yield view.value
        frames = cut(pictures)
        view.clip = {"frames": len(frames), "height": request.size, "width": request.size}
        view.clip["fps"] = FPS
        view.note = notes.note
        view.original = file(write(folder / "original.mp4", frames))

        # Where the ffmpeg at hand does not know VMAF, the rest is worth having.
        metrics = [name for name in METRICS if name != "vmaf" or available()]
        begun = shown = time.monotonic()
        for step in rate_quality(self.pipeline, frames, FPS, codecs, metrics):
            if step.point is not None:
                view.points.append(self._point(step.point, folder / f"{len(view.points)}.mp4"))
            now = time.monotonic()
            if step.point is None and now - shown < SHOW_EVERY:
                continue
            shown = now
            view.message, view.progress = step.message, step.progress
            view.seconds_left = seconds_left(step.progress, now - begun)
            yield view.value
        view.message = noted(f"Done in {time.monotonic() - begun:.0f} s", view.note)
        view.progress = view.seconds_left = None
        yield view.value

    def _point(self, point: RatePoint, path: Path) -> dict[str, Any]:
        return {**point.figures(), "video": file(write(path, point.frames))}


def checked_codecs(codecs: object) -> list[str]:
    """The names of codecs to compare with; None is none of them."""
    names = [] if codecs is None else codecs
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise HiTVideoError(f"The codecs must be a list of some of {', '.join(CODECS)}.")
    return list(dict.fromkeys(names))


def cut(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """A clip of whole groups, as `evaluate rate` has it; HiTVideoError if there is none."""
    whole = len(pictures) // GROUP * GROUP
    if not whole:
        raise HiTVideoError(f"This clip is shorter than {GROUP} frames at {FPS:g} fps.")
    return np.stack(pictures[:whole])


def file(path: Path) -> Value:
    """A file that Gradio copies to its cache and gives an address."""
    return gr.FileData(path=str(path), mime_type="video/mp4").model_dump()


def reference(path: Path, pipeline: HiTVideoPipeline) -> dict[str, Any] | None:
    """The shipped figures of the levels, means over many clips, to lie behind the plot.

    path: of a report of `evaluate rate`. Returns {clips, points: [{bpp, psnr, ...}]}, or None
    where there is no such file, or it belongs to other weights.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    # A report of the ladder alone has its levels, too.
    ours = fingerprint(pipeline.tokenizer), ladder_fingerprint(pipeline.tokenizer)
    if report.get("tokenizer") not in ours:
        return None
    names = ("bpp", *report["metrics"])
    points = [{name: level[name]["mean"] for name in names} for level in report["levels"]]
    return {"clips": report["clips"], "points": points}
