"""Two clips as one, and what of a browser's wishes is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hitvideo.errors import HiTVideoError
from hitvideo.ui.comparison import Comparison, compare, save_comparison
from hitvideo.ui.player import Tile
from hitvideo.video import read_video, write_video

WISH = {"a": 0, "b": 1, "mode": "side", "gain": 4, "first": 0, "last": 7, "kind": "mp4"}
WISH["part"] = [0, 0, 1, 1]
DARK, BRIGHT = (np.full((16, 64, 200, 3), value, np.uint8) for value in (40, 200))
BELOW = slice(30, None)  # where no name stands


def compared(mode: str, **options: Any) -> np.ndarray:
    return compare(DARK, BRIGHT, ["A", "B"], mode, 8, **options)


def test_each_mode_shows_both_where_and_when_it_should() -> None:
    side = compared("side")
    assert side.shape == (16, 64, 408, 3)
    assert (side[:, BELOW, :200] == 40).all() and (side[:, BELOW, 208:] == 200).all()
    blink = compared("blink")[:, BELOW]
    assert [int(frame[0, 0, 0]) for frame in blink] == [*[40] * 4, *[200] * 4] * 2
    wipe = compared("wipe")[:, BELOW]
    shares = [float((frame == 40).mean()) for frame in wipe]
    assert shares[0] == 0 and shares[8] > 0.99 and shares[4] == pytest.approx(0.5, abs=0.01)
    assert shares[1:8] == pytest.approx(shares[:8:-1], abs=0.01)  # back as it came
    assert (wipe[4][:, :99] == 40).all() and (wipe[4][:, 101:] == 200).all()


@pytest.mark.parametrize(("gain", "colour"), [(0.0, (0, 0, 0)), (64, (255, 255, 255))])
def test_the_heat_goes_from_black_to_white(gain: float, colour: tuple[int, ...]) -> None:
    assert (compared("difference", gain=gain)[:, BELOW] == colour).all()


def test_a_wish_is_kept_to_frame_and_part(tmp_path: Path) -> None:
    clip = np.zeros((12, 64, 64, 3), np.uint8)
    clip[:, :32] = 20 * np.arange(12)[:, None, None, None]
    clip[:, 32:] = 255
    for name in "ab":
        write_video(tmp_path / f"{name}.mp4", clip, 8)
    tiles = [Tile(name, video=tmp_path / f"{name}.mp4").value for name in "ab"]
    asked = Comparison.check({**WISH, "first": 3, "last": 8, "part": [0, 0, 1, 0.5]})
    path = save_comparison(tmp_path, asked, tiles, 8)
    assert path.name == "a-b-side.mp4"
    frames = read_video(path)
    assert frames.shape == (6, 256, 2 * 512 + 8, 3)
    means = frames[:, 60:240, 60:500].mean((1, 2, 3))
    assert means == pytest.approx([60, 80, 100, 120, 140, 160], abs=4)


@pytest.mark.parametrize(
    "change",
    [
        {"a": 2},
        {"a": -1},
        {"a": 0.5},
        {"b": "1"},
        {"mode": "flip"},
        {"mode": ["side"]},
        {"kind": "exe"},
        {"kind": ["mp4"]},
        {"gain": None},
        {"gain": float("nan")},
        {"first": 9, "last": 8},
        {"first": 99},
        {"part": [0, 0, 0, 1]},
        {"part": [0, 0, 1]},
        {"part": None},
        {"part": [0, 0, 2, 1]},
        {"more": 1},
    ],
)
def test_nonsense_is_one_sentence(change: dict[str, Any], tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", DARK, 8)
    tiles = [Tile(name, video=tmp_path / "clip.mp4").value for name in "ab"]
    with pytest.raises(HiTVideoError, match="no such comparison"):
        save_comparison(tmp_path, Comparison.check({**WISH, **change}), tiles, 8)
    with pytest.raises(HiTVideoError, match="no such comparison"):
        Comparison.check([change])
