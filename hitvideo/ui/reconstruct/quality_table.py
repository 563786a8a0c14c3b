"""The table of levels: what each takes and how good it is, and what that says in one line.

Knows nothing of videos or how the numbers were found.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise, zip_longest
from typing import Any

import gradio as gr

from hitvideo.pipeline.reconstruct import LevelResult
from hitvideo.rates import bits_per_pixel
from hitvideo.ui.theme import static

RAW_BPP = 24  # 8-bit RGB
NOTHING = 0.05  # dB


def table_value(results: Sequence[LevelResult] = (), sizes: Sequence[int] = ()) -> dict[str, Any]:
    """The finished levels as JSON: a summary (empty until the sizes are known), and rows.

    sizes: bytes of the token file when cut after each level, once there is one.
    rows: level, tokens and bits of this level alone; nominal bpp, bytes and actual bpp (None until
    there is a token file), psnr (dB; None where nothing differs) and ssim of levels 1 to this one.
    """
    rows = [
        {
            "level": result.level,
            "tokens": result.tokens,
            "bits": result.bits,
            "bpp": result.bpp,
            "bytes": size,
            "bpp_actual": size and bits_per_pixel(8 * size, result.frames.shape),
            "psnr": result.psnr if math.isfinite(result.psnr) else None,
            "ssim": result.ssim,
        }
        for result, size in zip_longest(results, sizes)
    ]
    return {"summary": summary(results, sizes) if sizes else "", "rows": rows}


def summary(results: Sequence[LevelResult], sizes: Sequence[int]) -> str:
    """What a person sees in the finished levels, in plain words; at least one level."""
    first, last = results[0], results[-1]
    bpp = bits_per_pixel(8 * sizes[-1], last.frames.shape)
    saving = f"{RAW_BPP / bpp:,.0f} times fewer bits than the frames uncompressed"
    if first is last:
        return f"The one level needs {saving}, at {last.psnr:.1f} dB."
    gains = [_gain(b.level, b.psnr - a.psnr) for a, b in pairwise(results)]
    return (
        f"Level 1 spends {sizes[0] / sizes[-1]:.1%} of the bits and gives "
        f"{first.psnr:.1f} dB of this clip; {', '.join(gains)}. "
        f"All {len(results)} together need {saving}, at {last.psnr:.1f} dB."
    )


def _gain(level: int, decibels: float) -> str:
    if abs(decibels) < NOTHING:
        return f"level {level} adds next to nothing"
    if decibels < 0:
        return f"level {level} takes {-decibels:.1f} dB away"
    return f"level {level} adds {decibels:.1f} dB"


def levels_table() -> gr.HTML:
    """The component; give it a `table_value`."""
    return gr.HTML(
        table_value(),
        label="Table of levels",
        show_label=False,
        html_template=static("table.html"),
        css_template=static("table.css"),
        js_on_load=static("table.js"),
        apply_default_css=False,
        elem_classes="hv-levels",
    )
