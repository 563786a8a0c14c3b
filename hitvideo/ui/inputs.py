"""Choosing a clip: a video file or an example, and which part of it, at which size.

What the tabs that take a clip share. Lays out the page; knows nothing of what is done with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import gradio as gr

from hitvideo.ui.boundary import unchecked
from hitvideo.ui.reconstruct.run import SIZES


class ClipInputs(NamedTuple):
    """What a person sets, in the order in which a request is checked."""

    video: gr.Video
    start: gr.Number
    length: gr.Number
    size: gr.Radio


@contextmanager
def clip_inputs(clips: Sequence[Path], longest: float) -> Iterator[ClipInputs]:
    """The fields; what is built inside the `with` block stands below them.

    clips: offered as examples. longest: seconds that a clip may have.
    """
    with gr.Row(elem_classes="hv-inputs"):
        with gr.Column(scale=5, min_width=320):
            video = gr.Video(
                label="Clip",
                show_label=False,
                sources=["upload"],
                height=290,
                buttons=[],
                elem_classes="hv-upload",
            )
        with gr.Column(scale=6, min_width=320, elem_classes="hv-settings"):
            if clips:
                gr.Examples([[str(clip)] for clip in clips], [video], label="Or try one of these")
            # Bounds are checked with the work, whose sentences say which number is wrong.
            with gr.Row(elem_classes="hv-fields"):
                start = gr.Number(0, label="Start, seconds", min_width=110)
                most = f"Length, up to {longest:g}"
                length = gr.Number(min(8, longest), label=most, min_width=110)
                size = gr.Radio(SIZES, value=128, label="Size, pixels a side", min_width=250)
            yield ClipInputs(video, unchecked(start), unchecked(length), unchecked(size))
