"""The Reconstruct tab: a clip goes in, the original and every level of it play side by side.

Lays out the page and says what each button does; the work itself is `reconstruction`. Knows nothing
of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from hitvideo.ui.inputs import clip_inputs
from hitvideo.ui.player import Value, settled
from hitvideo.ui.reconstruct.quality_table import levels_table, table_value
from hitvideo.ui.reconstruct.run import FPS, Reconstruction
from hitvideo.ui.running import Handler, buttons, wire
from hitvideo.ui.stage import stage
from hitvideo.ui.tokens.page import download_button, open_tokens

INVITATION = (
    "Choose a clip and press Reconstruct: it becomes tokens at several levels, "
    "and is rebuilt from the first level, then the first two, and so on."
)


def reconstruct_tab(reconstruction: Reconstruction, clips: Sequence[Path]) -> None:
    """Fills the tab that is being built; `clips` are offered as examples."""
    with clip_inputs(clips, reconstruction.max_seconds) as clip:
        run, stop = buttons("Reconstruct")
    screen = stage(reconstruction.view(message=INVITATION), FPS)
    table = levels_table()
    with gr.Row(elem_classes="hv-buttons hv-take"):
        archive = gr.DownloadButton("Save all (.zip)", interactive=False, size="lg", min_width=150)
        tokens = download_button()
    open_tokens(reconstruction.tokens)

    def begin() -> tuple[Any, ...]:
        view = reconstruction.view(message="Waiting for its turn", progress=0.0)
        nothing = gr.DownloadButton(value=None, interactive=False)
        return view.value, table_value(), nothing, nothing

    def end(shown: Value, *files: str | None) -> tuple[Any, ...]:
        ready = (gr.DownloadButton(interactive=file is not None) for file in files)
        return settled(shown, "Stopped"), *ready

    wire(
        run,
        stop,
        begin=Handler(begin, [], [screen, table, tokens, archive]),
        work=Handler(reconstruction.stream, clip, [screen, table, tokens, archive]),
        end=Handler(end, [screen, tokens, archive], [screen, tokens, archive]),
        api_name="reconstruct",
    )
