"""The pipeline on a tiny random tokenizer: what it reports is what was computed."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from hitvideo.devices import resolve_device
from hitvideo.errors import HiTVideoError
from hitvideo.frames import frames_to_video, video_to_frames
from hitvideo.metrics import psnr, ssim
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.pipeline.reconstruct import LevelResult
from hitvideo.tokenizer import HiTVideoTokenizer


@pytest.fixture(scope="module")
def weights(tiny: HiTVideoTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    tiny.save_pretrained(folder / "tokenizer")
    return folder


@pytest.fixture(scope="module")
def pipeline(weights: Path) -> HiTVideoPipeline:
    return HiTVideoPipeline.from_pretrained(weights, device="cpu")


def clip(frames: int, height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def results(pipeline: HiTVideoPipeline, frames: np.ndarray) -> list[LevelResult]:
    return [step.result for step in pipeline.reconstruct(frames) if step.result]


@pytest.mark.parametrize(("frames", "height", "width"), [(1, 5, 7), (16, 16, 32), (19, 33, 20)])
def test_levels_are_what_the_tokenizer_decodes(
    pipeline: HiTVideoPipeline, frames: int, height: int, width: int
) -> None:
    original = clip(frames, height, width)
    codes = pipeline.tokenizer.encode(frames_to_video(original))
    got = results(pipeline, original)
    assert [r.level for r in got] == [1, 2, 3]
    for result in got:
        expected = video_to_frames(pipeline.tokenizer.decode(codes, result.level))
        np.testing.assert_array_equal(result.frames, expected)
        assert result.codes.depth == result.level
        np.testing.assert_array_equal(result.codes.levels[-1], codes.levels[result.level - 1])
        assert result.psnr == pytest.approx(psnr(original, expected))
        assert result.ssim == pytest.approx(ssim(original, expected))
        size = pipeline.tokenizer.config.levels[result.level - 1].codebook_size
        assert 1 <= result.perplexity <= size


def test_bits_of_a_clip_without_padding_are_the_nominal_ones(pipeline: HiTVideoPipeline) -> None:
    levels = results(pipeline, clip(16, 32, 48))
    assert [level.tokens for level in levels] == [2 * 2 * 3, 4 * 2 * 3, 4 * 4 * 6]
    assert [level.bits for level in levels] == pytest.approx([12 * math.log2(60), 24 * 6, 96 * 6])
    assert levels[2].total_bits == pytest.approx(sum(level.bits for level in levels))
    config = pipeline.tokenizer.config
    assert [level.bpp for level in levels] == pytest.approx([config.bpp(d) for d in (1, 2, 3)])


def test_progress_rises_to_one_and_every_group_is_a_chance_to_stop(
    pipeline: HiTVideoPipeline,
) -> None:
    steps = list(pipeline.reconstruct(clip(20, 16, 16)))
    progress = [step.progress for step in steps]
    assert len(steps) == 3 * (1 + 3)  # three groups encoded once and decoded to three depths
    assert progress == sorted(set(progress))
    assert progress[-1] == 1


def test_closing_the_generator_stops_the_work(
    pipeline: HiTVideoPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = 0
    step = pipeline.tokenizer.step

    def counted(*args: object, **kwargs: object) -> object:
        nonlocal groups
        groups += 1
        return step(*args, **kwargs)

    monkeypatch.setattr(pipeline.tokenizer, "step", counted)
    generator = pipeline.reconstruct(clip(80, 16, 16))
    next(generator)
    generator.close()
    assert groups == 1


def test_two_clips_at_once_do_not_disturb_each_other(pipeline: HiTVideoPipeline) -> None:
    a, b = clip(16, 16, 16), clip(16, 16, 16)[::-1]
    both = list(zip(pipeline.reconstruct(a), pipeline.reconstruct(b), strict=True))
    for index, original in enumerate((a, b)):
        alone = results(pipeline, original)
        together = [pair[index].result for pair in both if pair[index].result]
        for x, y in zip(alone, together, strict=True):
            np.testing.assert_array_equal(x.frames, y.frames)


def test_the_original_is_left_as_it_was(pipeline: HiTVideoPipeline) -> None:
    original = clip(8, 16, 16)
    before = original.copy()
    results(pipeline, original)
    np.testing.assert_array_equal(original, before)


def test_frames_survive_the_way_to_video_and_back() -> None:
    ramp = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    video = frames_to_video(ramp)
    assert video.shape == (1, 3, 1, 16, 16)
    assert (float(video.min()), float(video.max())) == (-1, 1)
    np.testing.assert_array_equal(video_to_frames(video), ramp)
    assert video_to_frames(video * 3).reshape(256, 3)[[0, 60, 200, 255], 0].tolist() == [
        0,
        0,
        255,
        255,
    ]


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((8, 16, 16, 3), np.float32),
        np.zeros((16, 16, 3), np.uint8),
        np.zeros((8, 16, 16, 4), np.uint8),
        np.zeros((0, 16, 16, 3), np.uint8),
    ],
)
def test_what_is_no_clip_is_refused_at_once(pipeline: HiTVideoPipeline, bad: np.ndarray) -> None:
    with pytest.raises(HiTVideoError, match="A clip is uint8 RGB"):
        pipeline.reconstruct(bad)


def test_missing_weights_and_devices_are_one_sentence(tmp_path: Path, weights: Path) -> None:
    with pytest.raises(HiTVideoError, match=r"config\.json is missing"):
        HiTVideoPipeline.from_pretrained(tmp_path)
    for device in ("abacus", "cuda:99"):
        with pytest.raises(HiTVideoError, match="not available"):
            HiTVideoPipeline.from_pretrained(weights, device=device)


def test_auto_is_a_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for present, kind in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda present=present: present)
        assert resolve_device("auto").type == kind


def test_importing_the_package_does_not_import_torch() -> None:
    code = "import sys, hitvideo; assert 'torch' not in sys.modules; hitvideo.HiTVideoTokenizer"
    subprocess.run([sys.executable, "-c", code], check=True)
