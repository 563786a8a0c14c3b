"""`encode`, `decode` and `train-entropy` as a user runs them."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY

from hitvideo.bitstream import TokenCoder
from hitvideo.bitstream.entropy import Tables
from hitvideo.cli import main
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.video import probe, read_video, write_video


@pytest.fixture(scope="module")
def weights(tiny: HiTVideoTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    tiny.save_pretrained(folder / "tokenizer")
    return folder


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "patches_01.mp4"
    patches = np.random.default_rng(0).integers(0, 256, (40, 3, 4, 3), dtype=np.uint8)
    write_video(path, patches.repeat(16, axis=1).repeat(16, axis=2), 8)
    return path


@pytest.fixture
def run(weights: Path, capsys: pytest.CaptureFixture[str]):
    def command(*arguments: object) -> tuple[int, str, str]:
        done = main([*map(str, arguments), "--weights", str(weights), "--device", "cpu"])
        shown = capsys.readouterr()
        return done, shown.out, shown.err

    return command


def test_there_and_back(
    run, tiny: HiTVideoTokenizer, weights: Path, clip: Path, tmp_path: Path
) -> None:
    tokens, out = tmp_path / "clip.hitv", tmp_path / "clip.mp4"
    options = ("--size", 32, "--fps", 12.5, "--start", 1, "--seconds", 2, "--json")
    done, printed, _ = run("encode", clip, tokens, *options)
    assert done == 0
    report = json.loads(printed)
    assert (report["frames"], report["height"], report["width"]) == (25, 32, 32)
    assert report["bytes"] == tokens.stat().st_size == report["bytes_by_depth"][-1]
    assert report["bpp_actual"] == 8 * report["bytes"] / (25 * 32 * 32)
    assert report["depths"] == [3]
    file = TokenCoder.from_pretrained(weights, tiny).loads(tokens.read_bytes())
    assert (file.fps, file.codes.frames) == (12.5, 25)

    done, printed, errors = run("decode", tokens, out, "--json")
    assert (done, json.loads(printed)["depths"], errors) == (0, [3], "")
    assert (probe(out).fps, len(read_video(out))) == (12.5, 25)

    cut = tmp_path / "cut.hitv"
    cut.write_bytes(tokens.read_bytes()[: report["bytes_by_depth"][1] + 3])
    done, printed, errors = run("decode", cut, out, "--json")
    shown = json.loads(printed)
    assert (done, shown["depths"], shown["complete"]) == (0, [2], False)
    assert shown["note"] in errors and "ends inside level 3" in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.hitv", "clip.mp4", "cut.hitv"]


def test_a_clip_that_ends_early_is_encoded_that_far(run, clip: Path, tmp_path: Path) -> None:
    cut, tokens = tmp_path / "cut.mp4", tmp_path / "cut.hitv"
    data = clip.read_bytes()
    cut.write_bytes(data[: len(data) * 2 // 3])
    done, printed, errors = run("encode", cut, tokens, "--size", 16, "--json")
    report = json.loads(printed)
    assert done == 0 and 8 <= report["frames"] < 40 and not report["complete"]
    assert report["note"] == f"The file ends early, after {report['frames'] / 8:.3g} of 5 seconds."
    assert f"hitvideo: {report['note']}\n" in errors
    done, printed, errors = run("encode", clip, tokens, "--size", 16, "--json")
    report = json.loads(printed)
    assert (report["complete"], report["note"], errors) == (True, "", "")

    out = tmp_path / "levels"
    done, printed, errors = run("reconstruct", cut, out, "--size", 16, "--json")
    report = json.loads(printed)
    assert done == 0 and not report["complete"] and "ends early" in report["note"]
    assert f"hitvideo: {report['note']}\n" in errors


def test_depths(run, clip: Path, tmp_path: Path) -> None:
    tokens, out = tmp_path / "clip.hitv", tmp_path / "clip.mp4"
    sizes = []
    for option in (("--depth", 2), ("--max-bpp", 1e-6), ("--min-psnr", 99), ("--max-bpp", 9)):
        done, printed, _ = run("encode", clip, tokens, "--size", 16, "--json", *option)
        assert done == 0
        sizes.append(json.loads(printed)["depths"])
    assert sizes == [[2], [1], [3], [3]]
    done, printed, _ = run("decode", tokens, out, "--depth", 1)
    assert (done, printed) == (0, "40 frames, depth 1\n")


def test_a_quality_that_cannot_be_reached_is_said(run, clip: Path, tmp_path: Path) -> None:
    tokens = tmp_path / "clip.hitv"
    done, printed, errors = run("encode", clip, tokens, "--size", 16, "--min-psnr", 99, "--json")
    note = json.loads(printed)["note"]
    assert (done, errors) == (0, f"hitvideo: {note}\n")
    assert note.startswith("1 of 1 blocks of 64 frames stay below 99 dB")
    done, printed, errors = run("encode", clip, tokens, "--size", 16, "--min-psnr", 1, "--json")
    assert (done, json.loads(printed)["note"], errors) == (0, "", "")


def test_what_is_refused(run, clip: Path, tmp_path: Path) -> None:
    tokens, out = tmp_path / "clip.hitv", tmp_path / "clip.mp4"
    cases = [
        (("encode", tmp_path / "none.mp4", tokens), "no file none.mp4"),
        (("encode", clip, tokens, "--depth", 4), "between 1 and 3, not 4"),
        (("encode", clip, tokens, "--depth", 2, "--max-bpp", 1), "either --depth"),
        (("encode", clip, tokens, "--max-bpp", -1), "more than 0"),
        (("encode", clip, tokens, "--max-bpp", "inf"), "more than 0"),
        (("encode", clip, tokens, "--min-psnr", "nan"), "number of dB"),
        (("encode", clip, tmp_path, "--size", 16), "is a folder"),
        (("encode", clip, tokens, "--size", 16, "--start", 99), "before the start"),
        (("decode", clip, out), "not a HiTVideo token file"),
        (("decode", tmp_path / "none.hitv", out), "cannot be read"),
        (("train-entropy",), "no clips to learn from"),
        (("train-entropy", "--toon", -1), "0 or more"),
    ]
    for arguments, words in cases:
        done, printed, errors = run(*arguments)
        assert (done, printed) == (2, ""), arguments
        assert errors.startswith("hitvideo: ") and errors.count("\n") == 1
        assert words in errors
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_refused_and_left_alone(run, clip: Path, tmp_path: Path) -> None:
    """As a shell hands one on: `decode <(curl ...) clip.mp4`; a token file must be on disk."""
    read, write = os.pipe()
    os.close(write)
    for verb, name in (("decode", "clip.mp4"), ("encode", "clip.hitv")):
        done, printed, errors = run(verb, f"/dev/fd/{read}", tmp_path / name)
        assert (done, printed) == (2, "") and errors.count("\n") == 1
        assert errors.startswith("hitvideo: ") and errors.endswith(".\n")
    os.close(read)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("decode", "/dev/zero", "out.mp4"), "not a HiTVideo token file"),
        (("decode", "/dev/null", "out.mp4"), "not a HiTVideo token file"),
        (("encode", "/dev/zero", "out.hitv"), "no file zero"),
        (("evaluate", "compare", "/dev/zero", "/dev/zero", "out.json"), "no report of"),
        (("evaluate", "compare", "/dev/null", "/dev/null", "out.json"), "no report of"),
    ],
)
def test_devices_without_an_end_are_refused(
    arguments: tuple[str, ...],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and words in shown.err and shown.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_train_entropy_makes_files_smaller(
    tiny: HiTVideoTokenizer,
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("hitvideo.training.entropy_tables.EPOCHS", 60)
    tiny.save_pretrained(tmp_path / "tokenizer")
    command = ["--weights", str(tmp_path), "--device", "cpu"]
    encode = ["encode", str(clip), str(tmp_path / "clip.hitv"), "--size", "128", *command]
    assert main(encode) == 0
    plain = (tmp_path / "clip.hitv").stat().st_size
    assert main(["train-entropy", "--clips", str(clip.parent), *command]) == 0
    assert main(encode) == 0
    data = (tmp_path / "clip.hitv").read_bytes()
    bits = sum(level.bpp for level in TINY.levels) * 40 * 128 * 128
    assert len(data) < min(plain, 0.9 * bits / 8)
    coder = TokenCoder.from_pretrained(tmp_path, tiny)
    codes = coder.loads(data).codes
    assert coder.dumps(codes, 8) == data


def test_detail_gets_tables_of_its_own_and_the_others_stay(
    tiny: HiTVideoTokenizer,
    detailed: HiTVideoTokenizer,
    clip: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["train-entropy", "--clips", str(clip.parent), "--weights", str(tmp_path)]
    tiny.save_pretrained(tmp_path / "tokenizer")
    assert main(command) == 0
    before = Tables.load(tmp_path / "entropy", tiny.config).networks
    assert main([*command, "--detail"]) == 2
    assert "no level of detail" in capsys.readouterr().err
    detailed.save_pretrained(tmp_path / "tokenizer")
    assert main([*command, "--detail"]) == 0
    after = Tables.load(tmp_path / "entropy", detailed.config).networks
    assert len(after) == 4
    for one, same in zip(before, after, strict=False):
        assert (one.hidden_weight == same.hidden_weight).all()
    file = tmp_path / "clip.hitv"
    encode = ["encode", str(clip), str(file), "--size", "64", "--weights", str(tmp_path)]
    assert main(encode) == 0
    coder = TokenCoder.from_pretrained(tmp_path, detailed)
    codes = coder.loads(file.read_bytes()).codes
    assert codes.depth == 4 and coder.dumps(codes, 8) == file.read_bytes()
