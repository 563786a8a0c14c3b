"""The player with the comparison stage below it, and the videos that are saved from there."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr

from hitvideo.temporary import scratch_folder
from hitvideo.ui.comparison import Comparison, save_comparison
from hitvideo.ui.errors import explain
from hitvideo.ui.player import PlayerView, Value, player
from hitvideo.ui.running import HEAVY, QUIET

# Gradio has given the file an address by then.
TAKE = """(file) => {
  const link = document.createElement("a");
  [link.href, link.download] = [file.url, file.orig_name];
  link.click();
  window.dispatchEvent(new Event("hv-saved"));
}"""
READY = '() => window.dispatchEvent(new Event("hv-saved"))'


def stage(view: PlayerView, fps: float) -> gr.HTML:
    """As `player`; all its videos have ``fps`` frames a second."""
    screen = player(view, fps=fps)
    made = gr.File(visible=False)

    def save(shown: Value, event: gr.EventData) -> Iterator[str]:
        try:
            asked = Comparison.check(event._data)
            with scratch_folder() as folder:
                yield str(save_comparison(folder, asked, shown["tiles"], fps))
        except Exception as error:
            raise gr.Error(explain(error, "A comparison"), print_exception=False) from error

    saving = screen.download(
        save, screen, made, show_progress="hidden", api_visibility="private", **HEAVY
    )
    saving.success(None, made, js=TAKE, **QUIET)
    saving.failure(None, js=READY, **QUIET)
    return screen
