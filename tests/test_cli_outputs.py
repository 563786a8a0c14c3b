"""No command writes over what it reads, whatever name leads there."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from outputs import PLACES, SAME, check_refused, look, prepare
from tiny_generator import save_tiny_weights

from hitvideo.cli import main
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.video import read_video, write_video


@pytest.fixture(scope="module")
def weights(tiny: HiTVideoTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_weights(tmp_path_factory.mktemp("weights"), tiny)


@pytest.fixture(scope="module")
def made(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip and its token file."""
    folder = tmp_path_factory.mktemp("made")
    frames = np.random.default_rng(0).integers(0, 256, (16, 2, 2, 3), dtype=np.uint8)
    write_video(folder / "v.mp4", frames.repeat(16, 1).repeat(16, 2), 8)
    encode = ["encode", str(folder / "v.mp4"), str(folder / "t.hitv"), "--size", "16"]
    assert main([*encode, "--weights", str(weights), "--device", "cpu"]) == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A clip, a token file, two reports, and links to them."""
    (tmp_path / "clips").mkdir()
    shutil.copy(made / "v.mp4", tmp_path / "clips" / "v.mp4")
    shutil.copy(made / "t.hitv", tmp_path / "t.hitv")
    os.link(tmp_path / "clips" / "v.mp4", tmp_path / "hard.mp4")
    (tmp_path / "soft.mp4").symlink_to("clips/v.mp4")
    (tmp_path / "t.mp4").symlink_to("t.hitv")
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps({"by_clip": []}))
    (tmp_path / "a.svg").symlink_to("a.json")
    return tmp_path


COMMANDS = [
    "encode clips/v.mp4 clips/v.mp4",
    "encode clips/v.mp4 soft.mp4",
    "encode soft.mp4 hard.mp4",
    "encode clips/v.mp4 weights/tokenizer/config.json",
    "decode t.hitv t.mp4",
    "evaluate rate clips/v.mp4 hard.mp4",
    "evaluate rate clips soft.mp4",
    "evaluate tokenizer clips clips/v.mp4",
    "evaluate moving clips hard.mp4",
    "evaluate baselines clips . clips/v.mp4",
    "evaluate compare a.json b.json a.json",
    "evaluate compare a.json b.json b.json",
    "evaluate draw a.json a.svg",
    "evaluate judge weights/generator/config.json",
    "evaluate bits weights/generator/config.json",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_output_is_input(
    command: str,
    folder: Path,
    weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    (folder / "weights").symlink_to(weights)
    before = look(folder)
    capsys.readouterr()
    arguments = command.split()
    if not {"compare", "draw", "baselines"} & set(arguments):
        arguments += ["--weights", "weights", "--device", "cpu"]
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert "made from it" in shown.err and shown.err.count("\n") == 1
    assert shown.out == ""
    check_refused(folder, before)


@pytest.mark.parametrize("name", PLACES)
def test_a_video_to_every_kind_of_place(
    name: str,
    weights: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place_folder = folder / "places"
    place_folder.mkdir()
    prepare(place_folder)
    place = PLACES[name](place_folder, ".mp4")
    before = look(place_folder)
    monkeypatch.chdir(place_folder)
    capsys.readouterr()
    options = ["--weights", str(weights), "--device", "cpu", "--depth", "1"]
    done = main(["decode", str(folder / "t.hitv"), place.name, *options])
    shown = capsys.readouterr()
    # What is read is elsewhere here, and a video's name has an ending of its own.
    refused = place.refused not in ("", SAME) or not place.name.endswith(".mp4")
    if refused:
        assert done == 2 and shown.err.count("\n") == 1
        check_refused(place_folder, before)
        return
    assert (done, shown.err) == (0, "")
    assert len(read_video(place.name)) == 16
    target = os.path.realpath(place.name)
    after = look(place_folder)
    assert {name: seen for name, seen in after.items() if name != target} == {
        name: seen for name, seen in before.items() if name != target
    }
    if target in before:
        assert after[target][0] == before[target][0]


def test_an_empty_name_of_weights_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    for command in (["decode", "t.hitv", "out.mp4"], ["train-generator", "--out", "run"]):
        assert main([*command, "--weights", ""]) == 2
        shown = capsys.readouterr().err
        assert shown.count("\n") == 1
    assert not (folder / "run").exists()
