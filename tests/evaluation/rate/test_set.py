"""What many clips add up to, two tokenizers side by side, and the commands around them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import randomize

from hitvideo.cli import main
from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.clips import Clip, read_clip
from hitvideo.evaluation.rate.bdrate import BdRate, bd_rate
from hitvideo.evaluation.rate.clip import rate_quality
from hitvideo.evaluation.rate.compare import compare
from hitvideo.evaluation.rate.set import evaluate_rate
from hitvideo.evaluation.rate.summary import summarize
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.toon import toon_clip
from hitvideo.video import write_video

Report = dict[str, Any]


def point(kind: str, bpp: float, psnr: float) -> Report:
    nominal = {"bpp_nominal": bpp} if kind == "level" else {}
    return {"kind": kind, "name": "", "bytes": bpp * 1e6, "bpp": bpp, "psnr": psnr, **nominal}


def clip(name: str, source: str, shift: float = 0.0, **codecs: float) -> Report:
    """Levels at 0.01, 0.02 and 0.04 bpp, 3 dB apart; codecs like them, their bytes scaled."""
    points = [point("level", 0.01 * 2**k, 20 + shift + 3 * k) for k in range(3)]
    for codec, scale in codecs.items():
        points += [point(codec, 0.01 * scale * 2**k, 20 + shift + 3 * k) for k in range(4)]
    return {"name": name, "source": source, "frames_hash": name, "points": points}


def test_bd_rates_are_averaged_over_the_clips_that_every_codec_has() -> None:
    clips = [
        clip("a_0", "a", x264=2.0, x265=1.0),
        clip("a_1", "a", x264=0.5, x265=1.0),
        clip("b_0", "b", x264=2.0),  # x265 has nothing here
    ]
    report = summarize(clips, ["psnr"], ["x264", "x265"])
    x264, x265 = report["bd_rate"]["psnr"]["x264"], report["bd_rate"]["psnr"]["x265"]
    assert (x264["clips"], x264["clips_that_overlap"]) == (2, 3)
    assert (x265["clips"], x265["clips_that_overlap"]) == (2, 2)
    assert x264["percent"] == pytest.approx(0, abs=1e-9)  # half and double
    assert x264["percent_arithmetic"] == pytest.approx(25)
    assert x264["mean_overlap"] == [20, 26]
    assert [c["bd_rate"]["psnr"]["x264"]["percent"] for c in report["by_clip"]] == pytest.approx(
        [-50, 100, -50]
    )
    assert "two points" in report["by_clip"][2]["bd_rate"]["psnr"]["x265"]["reason"]
    nothing = report["by_source"]["b"]["bd_rate"]["psnr"]["x264"]
    assert nothing["percent"] is None and "no clip" in nothing["reason"]


def test_a_codec_is_compared_where_it_can_be_that_small() -> None:
    clips = [clip("a_0", "a", x264=1.5), clip("b_0", "b", shift=2, x264=0.5)]
    levels = summarize(clips, ["psnr"], ["x264"])["levels"]
    first, second = (level["codecs"]["x264"] for level in levels[:2])
    assert (first["share"], first["clips_coded_this_small"]) == (0.5, 1)
    assert first["psnr"]["codec"] == pytest.approx(25)
    assert first["psnr"]["levels"] == pytest.approx(22)
    assert second["share"] == 1
    gains = [3 * np.log2(1.5), -3]
    assert second["psnr"]["gain"]["mean"] == pytest.approx(np.mean(gains), rel=1e-4)
    low, high = second["psnr"]["gain"]["interval_95"]
    assert low == pytest.approx(-3, rel=1e-4) and high == pytest.approx(gains[0], rel=1e-4)


def test_mean_curves_say_over_how_many_clips() -> None:
    clips = [clip("a_0", "a", x264=1.0), clip("b_0", "b", shift=2, x264=0.25)]
    report = summarize(clips, ["psnr"], ["x264"])
    curve = report["curves"]["x264"]
    assert [p["clips"] for p in curve] == sorted(p["clips"] for p in curve)
    assert {p["clips"] for p in curve} == {1, 2}
    assert min(p["bpp"] for p in curve) >= 0.0025
    last = curve[-1]  # 0.0806 bpp: both are at their best
    assert last["psnr"] == pytest.approx(30)
    assert report["by_source"]["b"]["curves"]["x264"][-1]["psnr"] == pytest.approx(31)


def single(name: str, source: str, bpp: float, psnr: float) -> Report:
    points = [point("level", bpp, psnr)]
    return {"name": name, "source": source, "frames_hash": name, "points": points}


def report(name: str, clips: list[Report]) -> Report:
    return {"tokenizer": name, "metrics": ["psnr"], "by_clip": clips}


def test_a_single_level_is_compared_at_its_bytes_and_at_its_quality() -> None:
    ours = report("ours", [clip("a_0", "a"), clip("b_0", "b"), clip("c_0", "c")])
    theirs = [single("a_0", "a", 0.04, 24.5), single("b_0", "b", 0.02, 24.5)]
    theirs.append(single("only theirs", "d", 0.02, 22))
    result = compare(ours, report("single", theirs), fewer=50)
    assert result["clips"] == 2
    assert result["at_equal_bytes"]["psnr"]["mean"] == pytest.approx((1.5 - 1.5) / 2, abs=1e-9)
    assert result["at_equal_bytes"]["psnr"]["interval_95"] == pytest.approx([-1.5, 1.5])
    assert result["fewer_bits"]["psnr"]["mean"] == pytest.approx((-1.5 - 4.5) / 2)
    needed = np.sqrt(0.5) * np.sqrt(2)  # 0.0283 bpp against 0.04 and 0.02
    assert result["at_equal_quality"]["psnr"]["bytes"]["percent"] == pytest.approx(
        100 * (needed - 1), abs=1e-3
    )
    assert result["levels"][2]["psnr"]["mean"] == pytest.approx(1.5)
    assert result["levels"][2]["bytes"]["percent"] == pytest.approx(
        100 * (np.sqrt(2) - 1), abs=1e-2
    )
    assert result["bd_rate"]["psnr"]["percent"] is None
    assert "two points" in result["bd_rate"]["psnr"]["reason"]


def test_what_ours_cannot_reach_is_counted_not_guessed() -> None:
    ours = report("ours", [clip("a_0", "a"), clip("b_0", "b")])
    theirs = report("theirs", [single("a_0", "a", 0.001, 27), single("b_0", "b", 0.02, 23)])
    result = compare(ours, theirs)
    assert result["at_equal_quality"]["psnr"]["clips_that_never_get_there"] == 1
    assert result["at_equal_bytes"]["clips_that_start_larger"] == 1
    assert result["fewer_bits"]["clips_that_start_larger"] == 2
    assert "psnr" not in result["fewer_bits"]


def test_two_hierarchies_have_a_bd_rate() -> None:
    half = clip("a_0", "a")
    half["points"] = [{**p, "bpp": p["bpp"] / 2} for p in half["points"]]
    result = compare(report("ours", [half]), report("theirs", [clip("a_0", "a")]))
    assert result["bd_rate"]["psnr"]["percent"] == pytest.approx(-50)


@pytest.mark.parametrize("fewer", [0, 100, float("nan")])
def test_comparisons_that_make_no_sense(fewer: float) -> None:
    ours = report("ours", [clip("a_0", "a")])
    with pytest.raises(HiTVideoError, match="between 0 and 100"):
        compare(ours, ours, fewer)
    with pytest.raises(HiTVideoError, match="in common"):
        compare(ours, report("theirs", [clip("b_0", "b")]))


@pytest.fixture(scope="module")
def pipeline(tiny: HiTVideoTokenizer) -> HiTVideoPipeline:
    return HiTVideoPipeline(tiny)


def test_clips_of_an_unfinished_run_are_kept_if_nothing_has_changed(
    pipeline: HiTVideoPipeline,
) -> None:
    frames = [toon_clip(s, frames=8, height=32, width=32).frames.numpy() for s in (1, 2)]
    clips = [Clip(f"toon-{i}", "toon", f) for i, f in enumerate(frames)]
    worked: list[str] = []

    def run(clips: list[Clip], earlier: Report | None, coding: str = "packed") -> list[Report]:
        worked.clear()
        tell = lambda progress, message: worked.append(message.split(":")[0])  # noqa: E731
        parts = ["x264"], ["psnr"], earlier, tell
        return list(evaluate_rate(pipeline, clips, coding, *parts))

    first, second, last = run(clips, None)
    assert (first["clips"], second["clips"]) == (1, 2) and second == last
    assert run(clips, json.loads(json.dumps(first)))[-1] == last
    assert set(worked) == {"toon-1"}
    run(clips, first, "tables")
    assert set(worked) == {"toon-0", "toon-1"}
    run([Clip("toon-0", "toon", frames[1])], first)
    assert set(worked) == {"toon-0"}
    with pytest.raises(HiTVideoError, match="no clip"):
        run([], None)


def test_codecs_are_not_measured_again_for_another_tokenizer(
    pipeline: HiTVideoPipeline,
) -> None:
    frames = toon_clip(1, frames=8, height=32, width=32).frames.numpy()
    worked: list[str] = []

    def run(pipeline: HiTVideoPipeline, earlier: Report | None) -> Report:
        worked.clear()
        parts = "packed", ["x264"], ["psnr"], earlier
        tell = lambda progress, message: worked.append(message)  # noqa: E731
        return [*evaluate_rate(pipeline, [Clip("toon-1", "toon", frames)], *parts, tell)][-1]

    def points(report: Report, codecs: bool) -> list[Report]:
        return [p for p in report["by_clip"][0]["points"] if (p["kind"] != "level") == codecs]

    first = run(pipeline, None)
    other = HiTVideoTokenizer(pipeline.tokenizer.config).eval()
    randomize(other, seed=1)
    second = run(HiTVideoPipeline(other), first)
    assert not any("x264" in message for message in worked)
    assert points(second, True) == points(first, True) and points(first, True)
    assert points(second, False) != points(first, False)
    # Had they been followed to another size, they would have to be measured.
    points(first, False)[-1]["bpp"] *= 9
    assert points(run(HiTVideoPipeline(other), first), True) == points(second, True)
    assert any("x264" in message for message in worked)


@pytest.fixture(scope="module")
def files(tiny: HiTVideoTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rate")
    tiny.save_pretrained(folder / "weights" / "tokenizer")
    (folder / "clips").mkdir()
    frames = toon_clip(4, frames=8, height=64, width=64).frames.numpy()
    write_video(folder / "clips" / "lake_001.mp4", frames, 8)
    (folder / "clips" / "broken_002.mp4").write_text("no")
    return folder


def run(*arguments: object) -> int:
    return main(["evaluate", *map(str, arguments)])


def test_the_command_writes_the_numbers_of_the_function(
    files: Path, pipeline: HiTVideoPipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    out = files / "out.json"
    chosen = ("--metrics", "psnr", "ssim", "--codecs", "x264", "svt-av1")
    model = ("--weights", files / "weights", "--device", "cpu", "--json")
    assert run("rate", files / "clips", out, *chosen, *model) == 0
    written = json.loads(out.read_text())
    assert json.loads(capsys.readouterr().out) == written
    assert list(written["skipped"]) == ["broken_002.mp4"]
    (measured,) = written["by_clip"]
    assert (measured["name"], measured["source"]) == ("lake_001.mp4", "lake")
    frames = read_clip(files / "clips" / "lake_001.mp4")
    own = HiTVideoPipeline.from_pretrained(files / "weights")
    steps = rate_quality(own, frames, 8.0, ("x264", "svt-av1"), ("psnr", "ssim"))
    assert measured["points"] == [step.point.figures() for step in steps if step.point]
    curves = [
        [(p["bpp"], p["psnr"]) for p in measured["points"] if p["kind"] == kind]
        for kind in ("x264", "level")
    ]
    rate, told = bd_rate(*curves), measured["bd_rate"]["psnr"]["x264"]
    if isinstance(rate, BdRate):
        assert told["percent"] == pytest.approx(rate.percent, rel=1e-4)
    else:
        assert told == {"percent": None, "reason": rate.reason}
    assert sorted(path.name for path in files.iterdir()) == ["clips", "out.json", "weights"]


def test_one_file_is_a_set_too_and_levels_alone_are_quick(files: Path) -> None:
    out = files / "one.json"
    model = ("--weights", files / "weights", "--device", "cpu")
    one = files / "clips" / "lake_001.mp4"
    assert run("rate", one, out, "--codecs", "--metrics", "psnr", *model) == 0
    written = json.loads(out.read_text())
    assert written["clips"] == 1 and written["bd_rate"] == {"psnr": {}}
    assert {p["kind"] for p in written["by_clip"][0]["points"]} == {"level"}
    assert run("compare", out, out, files / "two.json", "--fewer", "10") == 0
    compared = json.loads((files / "two.json").read_text())
    assert compared["levels"][2]["psnr"]["mean"] == compared["levels"][2]["bytes"]["percent"] == 0
    for path in (out, files / "two.json"):
        path.unlink()


def test_wrong_input_is_one_sentence(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, clips = files / "out2.json", files / "clips"
    model = ("--weights", files / "weights", "--device", "cpu")
    for arguments, words in (
        (("rate", clips, out, "--codecs", "vp9", *model), "no codec vp9"),
        (("rate", files / "none", out, *model), "no folder"),
        (("rate", clips / "broken_002.mp4", out, *model), "broken_002"),
        (("draw", clips / "broken_002.mp4", files / "x.svg"), "no report"),
        (("draw", clips, files / "x.gif"), "svg, png, pdf"),
        (("compare", clips, clips, out), "no report"),
    ):
        assert run(*arguments) == 2
        said = capsys.readouterr().err
        assert words in said and said.count("\n") == 1
    assert not out.exists()
