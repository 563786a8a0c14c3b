"""What moves and what a codec would do there, on clips in which both are known."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from hitvideo.cli import main
from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.clips import Clip
from hitvideo.evaluation.moving import evaluate_moving, moving_blocks
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.video import write_video


def crossing() -> np.ndarray:
    """A bright square of 8 pixels in the upper half, one pixel to the right in every frame."""
    y, x = np.mgrid[:64, :64]
    frames = np.empty((16, 64, 64, 3), np.uint8)
    frames[:] = np.stack([2 * x, 2 * y, x + y], -1)
    for t, frame in enumerate(frames):
        frame[12:20, 16 + t : 24 + t] = 250
    return frames


def dawn() -> np.ndarray:
    """Tiles of which the upper three quarters get brighter, evenly: easy for a codec."""
    tiles = np.random.default_rng(0).integers(20, 120, (8, 8, 3), np.uint8)
    frames = np.tile(tiles.repeat(8, 0).repeat(8, 1), (16, 1, 1, 1))
    frames[:, :48] += 8 * np.arange(16, dtype=np.uint8)[:, None, None, None]
    return frames


def test_blocks_move_where_something_passes_and_nowhere_else() -> None:
    moves = moving_blocks(crossing(), (4, 8, 8))
    assert moves.shape == (4, 8, 8)
    assert moves.any((0, 2)).tolist() == [False, True, True] + [False] * 5  # rows 8 to 24
    assert moves[0].any(0).tolist() == [False, True, True, True] + [False] * 4
    assert moves[-1].any(0).tolist() == [False, False, True, True, True, True, False, False]
    assert not moving_blocks(crossing()[:1].repeat(8, 0), (4, 8, 8)).any()


def test_a_codec_may_spend_the_share_of_what_moves(shipped: HiTVideoTokenizer) -> None:
    pipeline = HiTVideoPipeline(shipped)
    still = Clip("still", "made", dawn()[:1].repeat(16, 0))
    report = evaluate_moving(pipeline, [Clip("one", "made", dawn()), still], ["x264"])
    assert report["clips"] == 1
    levels = report["levels"]
    parts = [levels["share"], 1 - levels["share"]], [levels["moving"], levels["still"]]
    error = sum(share * 10 ** (-psnr / 10) for share, psnr in zip(*parts, strict=True))
    assert -10 * math.log10(error) == pytest.approx(levels["psnr"], abs=1e-3)
    assert levels["share"] == 0.875  # all rows but the last eight
    paid, free = (report["codecs"]["x264"][kind] for kind in ("moving", "free first frame"))
    assert paid["clips"] == free["clips"] == 1
    assert 20 < paid["psnr"] < free["psnr"]  # more bytes are left if the first frame costs none
    assert free["else_perfect"] - free["psnr"] == pytest.approx(-10 * math.log10(levels["share"]))


@pytest.mark.slow
def test_the_command_and_what_it_cannot_measure(
    tmp_path: Path, shipped: HiTVideoTokenizer, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clips").mkdir()
    write_video(tmp_path / "clips" / "one.mp4", dawn(), 8)
    out = tmp_path / "moving.json"
    ask = ["evaluate", "moving", str(tmp_path / "clips"), str(out)]
    assert main([*ask, "--codecs", "svt-av1"]) == 0
    assert list(json.loads(out.read_text())["codecs"]) == ["svt-av1"]
    assert "svt-av1, free first frame: " in capsys.readouterr().out
    assert main([*ask, "--codecs", "mp3"]) == 2
    assert "There is no codec mp3" in capsys.readouterr().err
    nothing = Clip("still", "made", dawn()[:1].repeat(16, 0))
    with pytest.raises(HiTVideoError, match="in which anything moves"):
        evaluate_moving(HiTVideoPipeline(shipped), [nothing], [])
