"""`hitvideo generate` as a user runs it."""

import json
from pathlib import Path

import av
import pytest
from safetensors.torch import load_file
from tiny_generator import SIZE, save_tiny_weights

from hitvideo.cli import main
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.video import read_video

PROMPT = "a red zebra drives to the left"


@pytest.fixture(scope="module")
def weights(tiny: HiTVideoTokenizer, tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_tiny_weights(tmp_path_factory.mktemp("weights"), tiny))


def metadata(path: Path) -> dict[str, str]:
    with av.open(str(path)) as file:
        return dict(file.metadata)


def test_a_prompt_becomes_a_video_that_knows_how_it_was_made(
    weights: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.mp4"
    options = ["--weights", weights, "--device", "cpu", "--mode", "frame", "--seed", "7"]
    assert main(["generate", PROMPT, str(out), *options, "--levels", "2", "--json"]) == 0
    printed, errors = capfd.readouterr()
    report = json.loads(printed)
    assert errors == ""
    assert report["prompt"] == PROMPT and report["seed"] == 7 and report["levels"] == 2
    assert report["unknown_words"] == ["zebra"]
    assert report["quantization"] in ("int8", "nf4") and report["device"] == "cpu"
    assert read_video(out).shape == (*SIZE, 3)
    assert metadata(out)["title"] == PROMPT
    assert "seed=7" in metadata(out)["comment"]


def test_metadata_can_be_left_out(weights: str, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    options = ["--weights", weights, "--mode", "frame", "--quantize", "none", "--no-metadata"]
    assert main(["generate", PROMPT, str(out), *options]) == 0
    assert "title" not in metadata(out) and "comment" not in metadata(out)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["", "{}/out.mp4"], "write a prompt"),
        ([PROMPT, "{}/out.mp4", "--guidance", "nan"], "finite"),
        ([PROMPT, "{}/out.mp4", "--quantize", "int3"], "auto, int8, nf4 or none"),
        ([PROMPT, "{}/out.gif"], "must end in .mp4"),
        ([PROMPT, "{}/none/out.mp4"], "no folder"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(
    weights: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    filled = [argument.format(tmp_path) for argument in arguments]
    assert main(["generate", *filled, "--weights", weights, "--device", "cpu"]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_benchmark_sets_the_loop_beside_transformers(
    weights: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hitvideo.benchmarks.generator.BUFFER", 1 << 20)
    options = ["--repeats", "1", "--weights", weights, "--device", "cpu", "--json"]
    assert main(["benchmark-generator", *options]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["quantization"] == "int8"  # packed or not, every weight is counted
    files = Path(weights, "generator").glob("*.safetensors")
    stored = sum(tensor.numel() for file in files for tensor in load_file(file).values())
    assert report["parameters"] == stored
    loop = report["loop"]
    ratio = loop["tokens_per_second"] / loop["transformers_tokens_per_second"]
    assert loop["times_transformers"] == pytest.approx(ratio)
    assert [mode["mode"] for mode in report["modes"]] == ["token", "frame", "mixed"]
    token, frame, mixed = (mode["steps"] for mode in report["modes"])
    assert token > mixed > frame
    for mode in report["modes"]:
        assert 0 < mode["first_level_seconds"] < mode["seconds"]
        assert 0 < mode["longest_pause_seconds"] < mode["seconds"]
