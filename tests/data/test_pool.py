"""Clips in memory: what a batch says of its clips stays true through cuts and mirrors."""

import random
from pathlib import Path

import pytest
import torch

from hitvideo.data.pool import ClipPool, PoolClip, mixed_sampler, toon_clips
from hitvideo.toon import labels, mirrored, render, sample_scene


@pytest.fixture(scope="module")
def toon(tmp_path_factory: pytest.TempPathFactory) -> list[PoolClip]:
    return toon_clips(range(3), tmp_path_factory.mktemp("toon") / "clips.npy", side=32, workers=1)


@pytest.mark.slow
def test_toon_clips_are_the_renders_of_their_seeds(toon: list[PoolClip]) -> None:
    for seed, clip in enumerate(toon):
        assert clip.words == labels(sample_scene(seed))
        expected = render(sample_scene(seed), 64, 32, 32).permute(0, 3, 1, 2)
        assert torch.equal(clip.frames[:, :3], expected)


def test_rendered_clips_are_kept(tmp_path: Path) -> None:
    first = toon_clips(range(1), tmp_path / "clips.npy", side=32, workers=1)
    (tmp_path / "clips.npy").touch()
    written = (tmp_path / "clips.npy").stat().st_mtime_ns
    assert torch.equal(
        first[0].frames, toon_clips(range(1), tmp_path / "clips.npy", side=32)[0].frames
    )
    assert (tmp_path / "clips.npy").stat().st_mtime_ns == written


def test_a_mirrored_clip_goes_the_other_way() -> None:
    frames = torch.zeros(16, 4, 32, 32, dtype=torch.uint8)
    frames[:, :, :, :16] = 255  # the subject and its brightness are on the left
    words = {"subject": "car", "colour": "red", "motion": "left", "backdrop": "sea"}
    pool = ClipPool([PoolClip(frames, 8.0, "toon", words)], augment=False)
    batch = pool.sample(20, 16, 32, random.Random(0))
    assert batch.video.shape == (20, 3, 16, 32, 32) and batch.subject_mask.shape == (
        20,
        1,
        16,
        32,
        32,
    )
    for video, mask, said in zip(batch.video, batch.subject_mask, batch.words, strict=True):
        assert said is not None
        left = said["motion"] == "left"
        assert said == {**words, "motion": "left" if left else "right"}
        assert float(video[..., 0].mean()) == (1 if left else -1)
        assert float(mask[..., 0].mean()) == (1 if left else 0)
    assert {said["motion"] for said in batch.words if said} == {"left", "right"}


def test_what_would_show_a_withheld_combination_is_not_mirrored(tmp_path: Path) -> None:
    seed = next(seed for seed in range(1000) if mirrored(sample_scene(seed)) is None)
    clips = toon_clips([seed], tmp_path / "clips.npy", side=32, workers=1)
    batch = ClipPool(clips, augment=False).sample(12, 64, 32, random.Random(0))
    shown = clips[0].frames[:, :3].transpose(0, 1) / 127.5 - 1
    for video, said in zip(batch.video, batch.words, strict=True):
        assert said == labels(sample_scene(seed))
        assert torch.allclose(video, shown, atol=1e-5)


def test_clips_without_words_mix_with_others(toon: list[PoolClip]) -> None:
    plain = PoolClip(torch.full((20, 3, 48, 64), 200, dtype=torch.uint8), 8.0, "film")
    pools = ClipPool([plain], augment=True), ClipPool(toon, augment=False)
    sample = mixed_sampler([(pool, 0.5) for pool in pools])
    batch = sample(16, 16, 32, random.Random(1))
    known = [said is not None for said in batch.words]
    assert any(known) and not all(known)
    assert (batch.subject_mask.amax((1, 2, 3, 4)) > 0).tolist() == known
