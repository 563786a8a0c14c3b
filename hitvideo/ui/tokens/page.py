"""Opening a token file in the page, at any depth, and the button that takes one away.

Lays out the page and says what each button does; the work itself is `tokens`. Knows nothing of
models.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from hitvideo.ui.boundary import unchecked
from hitvideo.ui.player import PlayerView, Value, player, settled
from hitvideo.ui.running import Handler, buttons, wire
from hitvideo.ui.tokens.run import PLACE, TokenFiles

SCREEN = 360  # pixels a side, where the window is wide enough
INVITATION = "Choose a token file and press Decode."


def download_button() -> gr.DownloadButton:
    """Takes away the token file that it is given; the handlers enable it once there is one."""
    return gr.DownloadButton("Save tokens (.hitv)", interactive=False, size="lg", min_width=150)


def open_tokens(tokens: TokenFiles) -> None:
    """An accordion, closed at first."""
    levels = range(1, tokens.pipeline.tokenizer.config.depth + 1)
    with (
        gr.Accordion("Open a token file", open=False, elem_classes="hv-advanced"),
        gr.Row(elem_classes="hv-inputs hv-tokens"),
    ):
        with gr.Column(min_width=320, elem_classes="hv-settings"):
            # Any name is taken: a phone offers no file of an ending that it does not know.
            file = gr.File(label="Token file", height=140, elem_classes="hv-upload")
            with gr.Row(elem_classes="hv-fields"):
                choices = [("all", 0), *((str(level), level) for level in levels)]
                depth = gr.Radio(choices, value=0, label="Levels to decode", min_width=250)
            run, stop = buttons("Decode")
        with gr.Column(scale=0, min_width=SCREEN, elem_classes="hv-screen"):
            screen = player(PlayerView((PLACE,), INVITATION))
            with gr.Row(elem_classes="hv-buttons hv-downloads"):
                mp4 = gr.DownloadButton("Save MP4", interactive=False, size="lg", min_width=90)
            report = gr.JSON(label="Report", visible=False)  # for callers of the API

    def begin() -> tuple[Any, ...]:
        view = PlayerView((PLACE,), "Waiting for its turn", 0.0)
        return gr.DownloadButton(value=None, interactive=False), None, view.value

    def end(film: str | None, shown: Value) -> tuple[Any, ...]:
        return gr.DownloadButton(interactive=film is not None), settled(shown, "Stopped")

    wire(
        run,
        stop,
        begin=Handler(begin, [], [mp4, report, screen]),
        work=Handler(tokens.stream, [file, unchecked(depth)], [mp4, report, screen]),
        end=Handler(end, [mp4, screen], [mp4, screen]),
        api_name="decode_tokens",
    )
