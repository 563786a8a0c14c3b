"""`python app.py` as a machine sees it: the address it takes, and what it leaves when it ends."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from terminal import as_in_a_terminal

from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.ui.serving import check_address

ROOT = Path(__file__).parents[2]
HEAD = b'--X\r\nContent-Disposition: form-data; name="files"; filename="mine.mp4"\r\n\r\n'
FORM = {"Content-Type": "multipart/form-data; boundary=X"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def opened(folder: Path, tiny: HiTVideoTokenizer) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The app as a Space opens it, its files in a folder of their own, and its address."""
    tiny.save_pretrained(folder / "weights" / "tokenizer")
    (folder / "files").mkdir(exist_ok=True)
    port = free_port()
    environment = {
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(folder / "files"),
        "TMPDIR": str(folder / "files"),
    }
    process = subprocess.Popen(
        [sys.executable, ROOT / "app.py", "--weights", folder / "weights", "--device", "cpu"],
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=as_in_a_terminal,
    )
    try:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "Running on" in line)
        assert f"0.0.0.0:{port}" in line
        yield process, f"http://127.0.0.1:{port}/"
    finally:
        process.kill()
        process.wait()


def look_and_upload(url: str) -> None:
    with urllib.request.urlopen(url) as page:
        assert "HiTVideo" in page.read().decode()
    request = urllib.request.Request(f"{url}gradio_api/upload", HEAD + b"abc\r\n--X--\r\n", FORM)
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


def uploads(folder: Path) -> list[Path]:
    return list((folder / "files").rglob("mine.mp4"))


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
    ],
)
def test_it_opens_as_a_space_opens_it_and_leaves_nothing(
    tmp_path: Path, tiny: HiTVideoTokenizer, number: signal.Signals
) -> None:
    with opened(tmp_path, tiny) as (process, url):
        look_and_upload(url)
        assert uploads(tmp_path)
        process.send_signal(number)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "Traceback" not in said
    assert list((tmp_path / "files").iterdir()) == []


@pytest.mark.slow
def test_what_a_killed_app_left_goes_when_the_next_one_starts(
    tmp_path: Path, tiny: HiTVideoTokenizer
) -> None:
    with opened(tmp_path, tiny) as (process, url):
        look_and_upload(url)
        process.kill()
        process.communicate(timeout=60)
    assert uploads(tmp_path)
    with opened(tmp_path, tiny) as (process, _):
        assert uploads(tmp_path) == []
        process.terminate()
        process.communicate(timeout=60)
    assert list((tmp_path / "files").iterdir()) == []


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        (None, 0, "whole number from 1 to 65535, not 0"),
        (None, 65536, "not 65536"),
        (None, -1, "not -1"),
        ("no.such.host.invalid", None, "no address no.such.host.invalid"),
        ("a" * 80, 7860, "no address"),
        ("192.0.2.1", None, "Nobody may listen on 192.0.2.1"),
    ],
)
def test_an_impossible_address_is_one_sentence(
    host: str | None, port: int | None, words: str
) -> None:
    with pytest.raises(HiTVideoError, match=words) as caught:
        check_address(host, port)
    assert str(caught.value).endswith(".")


def test_a_port_that_is_taken_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(HiTVideoError, match=f"Port {port} is taken"):
            check_address(None, port)
        check_address(None, free_port())
        monkeypatch.setenv("GRADIO_SERVER_PORT", str(port))
        with pytest.raises(HiTVideoError, match="is taken"):
            check_address(None, None)
    monkeypatch.setenv("GRADIO_SERVER_PORT", "seven")
    with pytest.raises(HiTVideoError, match="not seven"):
        check_address(None, None)
