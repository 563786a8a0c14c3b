"""The Rate vs quality tab: the levels of a clip on one plot with video codecs, at real bytes.

Lays out the page and says what each button does; the work itself is `rate_quality`. Knows nothing
of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from hitvideo.ui.boundary import unchecked
from hitvideo.ui.inputs import clip_inputs
from hitvideo.ui.player import PlayerView, Tile, Value, player, settled
from hitvideo.ui.rate.run import RateQuality, RateView, reference
from hitvideo.ui.running import QUIET, Handler, buttons, wire
from hitvideo.ui.theme import static

REFERENCE = Path(__file__).resolve().parents[3] / "assets" / "results" / "rate-clips.json"
CODECS = [("x264", "x264"), ("x265", "x265"), ("SVT-AV1", "svt-av1")]
SCRIPTS = ("rate_draw.js", "rate_table.js", "rate_plot.js")
INVITATION = (
    "Choose a clip and press Run: its levels are measured at their real size, and video codecs "
    "on the same frames; then choose any point to see that version."
)


def rate_tab(rate: RateQuality, clips: Sequence[Path]) -> None:
    """Fills the tab that is being built; `clips` are offered as examples."""
    with clip_inputs(clips, rate.max_seconds) as clip:
        with gr.Row(elem_classes="hv-fields hv-codecs"):
            names = [name for _, name in CODECS]
            codecs = gr.CheckboxGroup(CODECS, value=names, label="Compare with", min_width=250)
        run, stop = buttons("Run")
    with gr.Row(elem_classes="hv-rate"):
        with gr.Column(scale=0, min_width=320, elem_classes="hv-pair"):
            tiles = (Tile("Original"), Tile("One version of it"))
            screen = player(PlayerView(tiles, INVITATION))
        with gr.Column(min_width=320):
            plot = gr.HTML(
                RateView(message=INVITATION).value,
                label="Rate and quality",
                show_label=False,
                html_template=static("rate_plot.html"),
                css_template=static("rate_plot.css"),
                js_on_load="".join(map(static, SCRIPTS)),
                apply_default_css=False,
                elem_classes="hv-plot",
                reference=reference(REFERENCE, rate.pipeline),
            )

    def begin() -> tuple[Any, ...]:
        return (RateView(message="Waiting for its turn", progress=0.0).value,)

    def end(shown: Value) -> tuple[Any, ...]:
        return (settled(shown, "Stopped"),)

    wire(
        run,
        stop,
        begin=Handler(begin, [], [plot]),
        work=Handler(rate.stream, [*clip, unchecked(codecs)], [plot]),
        end=Handler(end, [plot], [plot]),
        api_name="rate_quality",
    )
    # The plot says what the player shows: the progress, and the version chosen there.
    plot.show(None, plot, screen, js="(view) => view.shown", **QUIET)
