"""A Run and a Stop button around work that is a generator.

Knows nothing of what the work is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import gradio as gr
from gradio.components import Component

from hitvideo.ui.hosting import AT_ONCE

# People served at a time, whatever they do; the others wait in one line. See `limit_heavy`.
HEAVY: dict[str, Any] = {"concurrency_id": "heavy", "concurrency_limit": AT_ONCE}
QUIET: dict[str, Any] = {
    "queue": False,
    "show_progress": "hidden",
    "api_visibility": "private",
    # Values as the page has them: a button to download would leave a file behind when it is read.
    "preprocess": False,
}


class Handler(NamedTuple):
    """A function, the components whose values it takes, and those whose values it returns."""

    fn: Callable[..., Any]
    inputs: Sequence[Component]
    outputs: Sequence[Component]


def buttons(run_name: str) -> tuple[gr.Button, gr.Button]:
    """The two in a row."""
    with gr.Row(elem_classes="hv-buttons"):
        run = gr.Button(run_name, variant="primary", size="lg", min_width=120)
        stop = gr.Button("Stop", size="lg", interactive=False, min_width=90)
    return run, stop


def wire(
    run: gr.Button,
    stop: gr.Button,
    begin: Handler,
    work: Handler,
    end: Handler,
    api_name: str,
    also: Sequence[Callable[..., Any]] = (),
    preprocess: bool = True,
) -> None:
    """Run begins, works and ends; Stop closes this person's work at its next yield, then ends.

    begin, end: quick; each of them returns a tuple. work: a generator, served as `api_name`. also:
    other events that do as Run does. preprocess: whether Gradio may check the work's values first.
    """

    def begun(*values: Any) -> tuple[Any, ...]:
        return *begin.fn(*values), gr.Button(interactive=False), gr.Button(interactive=True)

    def ended(*values: Any) -> tuple[Any, ...]:
        return *end.fn(*values), gr.Button(interactive=True), gr.Button(interactive=False)

    both = [run, stop]
    started = gr.on([run.click, *also], begun, list(begin.inputs), [*begin.outputs, *both], **QUIET)
    working = started.then(
        work.fn,
        list(work.inputs),
        list(work.outputs),
        api_name=api_name,
        show_progress="hidden",
        preprocess=preprocess,
        **HEAVY,
    )
    last = (ended, list(end.inputs), [*end.outputs, *both])
    # In the browser, `then` does not follow a failure.
    working.then(*last, **QUIET)
    working.failure(*last, **QUIET)
    stop.click(None, cancels=[working]).then(*last, **QUIET)


def limit_heavy(app: gr.Blocks, at_once: int) -> None:
    """So many heavy runs at once, of all tabs together; before the app is served."""
    for fn in app.fns.values():
        if fn.concurrency_id == HEAVY["concurrency_id"]:
            fn.concurrency_limit = at_once
