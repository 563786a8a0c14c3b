"""Links that bring a setting back: what `static/links.js` does, as events of the page.

Nothing of it passes the server: it would come too late, over what has been typed meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from hitvideo.ui.running import QUIET
from hitvideo.ui.theme import static

TAB = "tab-{}"  # the element that links.js looks for
DRAWN_SEEDS = 1_000_000  # seeds drawn on the page lie below this: easy to read and to pass on


def _script(parameters: str, call: str) -> str:
    return f"async ({parameters}) => {{ {static('links.js')} return {call}; }}"


def keep_tab(tab: gr.Tab, name: str, first: bool) -> None:
    """Whoever opens the tab has its name in the address, unless it is the one shown at first."""
    entry = "" if first else name
    tab.select(None, js=_script("", f"putTabInLink('{entry}')"), **QUIET)


def keep_fields(
    fields: Sequence[Component],
    keep: gr.Checkbox,
    copy: gr.Button,
    changes: Sequence[Callable[..., Any]],
) -> None:
    """The fields, in the order of ``NAMES`` in links.js, as the address says and is told.

    keep: whether the seed is kept, which a link with one means. copy: the button for a link.
    changes: events after which the address is written.
    """
    drawn = f"Math.floor(Math.random() * {DRAWN_SEEDS})"
    # The fields' own values are written down: Gradio stops for ever where a page that opens
    # takes values of the components that it gives values to.
    first = json.dumps([getattr(field, "value", None) for field in fields])
    opened = _script("", f"openLink({drawn}, {first})")
    gr.on(None, None, outputs=[*fields, keep], js=opened, **QUIET)
    gr.on([*changes], None, [*fields], js=_script("...all", "putFieldsInLink(all)"), **QUIET)
    copy.click(None, [*fields], js=_script("...all", "copyLink(all)"), **QUIET)
