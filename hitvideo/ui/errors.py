"""What a person is told when something fails. Knows nothing of what it was."""

from __future__ import annotations

import logging

import gradio as gr

from hitvideo.errors import HiTVideoError

OUR_SIDE = "Something went wrong on our side; please try again."

log = logging.getLogger(__name__)


def explain(error: Exception, what: str) -> str:
    """One sentence for the page; a fault of ours goes to the log. what: such as "A decoding"."""
    if isinstance(error, HiTVideoError):
        return str(error)
    log.error("%s failed", what, exc_info=error)
    return OUR_SIDE


def refusal(message: str) -> gr.Error:
    """To raise once the page shows the message where it stays: the answer to callers of the API."""
    return gr.Error(message, visible=False, print_exception=False)
