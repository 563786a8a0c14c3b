"""The protocol and the evaluation of a tokenizer, on a tiny random one."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.clips import (
    Clip,
    FolderClips,
    ToonClips,
    mean_with_interval,
    open_clips,
)
from hitvideo.evaluation.tokenizer import evaluate_tokenizer, fingerprint
from hitvideo.frames import frames_to_video, video_to_frames
from hitvideo.metrics import code_counts, perplexity, psnr
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.toon import toon_clip
from hitvideo.toon.seeds import VALIDATION
from hitvideo.video import write_video


@pytest.fixture(scope="module")
def pipeline(tiny: HiTVideoTokenizer) -> HiTVideoPipeline:
    return HiTVideoPipeline(tiny)


def clips() -> list[Clip]:
    rng = np.random.default_rng(0)
    made = []
    for name, source, frames in [("a_0", "a", 8), ("a_1", "a", 16), ("b_0", "b", 8)]:
        pixels = rng.integers(0, 256, (frames, 4, 4, 3), dtype=np.uint8)
        pixels = pixels.repeat(8, 1).repeat(8, 2)
        made.append(Clip(name, source, pixels))
    return made


def write(folder: Path, name: str, frames: int, fps: float = 8) -> None:
    rng = np.random.default_rng(frames)
    write_video(folder / name, rng.integers(0, 256, (frames, 32, 48, 3), dtype=np.uint8), fps)


def test_a_folder_gives_whole_groups_and_says_what_it_passed_over(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path, "lake_002.mp4", 70)
    write(tmp_path, "lake_001.mp4", 21)
    write(tmp_path / "deep", "road-07.mp4", 32, fps=16)
    write(tmp_path, "short.mp4", 7)
    (tmp_path / "broken.mp4").write_text("no")
    (tmp_path / "notes.txt").write_text("no")
    found = FolderClips(tmp_path)
    assert len(found) == 5
    got = {clip.name: (clip.source, len(clip.frames)) for clip in found}
    assert got == {
        "deep/road-07.mp4": ("road", 16),
        "lake_001.mp4": ("lake", 16),
        "lake_002.mp4": ("lake", 64),
    }
    assert sorted(found.skipped) == ["broken.mp4", "short.mp4"]
    assert "shorter than 8 frames" in found.skipped["short.mp4"]


def test_frames_are_the_centre_square_at_128(tmp_path: Path) -> None:
    write(tmp_path, "wide.mp4", 8)
    (clip,) = FolderClips(tmp_path)
    assert clip.frames.shape == (8, 128, 128, 3)


def test_toon_is_the_frozen_validation_set() -> None:
    found = open_clips("toon")
    assert isinstance(found, ToonClips)
    assert len(found) == len(VALIDATION)
    first = next(iter(found))
    np.testing.assert_array_equal(first.frames, toon_clip(VALIDATION[0]).frames.numpy())


def test_folders_that_hold_nothing(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(HiTVideoError, match="There"):
            open_clips(folder)


def test_the_interval_covers_the_mean_and_draws_whole_sources() -> None:
    values, sources = [20.0, 20.2, 30.0, 30.2], ["a", "a", "b", "b"]
    mean, (low, high) = mean_with_interval(values, sources)
    assert mean == pytest.approx(25.1)
    assert (low, high) == pytest.approx((20.1, 30.1))  # both draws may be the same source
    _, (low, high) = mean_with_interval([20.0, 22.0] * 50, ["a"] * 100)
    assert 20.5 < low < 21 < high < 21.5


def test_means_are_over_clips_and_codes_over_the_whole_set(pipeline: HiTVideoPipeline) -> None:
    report = evaluate_tokenizer(pipeline, clips())
    configs = pipeline.tokenizer.config.levels
    expected: list[list[float]] = [[], [], []]
    counts: list[Counter[int]] = [Counter(), Counter(), Counter()]
    for clip in clips():
        codes = pipeline.tokenizer.encode(frames_to_video(clip.frames))
        for k in range(3):
            decoded = video_to_frames(pipeline.tokenizer.decode(codes, k + 1))
            expected[k].append(psnr(clip.frames, decoded))
            counts[k].update(code_counts(codes.levels[k].numpy()))
    for k, level in enumerate(report["levels"]):
        assert level["psnr"] == pytest.approx(np.mean(expected[k]))
        assert level["perplexity"] == pytest.approx(perplexity(counts[k]))
        assert level["tokens_seen"] == counts[k].total()
        assert level["usage"] == len(counts[k]) / configs[k].codebook_size
        assert level["bpp_nominal"] == pytest.approx(pipeline.tokenizer.config.bpp(k + 1))
        assert "x264" not in level
        assert report["by_source"]["b"]["psnr"][k] == pytest.approx(expected[k][2])
        assert report["by_source"]["a"]["psnr"][k] == pytest.approx(np.mean(expected[k][:2]))
    codes = pipeline.tokenizer.encode(frames_to_video(clips()[1].frames))
    sizes = pipeline.coder.level_sizes(pipeline.coder.dumps(codes, 8))
    assert report["by_clip"][1]["bytes"] == [*sizes]
    means = [
        8 * np.mean([c["bytes"][k] / c["frames"] for c in report["by_clip"]]) for k in range(3)
    ]
    assert [k["bpp"] * 32 * 32 for k in report["levels"]] == pytest.approx(means)
    json.dumps(report, allow_nan=False)


def test_x264_is_compared_only_where_it_can_be_that_small(pipeline: HiTVideoPipeline) -> None:
    report = evaluate_tokenizer(pipeline, clips(), x264=True)
    assert report["codec"].startswith("libx264")
    for k, level in enumerate(report["levels"]):
        theirs = [clip["x264_psnr"][k] for clip in report["by_clip"]]
        coded = [i for i, quality in enumerate(theirs) if quality is not None]
        assert level["x264"]["clips_coded_this_small"] == len(coded)
        if coded:
            ours = [report["by_clip"][i]["psnr"][k] for i in coded]
            assert level["x264"]["our_psnr_on_those"] == pytest.approx(np.mean(ours))
    assert report["levels"][0]["x264"] == {
        "clips_coded_this_small": 0,  # four bytes
        "psnr": None,
        "our_psnr_on_those": None,
    }


def test_a_fingerprint_names_the_weights_and_nothing_else(
    tiny: HiTVideoTokenizer, tmp_path: Path
) -> None:
    tiny.save_pretrained(tmp_path)
    same = HiTVideoTokenizer.from_pretrained(tmp_path)
    assert fingerprint(same) == fingerprint(tiny)
    next(same.parameters()).data.view(-1)[0] += 1
    assert fingerprint(same) != fingerprint(tiny)


def test_no_clip_at_all_is_an_error(pipeline: HiTVideoPipeline) -> None:
    with pytest.raises(HiTVideoError, match="no clip"):
        evaluate_tokenizer(pipeline, [])
