"""VMAF through ffmpeg: sane scores, small frames, and clear words where it is missing."""

import stat
from pathlib import Path

import numpy as np
import pytest

from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.vmaf import available, vmaf

RNG = np.random.default_rng(0)


def clip(frames: int, height: int, width: int) -> np.ndarray:
    t, y, x = np.indices((frames, height, width))
    return ((np.sin((x + 2 * t) / 6) * np.cos(y / 5))[..., None] * [90, 60, 30] + 128).astype(
        np.uint8
    )


def noisy(frames: np.ndarray, deviation: float) -> np.ndarray:
    return (frames + RNG.normal(0, deviation, frames.shape)).clip(0, 255).astype(np.uint8)


def test_identical_clips_score_high_and_worse_ones_less() -> None:
    original = clip(8, 128, 128)
    scores = [vmaf(original, original), *(vmaf(original, noisy(original, d)) for d in (15, 60))]
    assert 95 < scores[0] <= 100
    assert scores[0] > scores[1] + 1 > scores[2] + 2


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 17, 65), (2, 16, 128)])
def test_small_and_odd_frames_can_be_measured(shape: tuple[int, int, int]) -> None:
    small = clip(*shape)
    assert vmaf(small, small) > 90


def test_clips_of_two_shapes_are_refused() -> None:
    with pytest.raises(HiTVideoError, match="one shape"):
        vmaf(clip(2, 32, 32), clip(3, 32, 32))


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    vmaf(clip(1, 32, 32), clip(1, 32, 32))
    assert not list(tmp_path.iterdir())


def test_an_ffmpeg_without_vmaf_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "ffmpeg"
    other.write_text("#!/bin/sh\necho No such filter: libvmaf >&2\nexit 1\n")
    other.chmod(other.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(other))
    available.cache_clear()
    try:
        assert not available()
        with pytest.raises(HiTVideoError, match="No such filter: libvmaf"):
            vmaf(clip(1, 32, 32), clip(1, 32, 32))
    finally:
        available.cache_clear()


def test_it_comes_with_the_requirements() -> None:
    assert available()
