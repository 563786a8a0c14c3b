"""The metrics, against values worked out by hand."""

import math

import numpy as np
import pytest

from hitvideo.errors import HiTVideoError
from hitvideo.metrics import (
    MAX_PSNR,
    QualityMeter,
    code_counts,
    ms_ssim,
    perplexity,
    psnr,
    ssim,
)

RNG = np.random.default_rng(0)
CLIP = RNG.integers(0, 256, (12, 24, 20, 3), dtype=np.uint8)


def test_psnr_comes_from_the_mean_error_of_the_whole_clip_not_of_frames() -> None:
    black = np.zeros((2, 16, 16, 3), np.uint8)
    half = black.copy()
    half[1] = 10
    assert psnr(black, half) == pytest.approx(10 * math.log10(255**2 / 50))


def test_psnr_does_not_wrap_around_at_eight_bits() -> None:
    black = np.zeros((1, 16, 16, 3), np.uint8)
    assert psnr(black, black + 255) == pytest.approx(0)
    assert psnr(black + 255, black) == pytest.approx(0)


def test_identical_clips_score_finite_numbers() -> None:
    assert psnr(CLIP, CLIP) == MAX_PSNR
    assert ssim(CLIP, CLIP) == pytest.approx(1)


def test_ssim_of_flat_frames_is_the_luminance_term() -> None:
    a, b = np.full((3, 16, 16, 3), 100, np.uint8), np.full((3, 16, 16, 3), 50, np.uint8)
    c1 = (0.01 * 255) ** 2
    assert ssim(a, b) == pytest.approx((2 * 100 * 50 + c1) / (100**2 + 50**2 + c1), abs=1e-4)


def test_ssim_averages_frames_and_sees_structure() -> None:
    noisy = CLIP.copy()
    noisy[6:] = RNG.integers(0, 256, noisy[6:].shape)
    whole, broken = ssim(CLIP, noisy), ssim(CLIP[6:], noisy[6:])
    assert broken < 0.2
    assert whole == pytest.approx((1 + broken) / 2, abs=1e-5)


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (2, 5, 40, 3), (1, 11, 10, 3)])
def test_frames_smaller_than_the_window_can_be_compared(shape: tuple[int, ...]) -> None:
    small = RNG.integers(0, 256, shape, dtype=np.uint8)
    assert ssim(small, small) == pytest.approx(1)
    assert ssim(small, 255 - small) < 0.9


def test_ms_ssim_takes_128_pixels_and_less_and_forgives_what_ssim_does_not() -> None:
    coarse = RNG.integers(0, 256, (9, 16, 16, 3), dtype=np.uint8).repeat(8, 1).repeat(8, 2)
    grain = (coarse + RNG.normal(0, 25, coarse.shape)).clip(0, 255).astype(np.uint8)
    assert ms_ssim(coarse, coarse) == pytest.approx(1)
    assert ssim(coarse, grain) < ms_ssim(coarse, grain) < 0.999
    assert ms_ssim(coarse, grain) > ms_ssim(coarse, np.roll(coarse, 16, 2))
    small = coarse[:, :20, :90]
    assert ms_ssim(small, small) == pytest.approx(1)
    assert ms_ssim(small, 255 - small) < 0.5


def test_ms_ssim_averages_frames() -> None:
    a, b = CLIP, np.roll(CLIP, 3, axis=1)
    each = [ms_ssim(a[i : i + 1], b[i : i + 1]) for i in range(len(a))]
    assert ms_ssim(a, b) == pytest.approx(np.mean(each), abs=1e-6)


def test_pieces_add_up_to_the_whole() -> None:
    other = np.roll(CLIP, 1, axis=2)
    meter = QualityMeter()
    for part in (slice(0, 5), slice(5, 6), slice(6, 12)):
        meter.add(CLIP[part], other[part])
    assert meter.psnr == pytest.approx(psnr(CLIP, other))
    assert meter.ssim == pytest.approx(ssim(CLIP, other), abs=1e-6)


@pytest.mark.parametrize("other", [CLIP[1:], CLIP.astype(np.float32), CLIP[:, :, 1:]])
def test_clips_that_do_not_match_are_refused(other: np.ndarray) -> None:
    for pair in ((CLIP, other), (other, CLIP)):
        for metric in (psnr, ms_ssim):
            with pytest.raises(HiTVideoError, match="8-bit clips of one shape"):
                metric(*pair)


def test_perplexity_counts_equally_frequent_codes() -> None:
    assert perplexity(code_counts(np.arange(16).repeat(3))) == pytest.approx(16)
    assert perplexity(code_counts(np.zeros(50, np.int64))) == 1
    lopsided = code_counts(np.array([0, 0, 0, 1]))
    assert perplexity(lopsided) == pytest.approx(
        math.exp(0.75 * math.log(4 / 3) + 0.25 * math.log(4))
    )


def test_codes_are_counted_however_large_they_are() -> None:
    assert code_counts(np.array([[0, 3], [3, 1 << 60]])) == {0: 1, 3: 2, 1 << 60: 1}
