"""What the page "Use via API" shows runs as it stands, on a file of one's own."""

import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from conftest import moving_video

from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.ui.tokens.run import TokenFiles

from .conftest import Served


def endpoints(server: Served) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server.url}gradio_api/info") as page:
        return json.load(page)["named_endpoints"]


@pytest.mark.parametrize("name", ["generate", "reconstruct", "decode_tokens"])
def test_every_snippet_runs_as_shown(
    writing_server: Served, tiny: HiTVideoTokenizer, clip: Path, tmp_path: Path, name: str
) -> None:
    tokens = tmp_path / "waves.hitv"
    files = TokenFiles(HiTVideoPipeline(tiny))
    files.save(tokens, tiny.encode(moving_video(12, 32, 48)), 8.0)
    own = repr(str(tokens if name == "decode_tokens" else clip))
    code = endpoints(writing_server)[f"/{name}"]["code_snippets"]["python"]
    code = re.sub(r"'https://[^']*'", lambda _: own, code)
    assert name == "generate" or own in code
    known: dict[str, Any] = {"print": lambda _: None}
    exec(code, known)
    results = known["result"] if isinstance(known["result"], tuple) else (known["result"],)
    assert all(result is not None for result in results)


def test_what_comes_back_has_a_name(writing_server: Served) -> None:
    for name, endpoint in endpoints(writing_server).items():
        labels = [value["label"] for value in endpoint["returns"]]
        assert not [label for label in labels if label.startswith("value_")], name
