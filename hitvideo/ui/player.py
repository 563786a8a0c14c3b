"""The player: several videos that play in step, and the progress of making them.

A `gr.HTML` whose page lives in `static/`. It is not subclassed, because Gradio writes a stub file
beside the source of every component class. Knows nothing of levels, models or how a video is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from hitvideo.ui.theme import static

Value = dict[str, Any]  # what the browser and the API get; see `PlayerView.value`


@dataclass(frozen=True)
class Tile:
    """One place in the player. label, detail: its caption; video: an MP4, None until it is made.

    psnr, ssim: of every frame against the first tile's, in dB and up to 1, where they are known.
    """

    label: str
    detail: str = ""
    video: Path | None = None
    psnr: Sequence[float] = ()
    ssim: Sequence[float] = ()

    @property
    def value(self) -> Value:
        # FileData, so that Gradio copies the file to its cache and gives it an address.
        file = self.video and gr.FileData(path=str(self.video), mime_type="video/mp4")
        return {
            "label": self.label,
            "detail": self.detail,
            "video": file and file.model_dump(),
            "psnr": [round(value, 2) for value in self.psnr],
            "ssim": [round(value, 4) for value in self.ssim],
        }


@dataclass(frozen=True)
class PlayerView:
    """What the player shows.

    progress: share of the work done, in [0, 1]; None when nothing is being made.
    seconds_left: a whole number, None while it cannot be told.
    failed: whether the message says what went wrong.
    note: what to know of the input, such as that its file ends early; shown behind the message
        when nothing is being made.
    """

    tiles: tuple[Tile, ...] = ()
    message: str = ""
    progress: float | None = None
    seconds_left: int | None = None
    failed: bool = False
    note: str = ""

    @property
    def value(self) -> Value:
        """As JSON, each video as Gradio's FileData."""
        ended = self.progress is None
        return {
            "tiles": [tile.value for tile in self.tiles],
            "message": noted(self.message, self.note) if ended else self.message,
            "progress": self.progress,
            "seconds_left": self.seconds_left,
            "failed": self.failed,
            "note": self.note,
        }


def noted(message: str, note: str) -> str:
    """`message` and, if there is one, `note`: sentences to know the input by."""
    return f"{message}. {note}" if note else message


def settled(value: Value, message: str) -> Value:
    """`value` as it came from the browser, with the work ended; `message` if it was cut short."""
    if value["progress"] is None:
        return value
    return {**value, "message": message, "progress": None, "seconds_left": None}


def player(view: PlayerView, stage: bool = False, fps: float | None = None) -> gr.HTML:
    """The component, showing `view`; from then on give it a `PlayerView.value`.

    stage: one large screen for all videos, the last one that is made fading in over the others;
        otherwise they play side by side.
    fps: frames a second that all videos have; where it is given, any two of them can be laid
        against each other below, frame by frame.
    """
    parts = ("player", "compare") if fps else ("player",)
    scripts = ("player", "views", "compare", "keys") if fps else ("player",)
    return gr.HTML(
        view.value,
        label="Player",
        show_label=False,
        html_template="".join(static(f"{part}.html") for part in parts),
        css_template="".join(static(f"{part}.css") for part in parts),
        js_on_load="".join(static(f"{part}.js") for part in scripts),
        apply_default_css=False,
        elem_classes="hv-player",
        stage=stage,
        fps=fps,
    )
