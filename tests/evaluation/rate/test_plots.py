"""Pictures of reports: drawn from the figures alone, and the same every time."""

import io
import sys

import pytest

from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.rate.plots import draw
from hitvideo.evaluation.rate.summary import summarize


def made(levels: int) -> dict[str, object]:
    clips = []
    for name, shift in (("a_0", 0.0), ("b_0", 2.0)):
        points = [
            {"kind": "level", "bpp": 0.004 * 3**k, "bpp_nominal": 0.004, "psnr": 18 + shift + 2 * k}
            for k in range(levels)
        ]
        points += [
            {"kind": codec, "bpp": 0.02 * 2**k, "psnr": 20 + shift + 3 * k}
            for codec in ("x264", "svt-av1")
            for k in range(3)
        ]
        clips.append({"name": name, "source": name[0], "points": points})
    return {"metrics": ["psnr"], **summarize(clips, ["psnr"], ["x264", "svt-av1"])}


def test_an_svg_names_every_curve_and_is_the_same_every_time() -> None:
    pytest.importorskip("matplotlib")
    pictures = []
    for _ in range(2):
        file = io.BytesIO()
        draw([("ladder", made(3)), ("single", made(1))], file, "svg")
        pictures.append(file.getvalue())
    text = pictures[0].decode()
    for words in (
        "level 1",
        "level 2",
        "ladder, level 3",
        "single",
        "x264",
        "SVT-AV1",
        "PSNR (dB)",
    ):
        assert f">{words}<" in text
    assert pictures[0] == pictures[1]


def test_a_metric_that_is_not_there_and_a_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(HiTVideoError, match="vmaf is not in every report; psnr are"):
        draw([("", made(2))], io.BytesIO(), "png", ["vmaf"])
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(HiTVideoError, match="Drawing needs matplotlib"):
        draw([("", made(2))], io.BytesIO(), "png")
