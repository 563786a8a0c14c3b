"""How the app looks: Gradio's theme, the page's style sheet, and the files in `static/`.

Knows nothing of what is shown.
"""

from functools import cache
from pathlib import Path

import gradio as gr

STATIC = Path(__file__).with_name("static")


@cache
def static(name: str) -> str:
    """The text of a file in `static/`."""
    return (STATIC / name).read_text(encoding="utf-8")


def theme() -> gr.themes.Base:
    """Quiet greys and one accent, in fonts that Gradio carries, so that nothing is fetched."""
    # Bold, since the semibold that Gradio carries holds only some of the letters.
    plex = gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700))
    mono = gr.themes.LocalFont("IBM Plex Mono", weights=(400,))
    base = gr.themes.Base(
        primary_hue="teal",
        secondary_hue="teal",
        neutral_hue="zinc",
        text_size="md",
        radius_size="md",
        font=[plex, "system-ui", "sans-serif"],
        font_mono=[mono, "ui-monospace", "monospace"],
    )
    return base.set(
        body_background_fill="white",
        body_background_fill_dark="#111214",
        background_fill_primary_dark="#1a1c1f",
        background_fill_secondary_dark="#16181a",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_padding="0",
        block_shadow="none",
        block_title_text_weight="500",
        block_title_text_size="*text_sm",
        block_title_text_color="*body_text_color",
        block_title_text_color_dark="*body_text_color",
        block_label_text_color="*body_text_color_subdued",
        input_border_width="1px",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_700",
        input_background_fill="white",
        input_background_fill_dark="#1a1c1f",
        button_large_radius="8px",
        button_large_text_weight="500",
        button_large_padding="10px 20px",
        button_large_text_size="*text_md",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        button_primary_border_color="transparent",
        button_primary_border_color_dark="transparent",
        button_primary_border_color_hover="transparent",
        button_primary_border_color_hover_dark="transparent",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
    )
