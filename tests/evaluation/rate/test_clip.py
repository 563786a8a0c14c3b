"""The rate-quality points of one clip: real bytes, real scores, and a Stop that stops."""

import threading
from pathlib import Path

import numpy as np
import pytest

from hitvideo.bitstream import TokenCoder
from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.rate import clip as rate_clip
from hitvideo.evaluation.rate.clip import RatePoint, RateStep, rate_quality
from hitvideo.evaluation.rate.codecs import CODECS
from hitvideo.evaluation.vmaf import vmaf
from hitvideo.frames import frames_to_video, video_to_frames
from hitvideo.metrics import psnr, ssim
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.toon import toon_clip

CLIP = toon_clip(3, frames=16, height=64, width=64).frames.numpy()


@pytest.fixture(scope="module")
def pipeline(tiny: HiTVideoTokenizer) -> HiTVideoPipeline:
    return HiTVideoPipeline(tiny)


@pytest.fixture(scope="module")
def steps(pipeline: HiTVideoPipeline) -> list[RateStep]:
    return list(rate_quality(pipeline, CLIP, fps=4))


def of(steps: list[RateStep], kind: str) -> list[RatePoint]:
    return [step.point for step in steps if step.point is not None and step.point.kind == kind]


def test_levels_cost_what_the_file_cut_after_them_has(
    pipeline: HiTVideoPipeline, steps: list[RateStep]
) -> None:
    codes = pipeline.tokenizer.encode(frames_to_video(CLIP))
    coder = TokenCoder.packed(pipeline.tokenizer)
    data = coder.dumps(codes, 4)
    levels = of(steps, "level")
    assert [level.name for level in levels] == ["level 1", "level 2", "level 3"]
    for depth, (level, size) in enumerate(zip(levels, coder.level_sizes(data), strict=True), 1):
        assert level.bytes == size
        assert coder.loads(data[:size]).codes.depth == depth
        assert level.bpp == pytest.approx(8 * size / (16 * 64 * 64))
        assert level.bpp_nominal == pytest.approx(pipeline.tokenizer.config.bpp(depth))
        assert level.kbps == pytest.approx(8 * size / 1000 / 4)
        decoded = video_to_frames(pipeline.tokenizer.decode(codes, depth))
        np.testing.assert_array_equal(level.frames, decoded)
    assert levels[-1].bytes == len(data)


def test_scores_are_of_the_very_frames_that_come_along(steps: list[RateStep]) -> None:
    for kind in ("level", *CODECS):
        point = of(steps, kind)[-1]
        assert point.frames.shape == CLIP.shape
        assert list(point.metrics) == ["psnr", "ssim", "ms_ssim", "vmaf"]
        assert point.metrics["psnr"] == psnr(CLIP, point.frames)
        assert point.metrics["ssim"] == ssim(CLIP, point.frames)
        assert point.metrics["vmaf"] == vmaf(CLIP, point.frames)


@pytest.mark.parametrize("codec", CODECS)
def test_a_codecs_points_rise_and_go_beyond_our_bytes(codec: str, steps: list[RateStep]) -> None:
    points = of(steps, codec)
    sizes, scores = [p.bytes for p in points], [p.metrics["psnr"] for p in points]
    assert sizes == sorted(set(sizes)) and scores == sorted(set(scores))
    assert sizes[-1] > rate_clip.HEADROOM * of(steps, "level")[-1].bytes
    assert all(point.bpp_nominal is None for point in points)


def test_progress_only_grows_and_ends_at_one(steps: list[RateStep]) -> None:
    progress = [step.progress for step in steps]
    assert progress == sorted(progress)
    assert progress[0] > 0 and progress[-1] == pytest.approx(1)
    assert all(step.message for step in steps)


def test_the_same_clip_gives_the_same_numbers(
    pipeline: HiTVideoPipeline, steps: list[RateStep]
) -> None:
    again = [s.point for s in rate_quality(pipeline, CLIP, 4, ["x265"], ["psnr"]) if s.point]
    first = of(steps, "level") + of(steps, "x265")
    assert [(p.name, p.bytes, p.metrics["psnr"]) for p in again] == [
        (p.name, p.bytes, p.metrics["psnr"]) for p in first
    ]


def test_closing_stops_the_work(
    pipeline: HiTVideoPipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = []
    encode = rate_clip.ladder

    def counted(*arguments: object) -> object:
        for one in encode(*arguments):  # type: ignore[arg-type]
            made.append(one)
            yield one

    monkeypatch.setattr(rate_clip, "ladder", counted)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = threading.active_count()
    work = rate_quality(pipeline, CLIP)
    for step in work:
        if step.message.startswith("Encoded"):
            break
    work.close()  # type: ignore[attr-defined]
    assert len(made) == 1
    assert threading.active_count() == before
    assert not list(tmp_path.iterdir())


def test_a_coder_of_ones_own_is_asked(pipeline: HiTVideoPipeline) -> None:
    class Half(TokenCoder):
        def level_sizes(self, data: bytes) -> tuple[int, ...]:
            return tuple(size // 2 for size in super().level_sizes(data))

    tokenizer = pipeline.tokenizer
    plain, half = (
        of(list(rate_quality(each, CLIP, 4, (), ("psnr",))), "level")
        for each in (pipeline, HiTVideoPipeline(tokenizer, coder=Half.packed(tokenizer)))
    )
    assert [level.bytes // 2 for level in plain] == [level.bytes for level in half]


def test_names_and_clips_that_do_not_fit(pipeline: HiTVideoPipeline) -> None:
    with pytest.raises(HiTVideoError, match="no codec vp9; there are x264, x265, svt-av1"):
        rate_quality(pipeline, CLIP, codecs=["vp9"])
    with pytest.raises(HiTVideoError, match="no metric lpips"):
        rate_quality(pipeline, CLIP, metrics=["lpips"])
    with pytest.raises(HiTVideoError, match="Frames per second"):
        rate_quality(pipeline, CLIP, fps=float("nan"))
    with pytest.raises(HiTVideoError, match="uint8 RGB"):
        rate_quality(pipeline, CLIP[0])
