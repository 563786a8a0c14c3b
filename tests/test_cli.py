"""The command line as a user runs it: exit codes, one-line errors, nothing left behind."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import warnings
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest
from PIL import Image
from terminal import as_in_a_terminal

from hitvideo.benchmarks import startup
from hitvideo.cli import main
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.video import probe, read_video, write_video

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "hitvideo"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def weights(tiny: HiTVideoTokenizer, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("weights")
    tiny.save_pretrained(folder / "tokenizer")
    return str(folder)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("clips") / "patches_01.mp4"
    patches = np.random.default_rng(0).integers(0, 256, (40, 3, 4, 3), dtype=np.uint8)
    write_video(path, patches.repeat(16, axis=1).repeat(16, axis=2), 16)
    return str(path)


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def hitvideo(*arguments: object, cwd: str | Path = ".") -> Done:
    """A command in this process: importing everything anew would take most of the time."""
    out, complaints = io.StringIO(), io.StringIO()
    with chdir(cwd), redirect_stdout(out), redirect_stderr(complaints), warnings.catch_warnings():
        code = main([*map(str, arguments)])
    return Done(code, out.getvalue(), complaints.getvalue())


def as_a_process(*arguments: object) -> Done:
    command = [*COMMAND, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    return Done(done.returncode, done.stdout, done.stderr)


def assert_refused(done: Done, *words: str) -> None:
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("hitvideo: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr


def test_reconstruct_writes_every_level_and_its_figures(
    clip: str, weights: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    options = ["--size", 32, "--start", 0.5, "--seconds", 1.5, "--weights", weights]
    done = as_a_process("reconstruct", clip, out, *options, "--device", "cpu", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    names = sorted(path.name for path in out.iterdir())
    assert names == ["level_1.mp4", "level_2.mp4", "level_3.mp4", "levels.json", "original.mp4"]
    report = json.loads(done.stdout)
    assert report == json.loads((out / "levels.json").read_text())
    assert (report["frames"], report["height"], report["width"]) == (12, 32, 32)
    assert [level["tokens"] for level in report["levels"]] == [2 * 2 * 2, 4 * 2 * 2, 4 * 4 * 4]
    assert [level["bits"] for level in report["levels"][1:]] == [16 * 6, 64 * 6]
    sizes = [level["bytes"] for level in report["levels"]]
    assert sizes == sorted(sizes) and sizes[0] > 0
    for level in report["levels"]:
        assert level["bpp_actual"] == pytest.approx(8 * level["bytes"] / (12 * 32 * 32))
        info = probe(out / level["file"])
        assert (info.width, info.height, info.fps) == (32, 32, 8)
    assert len(read_video(out / "level_3.mp4")) == 12
    cut = read_video(clip, fps=8, size=32, start=0.5, seconds=1.5)
    shown = read_video(out / "original.mp4").astype(int)
    assert np.abs(shown - cut).mean() < 10  # another frame would be at 85; 4:2:0 blurs edges


def test_reconstruct_into_a_folder_that_holds_something(
    clip: str, weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    (tmp_path / "levels.json").write_text("old")
    code = main(["reconstruct", clip, str(tmp_path), "--size", "16", "--weights", weights])
    assert code == 0
    assert (tmp_path / "mine.txt").read_text() == "keep"
    assert json.loads((tmp_path / "levels.json").read_text())["frames"] == 20
    assert len(list(tmp_path.iterdir())) == 6
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["level 1", "level 2", "level 3"]


def test_reconstruct_never_replaces_what_it_reads_nor_moves_half_of_its_files(
    clip: str, weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "original.mp4"
    own.write_bytes(Path(clip).read_bytes())
    options = ["--size", "16", "--weights", weights]
    assert main(["reconstruct", str(own), str(tmp_path), *options]) == 2
    assert "made from it" in capsys.readouterr().err
    assert own.read_bytes() == Path(clip).read_bytes() and len(list(tmp_path.iterdir())) == 1
    own.unlink()
    own.mkdir()
    assert main(["reconstruct", clip, str(tmp_path), *options]) == 2
    assert "is a folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["original.mp4"]


def broken(kind: str, folder: Path) -> Path:
    """A file that is no video, of some kind."""
    path = folder / f"{kind}.mp4"
    if kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("not a video\n" * 100)
    elif kind == "folder":
        path.mkdir()
    elif kind == "truncated":
        write_video(path, np.zeros((20, 32, 32, 3), np.uint8), 8)
        path.write_bytes(path.read_bytes()[:300])
    elif kind == "audio":
        with av.open(path, "w") as container:
            stream = container.add_stream("aac", rate=44100)
            frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
            frame.rate = 44100
            container.mux([*stream.encode(frame), *stream.encode(None)])
    return path


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "folder", "truncated", "audio"])
def test_what_is_no_video_is_one_line_and_leaves_nothing(kind: str, tmp_path: Path) -> None:
    path = broken(kind, tmp_path)
    out = tmp_path / "out"
    assert_refused(hitvideo("reconstruct", path, out), path.name)
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--seconds", "nan"], "length"),
        (["--seconds", "0"], "length"),
        (["--start", "nan"], "start"),
        (["--start", "-1"], "start"),
        (["--start", "60"], "ends after"),
        (["--fps", "nan"], "frame rate"),
        (["--fps", "0"], "frame rate"),
        (["--size", "0"], "size"),
        (["--size", "100000"], "size"),
        (["--weights", "nowhere"], "nowhere"),
        (["--device", "abacus"], "abacus"),
        (["--device", "meta"], "meta"),
        (["--weights", ""], "--weights is empty"),
    ],
)
def test_options_out_of_range_are_one_line_and_leave_nothing(
    clip: str,
    weights: str,
    tmp_path: Path,
    options: list[str],
    word: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    assert main(["reconstruct", clip, str(out), "--weights", weights, *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("hitvideo: ")
    assert captured.err.count("\n") == 1
    assert word in captured.err
    assert not out.exists()


@pytest.mark.parametrize("place", ["file", "file/under", "missing/deep", "/proc/hitvideo"])
def test_an_output_folder_that_cannot_be(clip: str, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("mine")
    out = tmp_path / place
    assert_refused(hitvideo("reconstruct", clip, out), str(out), "cannot be written")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_read_only_folder(clip: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert_refused(hitvideo("reconstruct", clip, tmp_path), "cannot be written")


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_interrupted_it_tidies_up(
    clip: str, weights: str, tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    out = tmp_path / "out"
    options = ["--fps", "240", "--size", "256", "--weights", weights]  # 600 frames: no hurry
    process = subprocess.Popen(
        [*COMMAND, "reconstruct", clip, str(out), *options],
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=as_in_a_terminal,
    )
    try:
        while not list(tmp_path.glob(".*/original.mp4")) and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(sent)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, errors) == (code, "")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_early_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    environment = {**ENVIRONMENT, "PYTHONUNBUFFERED": ""}  # so that the last flush is what fails
    command = [*COMMAND, "--help"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, env=environment)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_toon_prints_the_caption_of_what_it_writes(tmp_path: Path) -> None:
    from hitvideo.toon import toon_clip

    out = tmp_path / "toon.mp4"
    done = hitvideo("toon", "--seed", 7, out, "--frames", 9, "--size", 64)
    expected = toon_clip(7, frames=9, height=64, width=64)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == expected.caption + "\n"
    frames = read_video(out)
    assert frames.shape == (9, 64, 64, 3)
    assert np.abs(frames.astype(int) - expected.frames.numpy()).mean() < 6


def test_a_sheet_of_toon_begins_with_its_seed(tmp_path: Path) -> None:
    from hitvideo.commands.contact_sheet import COLUMNS, GAP
    from hitvideo.toon import toon_clip

    out = tmp_path / "toon.png"
    assert main(["toon", "--seed", "7", str(out), "--frames", "8", "--size", "128"]) == 0
    sheet = np.asarray(Image.open(out))
    height, width = (sheet.shape[0] - GAP) // 6, (sheet.shape[1] - GAP) // COLUMNS
    for place in (0, 1, COLUMNS, 23):  # the first of a clip's three frames
        y, x = GAP + place // COLUMNS * height, GAP + place % COLUMNS * width
        first = toon_clip(7 + place, frames=8).frames[1].numpy()
        assert np.array_equal(sheet[y : y + 128, x : x + 128], first)


def test_toon_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "toon.mp4")
    assert main(["toon", "--seed", "3", out, "--frames", "1", "--size", "16", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["seed"] == 3
    assert report["caption"]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--seed", "-1", "toon.mp4"], "seed"),
        (["--seed", "1", "--frames", "0", "toon.mp4"], "frame"),
        (["--seed", "1", "--size", "0", "toon.mp4"], "pixels"),
        (["--seed", "1", "--frames", "10000000", "toon.mp4"], "too large"),
        (["--seed", "1", "--frames", "1", "toon.avi"], ".mp4"),
        (["--seed", "1", "--frames", "1", "missing/toon.mp4"], "folder"),
    ],
)
def test_toons_that_cannot_be(
    options: list[str],
    word: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["toon", *options]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("hitvideo: ")
    assert word in captured.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [[], ["paint"], ["toon", "--seed", "x", "a.mp4"], ["evaluate"], ["reconstruct"]]
)
def test_commands_that_are_none_end_with_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: hitvideo" in capsys.readouterr().err


def test_help_is_quick_because_it_imports_no_torch() -> None:
    code = (
        "import sys; from hitvideo.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as ended: assert ended.code == 0\n"
        "assert not {'torch', 'av', 'gradio'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True)
    assert done.returncode == 0, done.stderr
    for command in (b"reconstruct", b"toon", b"train-tokenizer", b"evaluate", b"benchmark"):
        assert command in done.stdout


def test_training_takes_its_options_from_the_training_module(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["train-tokenizer", "--help"])
    assert "--out" in capsys.readouterr().out


def test_evaluate_tokenizer_from_folder_to_json(clip: str, weights: str, tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    folder = Path(clip).parent
    done = hitvideo(
        "evaluate", "tokenizer", folder, out, "--weights", weights, "--json", "--device", "cpu"
    )
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(out.read_text())
    assert report == json.loads(done.stdout)
    assert report["set"] == folder.name
    assert report["clips"] == 1
    assert report["by_clip"][0]["frames"] == 16  # of the 20 at 8 fps
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


@pytest.mark.parametrize("place", ["missing/results.json", "", "/proc/results.json"])
def test_results_that_cannot_be_written_are_refused_before_measuring(
    clip: str, tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / place)
    assert main(["evaluate", "tokenizer", str(Path(clip).parent), out]) == 2
    assert out in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_nothing_to_evaluate(
    folder: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", "tokenizer", folder, "results.json"]) == 2
    assert main(["evaluate", "baselines", folder, folder, "results.json"]) == 2
    assert capsys.readouterr().err.count("hitvideo: There ") == 2
    assert list(tmp_path.iterdir()) == []


def test_benchmark_names_the_machine(weights: str) -> None:
    done = hitvideo(
        "benchmark",
        "--weights",
        weights,
        "--device",
        "cpu",
        "--repeats",
        2,
        "--threads",
        1,
        "--json",
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["machine"]["threads"] == 1
    assert report["machine"]["processor"]
    assert len(report["all_encode_seconds"]) == report["repeats"] == 2
    total = report["encode_seconds"] + report["decode_seconds_by_depth"][-1]
    assert report["times_real_time"] == pytest.approx(8 / total)


NO_PAGE = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

HTTPServer(("127.0.0.1", int(sys.argv[-1])), BaseHTTPRequestHandler).serve_forever()
"""


@pytest.mark.slow
def test_benchmark_app_opens_the_app(
    weights: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["benchmark-app", "--weights", weights, "--repeats", "1", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["all_seconds"] == [report["seconds"]] and report["seconds"] > 0
    (tmp_path / "app.py").write_text("print('Hello.'); raise SystemExit('No weights.')")
    monkeypatch.setattr(startup, "APP", tmp_path / "app.py")
    assert main(["benchmark-app"]) == 2
    assert capsys.readouterr().err == "hitvideo: The app did not open. No weights.\n"
    (tmp_path / "app.py").write_text(NO_PAGE)
    assert main(["benchmark-app"]) == 2
    assert capsys.readouterr().err == "hitvideo: The app opened, but its page is an error: 501.\n"


HANGS = """
import signal, socket, sys, time

signal.signal(signal.SIGTERM, signal.SIG_IGN)
with socket.create_server(("127.0.0.1", int(sys.argv[-1]))):
    time.sleep(600)
"""


def test_an_app_that_hangs_ends_its_benchmark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "app.py").write_text(HANGS)
    monkeypatch.setattr(startup, "APP", tmp_path / "app.py")
    monkeypatch.setattr(startup, "PATIENCE", 1.5)
    monkeypatch.setattr(startup, "ENDING", 0.1)
    assert main(["benchmark-app"]) == 2
    assert capsys.readouterr().err == "hitvideo: The app did not open within 1.5 seconds.\n"


@pytest.mark.parametrize("options", [["--repeats", "0"], ["--threads", "0"]])
def test_a_benchmark_of_nothing(
    options: list[str], weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["benchmark", "--weights", weights, *options]) == 2
    assert "at least" in capsys.readouterr().err
