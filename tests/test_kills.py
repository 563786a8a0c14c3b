"""Commands ended at random moments: the output is absent or whole, a resume works, nothing stays.

Every command runs as a person starts it, with tiny weights. Before each kill the output is an older
one, so "as before" and "whole" can be told apart.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from terminal import as_in_a_terminal
from tiny_generator import save_tiny_weights

from hitvideo.cli import main
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.training.loop import CHECKPOINT
from hitvideo.video import read_video, write_video

ROOT = Path(__file__).parent.parent
MOMENTS = 30  # of every command
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@pytest.fixture(scope="module")
def place(tiny: HiTVideoTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights, a clip of 10 seconds, a token file of it, and a folder for temporary files."""
    folder = tmp_path_factory.mktemp("kills")
    save_tiny_weights(folder / "weights", tiny)
    for name in ("clips", "temp", "out"):
        (folder / name).mkdir()
    frames = np.random.default_rng(0).integers(0, 256, (80, 4, 4, 3), dtype=np.uint8)
    for index in range(2):
        write_video(folder / "clips" / f"{index}.mp4", frames.repeat(16, 1).repeat(16, 2), 8)
    tokens = ["encode", str(folder / "clips/0.mp4"), str(folder / "0.hitv"), "--size", "64"]
    assert main([*tokens, "--weights", str(folder / "weights"), "--device", "cpu"]) == 0
    return folder


def start(place: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "hitvideo", *arguments],
        env=environment | {"TMPDIR": str(place / "temp")},
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=as_in_a_terminal,
    )


MODEL = ["--weights", "weights", "--device", "cpu"]
COMMANDS: dict[str, list[str]] = {
    "encode": ["encode", "clips/0.mp4", "out/a.hitv", "--size", "64", *MODEL],
    "decode": ["decode", "0.hitv", "out/a.mp4", *MODEL],
    "reconstruct": ["reconstruct", "clips/0.mp4", "out/levels", "--size", "64", *MODEL],
    "generate": ["generate", "a red car", "out/a.mp4", "--seed", "1", *MODEL],
    "train": [
        *["train-tokenizer", "--clips", "clips", "--init", "weights/tokenizer", "--out", "out/run"],
        *["--steps", "6", "--batch", "1", "--frames", "16", "--size", "64"],
        *["--checkpoint-every", "1", "--validate-every", "2"],
    ],
}


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def hidden(folder: Path) -> list[str]:
    return [name for name in names(folder) if ".hitvideo-" in name]


def check_whole(place: Path, command: str) -> None:
    """Whatever is there can be read from its beginning to its end."""
    out = place / "out"
    if (out / "a.mp4").exists():
        assert len(read_video(out / "a.mp4")) in (16, 80)
    if (out / "a.hitv").exists():
        decode = ["decode", str(out / "a.hitv"), str(place / "whole.mp4")]
        assert main([*decode, "--weights", str(place / "weights"), "--device", "cpu"]) == 0
        (place / "whole.mp4").unlink()
    if (out / "levels").exists():
        report = json.loads((out / "levels" / "levels.json").read_text())
        assert all((out / "levels" / level["file"]).exists() for level in report["levels"])
    if (out / "run" / CHECKPOINT).exists():
        import torch

        assert torch.load(out / "run" / CHECKPOINT, weights_only=True)["step"] >= 1


def clear(place: Path) -> None:
    import shutil

    shutil.rmtree(place / "out")
    (place / "out").mkdir()


def kill_at(place: Path, command: str, number: signal.Signals, moment: float) -> None:
    before = {*hidden(place), *names(place / "temp")}  # which a kill has left
    process = start(place, *COMMANDS[command])
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors or number == signal.SIGINT, errors  # while Python itself loads
    check_whole(place, command)
    if number != signal.SIGKILL:
        # It may have ended before it came to sweep.
        assert {*hidden(place), *names(place / "temp")} <= before


def check_next_start(place: Path, command: str) -> None:
    process = start(place, *COMMANDS[command])
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    check_whole(place, command)
    assert hidden(place) == []


def length(place: Path, command: str) -> float:
    begun = time.monotonic()
    check_next_start(place, command)
    clear(place)
    return time.monotonic() - begun


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("command", COMMANDS)
def test_killed_at_random_moments(place: Path, command: str) -> None:
    rng: Any = random.Random(command)
    seconds = length(place, command)
    for index in range(MOMENTS):
        number = SIGNALS[index % len(SIGNALS)]
        kill_at(place, command, number, rng.uniform(0.3, 1.0) * seconds)
        if index % 6 == 5:
            check_next_start(place, command)
        if index % 3 == 2:
            clear(place)
    check_next_start(place, command)
    clear(place)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_while_it_decodes(place: Path, number: signal.Signals) -> None:
    """The middle of the work, where there is something half-written."""
    process = start(place, *COMMANDS["decode"])
    while not hidden(place / "out") and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (143 if number == signal.SIGTERM else -9, "")
    assert names(place / "out") == hidden(place / "out")
    if number == signal.SIGTERM:
        assert names(place / "out") == []
    out = str(place / "out" / "a.mp4")
    weights = ["--weights", str(place / "weights"), "--device", "cpu"]
    assert main(["decode", str(place / "0.hitv"), out, *weights]) == 0
    assert names(place / "out") == ["a.mp4"]
    clear(place)
