"""The baselines: exact where they should be exact, and as good as theory says."""

import numpy as np
import pytest

from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.baselines import (
    BITS,
    BLOCK,
    BlockPca,
    allocate,
    box,
    evaluate_baselines,
    from_blocks,
    lloyd_max,
    to_blocks,
)
from hitvideo.evaluation.clips import Clip
from hitvideo.metrics import psnr

RNG = np.random.default_rng(0)


def clip(seed: int) -> Clip:
    """Smooth blobs that fade in and out."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (2, 4, 4, 3)).astype(np.uint8)
    frames = coarse.repeat(4, 0).repeat(8, 1).repeat(8, 2)
    noise = rng.integers(-9, 10, frames.shape)
    return Clip(f"{seed}", f"source{seed % 2}", (frames + noise).clip(0, 255).astype(np.uint8))


def test_blocks_are_blocks_of_pixels_and_come_back() -> None:
    frames = RNG.integers(0, 256, (8, 16, 24, 3), dtype=np.uint8)
    blocks = to_blocks(frames)
    assert blocks.shape == (2 * 2 * 3, np.prod(BLOCK) * 3)
    np.testing.assert_array_equal(blocks[1], frames[:4, :8, 8:16].reshape(-1))
    np.testing.assert_array_equal(from_blocks(blocks, frames.shape), frames)


def test_box_keeps_flat_clips_and_loses_detail() -> None:
    flat = np.full((4, 16, 16, 3), (7, 99, 255), np.uint8)
    np.testing.assert_array_equal(box(flat), flat)
    checked = np.indices((4, 16, 16)).sum(0) % 2 * 255
    checked = np.stack([checked] * 3, -1).astype(np.uint8)
    assert set(np.unique(box(checked))) == {128}


@pytest.mark.parametrize(("size", "error"), [(2, 0.3634), (4, 0.1175), (8, 0.03454)])
def test_lloyd_max_reaches_the_known_errors_for_a_gaussian(size: int, error: float) -> None:
    values = np.random.default_rng(1).standard_normal(100_000)
    table, found = lloyd_max(values, size)
    assert len(table) == size
    assert (np.diff(table) > 0).all()
    assert found == pytest.approx(error, rel=0.03)


def test_bits_go_where_the_variance_is() -> None:
    deviations = np.array([16.0, 4.0, 1.0, 0.01])
    values = RNG.standard_normal((20_000, 4)) * deviations
    bits, tables = allocate(values, 7)
    assert bits.sum() == 7
    assert bits.tolist() == [
        5,
        2,
        0,
        0,
    ]  # a fifth bit gains 1.8, the first of the third 0.6
    assert [len(table) for table in tables] == [32, 4, 1, 1]


def test_pca_codes_what_it_was_fitted_on_and_better_with_its_bits_than_without() -> None:
    train = [clip(seed) for seed in range(2, 8)]
    pca = BlockPca.fit(train)
    assert pca.bits.sum() == BITS
    held_out = clip(0).frames
    coded = pca.code(held_out)
    assert coded.shape == held_out.shape
    mean = np.full_like(held_out, held_out.mean().round())
    assert psnr(held_out, coded) > psnr(held_out, mean) + 6
    blocks = to_blocks(coded)
    assert len(np.unique(blocks.round(), axis=0)) <= 2**BITS


def test_the_report_averages_clips() -> None:
    clips = [clip(seed) for seed in (0, 1)]
    report = evaluate_baselines(clips, [clip(seed) for seed in range(2, 8)])
    assert report["clips"] == 2
    expected = np.mean([psnr(c.frames, box(c.frames)) for c in clips])
    assert report["box"]["psnr"] == pytest.approx(expected)
    assert report["pca"]["bits_per_block"] == BITS
    assert report["pca"]["bpp_nominal"] == pytest.approx(17 / 256)
    low, high = report["pca"]["psnr_interval_95"]
    assert low <= report["pca"]["psnr"] <= high


def test_no_clips_are_an_error() -> None:
    with pytest.raises(HiTVideoError, match="fit"):
        evaluate_baselines([clip(0)], [])
    with pytest.raises(HiTVideoError, match="measured"):
        evaluate_baselines([], [clip(0)])
