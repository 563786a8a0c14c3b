"""How a program ends: with one sentence and a code, by a signal, or with nobody to print to."""

import argparse
import errno
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hitvideo import cli
from hitvideo.commands import toon
from hitvideo.errors import HiTVideoError
from hitvideo.files import binary_output
from hitvideo.signals import Ended, ending_signals, exit_code

ROOT = Path(__file__).parent.parent
COMMAND = ["toon", "--seed", "1", "out.mp4"]


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def run(args: argparse.Namespace) -> None:
        raise error

    monkeypatch.setattr(toon, "run", run)


FAULTS = [
    (HiTVideoError("That is\nwrong."), 2, "That is wrong."),
    (OSError(errno.ENOSPC, "No space left on device", "a"), 2, "The disk is full"),
    (RuntimeError("IoError: No space left on device (os error 28)"), 2, "The disk is full"),
    (PermissionError(errno.EACCES, "Permission denied", "/x/y"), 2, "/x/y: Permission denied."),
    (MemoryError(), 2, "not enough memory"),
    (RuntimeError("DefaultCPUAllocator: can't allocate memory: you"), 2, "not enough memory"),
    (ModuleNotFoundError("No module named 'av'"), 2, "installation"),
    (KeyError("a\nb"), 1, "on our side: KeyError"),
    (RuntimeError("x" * 5000), 1, "on our side: RuntimeError"),
    (UnicodeEncodeError("charmap", "a", 0, 1, "no"), 1, "on our side: UnicodeEncodeError"),
]


@pytest.mark.parametrize(("error", "code", "words"), FAULTS)
def test_every_error_is_one_sentence(
    error: Exception,
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fail_with(monkeypatch, error)
    assert cli.main(COMMAND) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("hitvideo: ") and shown.err.count("\n") == 1
    assert words in shown.err and len(shown.err) < 500


@pytest.mark.parametrize("arguments", [["--debug", *COMMAND], [*COMMAND, "--debug"]])
def test_the_trace_is_for_whoever_asks_for_it(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, KeyError("inside"))
    assert cli.main(arguments) == 1
    shown = capsys.readouterr().err
    assert "Traceback" in shown and "test_endings.py" in shown
    assert shown.splitlines()[-1].startswith("hitvideo: ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_end_a_command_tidily(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(args: argparse.Namespace) -> None:
        with binary_output(tmp_path / "out") as file:
            file.write(b"half")
            try:
                os.kill(os.getpid(), number)
                signal.pause()
            finally:
                if number != signal.SIGINT:  # a second one does not disturb the tidying up
                    os.kill(os.getpid(), number)

    monkeypatch.setattr(toon, "run", run)
    # What a shell starts in the background ignores Ctrl-C, and what nohup starts the hang-up.
    ctrl_c = signal.signal(signal.SIGINT, signal.default_int_handler)
    hang_up = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)]
    try:
        assert cli.main(COMMAND) == 128 + number
    finally:
        after = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)]
        signal.signal(signal.SIGINT, ctrl_c)
        signal.signal(signal.SIGHUP, hang_up)
    assert list(tmp_path.iterdir()) == []
    assert after == before


def test_what_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            with pytest.raises(Ended) as caught:
                os.kill(os.getpid(), signal.SIGTERM)
                signal.pause()
        assert exit_code(caught.value) == 143
        assert exit_code(KeyboardInterrupt()) == 130
    finally:
        signal.signal(signal.SIGHUP, before)


def test_letters_that_an_encoding_lacks_are_printed_as_escapes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="cp1252"))
    monkeypatch.setattr(toon, "run", lambda args: print("日本, ein Käfer, \udcff"))
    assert cli.main(COMMAND) == 0
    assert printed.getvalue() == "\\u65e5\\u672c, ein Käfer, \\udcff\n".encode("cp1252")


@pytest.mark.parametrize(
    ("stream", "code", "said"),
    [
        (">&-", 2, "nothing can be printed: Bad file descriptor"),
        ("> /dev/full", 2, ""),
        (">&- 2>&-", 2, ""),
        ("2> /dev/full", 0, ""),
        ("2>&-", 0, ""),
        ("<&-", 0, ""),
    ],
)
def test_streams_that_are_closed_or_full(stream: str, code: int, said: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}
    command = f'"{sys.executable}" -m hitvideo --version {stream}'
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, env=environment, cwd=ROOT
    )
    assert done.returncode == code, done
    assert said in done.stderr and done.stderr.count("\n") <= 1
    assert "Traceback" not in done.stderr


def test_a_file_is_never_taken_for_a_closed_stream(tmp_path: Path) -> None:
    """What is printed would end up in the first file that is opened."""
    code = (
        "import sys; from hitvideo.streams import ready_streams; ready_streams()\n"
        f"file = open({str(tmp_path / 'file')!r}, 'w')\n"
        "assert file.fileno() > 2, file.fileno()"
    )
    command = f'"{sys.executable}" -c "$CODE" <&- >&- 2>&-'
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CODE": code}
    assert subprocess.run(command, shell=True, env=environment).returncode == 0
