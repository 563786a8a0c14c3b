"""Where faults in Gradio's own part are caught: they become sentences, and leave nothing.

Knows nothing of what is on the page.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.components import Component
from gradio.route_utils import GradioMultiPartParser, MultiPartException

from hitvideo.errors import sentence
from hitvideo.ui.errors import explain

C = TypeVar("C", bound=Component)

UNFIT = "These values are not what is asked for; a file must have been uploaded to this app first."


def explain_all(app: gr.Blocks) -> None:
    """Gives callers one sentence, too, for what fails in Gradio before or after our own work."""
    process, take = app.process_api, app.preprocess_data

    async def process_api(*args: Any, **options: Any) -> dict[str, Any]:
        try:
            return await process(*args, **options)
        except gr.Error:
            raise
        except Exception as error:
            raise gr.Error(explain(error, "A request"), print_exception=False) from error

    async def preprocess_data(*args: Any, **options: Any) -> list[Any]:
        try:
            return await take(*args, **options)
        except Exception as error:
            raise gr.Error(sentence(error) or UNFIT, print_exception=False) from error

    # Methods of this one app.
    setattr(app, "process_api", process_api)  # noqa: B010
    setattr(app, "preprocess_data", preprocess_data)  # noqa: B010


def unchecked(component: C) -> C:
    """Makes a component take any value: the work checks them all, with sentences of its own."""
    setattr(component, "preprocess", lambda value: value)  # noqa: B010  of this one component
    return component


def remove_broken_uploads() -> None:
    """Gradio keeps the part of an upload that came before it broke off, for ever."""
    parse = GradioMultiPartParser.parse
    if parse.__module__ == __name__:
        return

    async def parse_or_remove(self: GradioMultiPartParser) -> Any:
        try:
            return await parse(self)
        except MultiPartException:
            raise  # it has removed them itself
        except BaseException as error:
            for file in self._files_to_close_on_error:
                with suppress(OSError):
                    file.close()
                Path(file.name).unlink(missing_ok=True)
            if isinstance(error, Exception):
                raise MultiPartException(explain(error, "An upload")) from error
            raise

    GradioMultiPartParser.parse = parse_or_remove  # type: ignore[method-assign]
