"""The Reconstruct tab: a clip goes in, the original and every level of it play side by side.

`Reconstruction` is the work, a generator that can be closed between any two groups of frames;
`reconstruct_tab` is the page around it. Knows nothing of models beyond the pipeline it is given.
"""

from __future__ import annotations

import logging
import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from hitvideo.errors import HiTVideoError
from hitvideo.pipeline import HiTVideoPipeline, LevelResult
from hitvideo.ui.levels import levels_table, table_value
from hitvideo.ui.player import PlayerView, Tile, Value, player, settled
from hitvideo.video import read_frames, write_video

FPS = 8.0  # frames per second that the models know
SIZES = (64, 128, 192, 256)  # sides of the square clip, pixels
MAX_SECONDS = 20.0
RUNS_AT_ONCE = 2  # people served at a time; the others wait in line
SURE_AFTER = 0.5  # seconds of work before a guess at the time left is worth showing

log = logging.getLogger(__name__)


def reconstruct_tab(pipeline: HiTVideoPipeline, clips: Sequence[Path]) -> None:
    """Fills the tab that is being built; `clips` are offered as examples."""
    reconstruction = Reconstruction(pipeline)
    with gr.Row(elem_classes="hv-inputs"):
        with gr.Column(scale=5, min_width=320):
            video = gr.Video(
                label="Clip", sources=["upload"], height=300, buttons=[], elem_classes="hv-upload"
            )
        with gr.Column(scale=6, min_width=320, elem_classes="hv-settings"):
            gr.Examples([[str(clip)] for clip in clips], [video], label="Or try one of these")
            with gr.Row(elem_classes="hv-fields"):
                start = gr.Number(0, label="Start, s", min_width=90)
                length = gr.Number(8, label=f"Length, s (up to {MAX_SECONDS:g})", min_width=90)
                size = gr.Radio(SIZES, value=128, label="Square, pixels a side", min_width=250)
            with gr.Row(elem_classes="hv-buttons"):
                run = gr.Button("Reconstruct", variant="primary", size="lg", min_width=120)
                stop = gr.Button("Stop", size="lg", interactive=False, min_width=90)
    screen = player()
    table = levels_table()

    def begin() -> tuple[Value, Value, gr.Button, gr.Button]:
        view = reconstruction.view(message="Waiting for its turn", progress=0.0)
        return view.value, table_value(), gr.Button(interactive=False), gr.Button(interactive=True)

    def end(value: Value) -> tuple[Value, gr.Button, gr.Button]:
        shown = settled(value, "Stopped")
        return shown, gr.Button(interactive=True), gr.Button(interactive=False)

    quiet: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    begun = run.click(begin, outputs=[screen, table, run, stop], **quiet)
    work = begun.then(
        reconstruction.stream,
        [video, start, length, size],
        [screen, table],
        api_name="reconstruct",
        show_progress="hidden",
        concurrency_limit=RUNS_AT_ONCE,
    )
    work.then(end, screen, [screen, run, stop], **quiet)
    stopped = stop.click(None, cancels=[work])
    stopped.then(end, screen, [screen, run, stop], **quiet)


class Reconstruction:
    """One pipeline, any number of people: nothing of a run is kept here."""

    def __init__(self, pipeline: HiTVideoPipeline) -> None:
        self.pipeline = pipeline

    def stream(
        self, video: str | None, start: float | None, length: float | None, size: int | None
    ) -> Iterator[tuple[Value, Value]]:
        """Encode a clip and decode it at every level, coarse first.

        video: a video file. start: where to begin, in seconds. length: seconds, at most 20.
        size: side of the centre square, in pixels: 64, 128, 192 or 256.

        Returns the player ({tiles: [{label, detail, video}], message, progress, seconds_left}: the
        original at 8 fps, then one tile and MP4 per level) and the table ({summary, rows: [{level,
        tokens, bits, bpp, psnr, ssim}]}), both growing level by level.
        """
        try:
            with tempfile.TemporaryDirectory(prefix="hitvideo-") as folder:
                yield from self._run(Path(folder), video, start, length, size)
        except HiTVideoError as error:
            raise gr.Error(str(error), title="", print_exception=False) from None
        except Exception:
            log.exception("A reconstruction failed")
            raise gr.Error(
                "Something went wrong on our side; please try again, or try another clip.",
                title="",
                print_exception=False,
            ) from None

    def view(
        self,
        original: Tile | None = None,
        ready: Sequence[Tile] = (),
        message: str = "",
        progress: float | None = None,
        seconds_left: int | None = None,
    ) -> PlayerView:
        """The player with a place for every level, filled as far as it is `ready`."""
        depth = self.pipeline.tokenizer.config.depth
        missing = [Tile(f"Level {level}") for level in range(len(ready) + 1, depth + 1)]
        tiles = (original or Tile("Original"), *ready, *missing)
        return PlayerView(tiles, message, progress, seconds_left)

    def _run(
        self,
        folder: Path,
        path: str | None,
        start: float | None,
        length: float | None,
        size: int | None,
    ) -> Iterator[tuple[Value, Value]]:
        request = check_request(path, start, length, size)
        nothing = table_value()
        yield self.view(message="Reading the clip", progress=0.0).value, nothing
        pictures = []
        for picture in read_frames(path, fps=FPS, **request):
            pictures.append(picture)
            yield self.view(message="Reading the clip", progress=0.0).value, nothing
        frames = np.stack(pictures)
        original = Tile("Original", f"{size} px, {FPS:g} fps", write(folder / "original.mp4", frames))

        depth = self.pipeline.tokenizer.config.depth
        results: list[LevelResult] = []
        tiles: list[Tile] = []
        begun = time.monotonic()
        for step in self.pipeline.reconstruct(frames):
            if step.result is not None:
                results.append(step.result)
                file = write(folder / f"level-{step.result.level}.mp4", step.result.frames)
                tiles.append(
                    Tile(f"Level {step.result.level}", f"{step.result.bpp:.4f} bpp", file)
                )
            left = seconds_left(step.progress, time.monotonic() - begun)
            view = self.view(original, tiles, step.message, step.progress, left)
            yield view.value, table_value(results, depth)
        yield self.view(original, tiles).value, table_value(results, depth)


def check_request(
    path: str | None, start: float | None, length: float | None, size: int | None
) -> dict[str, Any]:
    """The arguments of `read_frames`, or HiTVideoError for what a person can put right."""
    if not path:
        raise HiTVideoError("Choose a clip first: upload one, or take an example.")
    if not _is_number(start) or start < 0:
        raise HiTVideoError("The start must be a number of seconds, 0 or more.")
    if not _is_number(length) or not 0 < length <= MAX_SECONDS:
        raise HiTVideoError(f"The length must be more than 0 and at most {MAX_SECONDS:g} seconds.")
    if size not in SIZES:
        raise HiTVideoError(f"The size must be one of {', '.join(map(str, SIZES))} pixels.")
    return {"start": start, "seconds": length, "size": size}


def seconds_left(progress: float, elapsed: float) -> int | None:
    """A guess from the pace so far; None while it would be too rough, or when all is done."""
    if elapsed < SURE_AFTER or not 0 < progress < 1:
        return None
    return max(1, math.ceil(elapsed * (1 - progress) / progress))


def write(path: Path, frames: np.ndarray) -> Path:
    write_video(path, frames, FPS)
    return path


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
