"""Whatever a caller of the API passes: the answer is right or one sentence, and the app lives."""

import json
import socket
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from limits import within_limits

from hitvideo.ui.errors import OUR_SIDE

from .conftest import Served, wait_until

LARGE = 1 << 60
numbers = (
    st.sampled_from([0, 1, -1, 2, 8, 64, 64.0, 128, 0.5, -0.0, 1e308, 1e-308, 2**32, LARGE, -LARGE])
    | st.floats()
    | st.integers(-10, 300)
)
texts = st.sampled_from(["", "x264", "token", "mixed", "64", "nan", "a car", "../../etc/passwd"])
META = {"_type": "gradio.FileData"}
files = st.fixed_dictionaries({"path": texts | st.just("/etc/passwd"), "meta": st.just(META)})
plain = st.none() | st.booleans() | numbers | texts | st.text(max_size=5)
anything = plain | files | st.lists(plain, max_size=3) | st.dictionaries(texts, plain, max_size=2)

# Right values, so that one wrong one among them is reached; the clip's place is taken by None.
RIGHT: dict[str, list[Any]] = {
    "reconstruct": [None, 0, 1, 64],
    "rate_quality": [None, 0, 1, 64, []],
    "decode_tokens": [None, 0],
    "generate": ["a red car", 7, 1.0, 1.0, 0, 1.0, 1, "mixed", True],
}


@st.composite
def calls(draw: Any) -> tuple[str, list[Any]]:
    name = draw(st.sampled_from(sorted(RIGHT)))
    values = list(RIGHT[name])
    for _ in range(draw(st.integers(1, 2))):
        values[draw(st.integers(0, len(values) - 1))] = draw(anything)
    return name, values


def call(server: Served, name: str, values: list[Any]) -> tuple[str, Any]:
    """The kind of the answer's last event, "complete" or "error", and what it holds."""
    address = f"{server.url}gradio_api/call/{name}"
    request = urllib.request.Request(
        address, json.dumps({"data": values}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{address}/{event}", timeout=60) as stream:
        lines = stream.read().decode().strip().splitlines()
    kind, data = lines[-2].removeprefix("event: "), lines[-1].removeprefix("data: ")
    return kind, json.loads(data)


def check(server: Served, clip: Path, name: str, values: list[Any]) -> None:
    given = list(values)
    if name in ("reconstruct", "rate_quality") and given[:1] == [None] and given != RIGHT[name]:
        given[0] = upload(server, clip)
    kind, data = call(server, name, given)
    if kind == "error":
        words = data["error"]
        assert isinstance(words, str) and words.endswith("."), (given, data)
        assert words != OUR_SIDE and "\n" not in words, (given, data)
    else:
        assert kind == "complete", (given, data)


def upload(server: Served, path: Path) -> dict[str, Any]:
    head = b'--X\r\nContent-Disposition: form-data; name="files"; filename="a.mp4"\r\n\r\n'
    body = head + path.read_bytes() + b"\r\n--X--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=X"}
    request = urllib.request.Request(f"{server.url}gradio_api/upload", body, kind)
    with urllib.request.urlopen(request) as answer:
        return {"path": json.load(answer)[0], "meta": META}


def many(count: int) -> Any:
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=count, deadline=None, suppress_health_check=checks)


@many(25)
@given(asked=calls())
@example(asked=("generate", ["a red car", True, 1, 1, 0, 1, 1, "mixed", True]))
@example(asked=("generate", ["a red car", 7, 1, 1, 0, 1, 1, ["mixed"], None]))
@example(asked=("reconstruct", [None, True, 1, 64]))
@example(asked=("reconstruct", [None, "abc", 1, 64]))
@example(asked=("reconstruct", ["x", 0, 1, 64]))
@example(asked=("reconstruct", [{"path": "/etc/passwd"}, 0, 1, 64]))
@example(asked=("reconstruct", [{"path": "/etc/passwd", "meta": META}, 0, 1, 64]))
@example(asked=("reconstruct", []))
@example(asked=("rate_quality", [None, 0, 1, 64, "x264"]))
@example(asked=("rate_quality", [None, 0, 1, [64], {"x264": 1}]))
@example(asked=("decode_tokens", [[], {}]))
@example(asked=("decode_tokens", [None, 1e308]))
def test_arguments_of_every_kind(
    served: Served, writing: Served, clip: Path, capfd: Any, asked: tuple[str, list[Any]]
) -> None:
    check(writing if asked[0] == "generate" else served, clip, *asked)
    shown = capfd.readouterr()
    assert "Traceback" not in shown.err + shown.out


@pytest.mark.slow
@pytest.mark.timeout(3600)
@many(2000)
@given(asked=calls())
def test_very_many_arguments(
    served: Served, writing: Served, clip: Path, capfd: Any, asked: tuple[str, list[Any]]
) -> None:
    with within_limits():  # the app is served from this process
        check(writing if asked[0] == "generate" else served, clip, *asked)
    shown = capfd.readouterr()
    assert "Traceback" not in shown.err + shown.out


def test_a_size_in_floating_point_is_that_size(served: Served, clip: Path) -> None:
    kind, data = call(served, "reconstruct", [upload(served, clip), 0.0, 1.0, 64.0])
    assert kind == "complete"
    assert len(data[1]["rows"]) == 3


def test_an_upload_that_breaks_off_is_removed(served: Served, temp: Path, capfd: Any) -> None:
    host, port = served.url.removeprefix("http://").strip("/").split(":")
    head = b'--X\r\nContent-Disposition: form-data; name="files"; filename="a.mp4"\r\n\r\n'
    before = {path for path in temp.rglob("*") if path.is_file()}

    def new() -> set[Path]:
        return {path for path in temp.rglob("*") if path.is_file()} - before

    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            b"POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n"
            b"Content-Type: multipart/form-data; boundary=X\r\n\r\n" + head + bytes(100_000)
        )
        wait_until(new)
    wait_until(lambda: not new())
    time.sleep(0.2)
    shown = capfd.readouterr()
    assert "Traceback" not in shown.err + shown.out
