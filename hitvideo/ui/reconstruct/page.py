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
from hitvideo.ui.player import Value, player, settled
from hitvideo.ui.reconstruct.levels import levels_table, table_value
from hitvideo.ui.reconstruct.run import MAX_SECONDS, Reconstruction
from hitvideo.ui.running import Handler, buttons, wire
from hitvideo.ui.tokens.page import download_button, open_tokens

INVITATION = (
    "Choose a clip and press Reconstruct: it becomes tokens at several levels, "
    "and is rebuilt from the first level, then the first two, and so on."
)


def reconstruct_tab(reconstruction: Reconstruction, clips: Sequence[Path]) -> None:
    """Fills the tab that is being built; `clips` are offered as examples."""
    with clip_inputs(clips, MAX_SECONDS) as clip:
        run, stop = buttons("Reconstruct")
    screen = player(reconstruction.view(message=INVITATION))
    table = levels_table()
    with gr.Row(elem_classes="hv-buttons hv-take"):
        tokens = download_button()
    open_tokens(reconstruction.tokens)

    def begin() -> tuple[Any, ...]:
        view = reconstruction.view(message="Waiting for its turn", progress=0.0)
        return view.value, table_value(), gr.DownloadButton(value=None, interactive=False)

    def end(shown: Value, file: str | None) -> tuple[Any, ...]:
        return settled(shown, "Stopped"), gr.DownloadButton(interactive=file is not None)

    wire(
        run,
        stop,
        begin=Handler(begin, [], [screen, table, tokens]),
        work=Handler(reconstruction.stream, clip, [screen, table, tokens]),
        end=Handler(end, [screen, tokens], [screen, tokens]),
        api_name="reconstruct",
    )
