"""The Reconstruct tab: a clip goes in, the original and every level of it play side by side.

Lays out the page and says what each button does; the work itself is `reconstruction`. Knows nothing
of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from hitvideo.ui.levels import levels_table, table_value
from hitvideo.ui.player import Value, player, settled
from hitvideo.ui.reconstruction import MAX_SECONDS, SIZES, Reconstruction

RUNS_AT_ONCE = 2  # people served at a time; the others wait in line
INVITATION = (
    "Choose a clip and press Reconstruct: it becomes tokens at several levels, "
    "and is rebuilt from the first level, then the first two, and so on."
)


def reconstruct_tab(reconstruction: Reconstruction, clips: Sequence[Path]) -> None:
    """Fills the tab that is being built; `clips` are offered as examples."""
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
                length = gr.Number(8, label=f"Length, up to {MAX_SECONDS:g}", min_width=110)
                size = gr.Radio(SIZES, value=128, label="Size, pixels a side", min_width=250)
            with gr.Row(elem_classes="hv-buttons"):
                run = gr.Button("Reconstruct", variant="primary", size="lg", min_width=120)
                stop = gr.Button("Stop", size="lg", interactive=False, min_width=90)
    screen = player(reconstruction.view(message=INVITATION))
    table = levels_table()

    def begin() -> tuple[Value, Value, gr.Button, gr.Button]:
        view = reconstruction.view(message="Waiting for its turn", progress=0.0)
        return view.value, table_value(), gr.Button(interactive=False), gr.Button(interactive=True)

    def end(shown: Value) -> tuple[Value, gr.Button, gr.Button]:
        view = settled(shown, "Stopped")
        return view, gr.Button(interactive=True), gr.Button(interactive=False)

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
    # In the browser, `then` does not follow a failure.
    work.then(end, screen, [screen, run, stop], **quiet)
    work.failure(end, screen, [screen, run, stop], **quiet)
    # Closes this person's generator at its next yield, which is at most one group of frames away.
    stopped = stop.click(None, cancels=[work])
    stopped.then(end, screen, [screen, run, stop], **quiet)
