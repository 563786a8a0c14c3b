"""What a person is told when something fails. Knows nothing of what it was."""

from __future__ import annotations

import logging

import gradio as gr
from starlette.requests import ClientDisconnect

from hitvideo.errors import sentence

OUR_SIDE = "Something went wrong on our side; please try again."

log = logging.getLogger(__name__)


def explain(error: Exception, what: str) -> str:
    """One sentence for the page; a fault of ours goes to the log. what: such as "A decoding".

    The log has the stack trace where debugging is on.
    """
    words = sentence(error)
    if words is not None:
        return words
    if isinstance(error, ClientDisconnect):
        return "The connection broke off."
    trace = error if log.isEnabledFor(logging.DEBUG) else None
    log.error("%s failed: %s, %.300s", what, type(error).__name__, error, exc_info=trace)
    return OUR_SIDE


def refusal(message: str) -> gr.Error:
    """To raise once the page shows the message where it stays: the answer to callers of the API."""
    return gr.Error(message, visible=False, print_exception=False)
