"""The judge: what it takes, what it keeps on disk, its training, and how the shipped one reads."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from hitvideo.cli import main
from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.alignment.ceilings import (
    CORRUPTIONS,
    evaluate_codes,
    evaluate_judge,
    round_trip,
)
from hitvideo.frames import frames_to_video, video_to_frames
from hitvideo.judge.corruptions import corrupt, ghost, soften
from hitvideo.judge.model import SIDE, Judge, prepare
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.toon import (
    ATTRIBUTES,
    labels,
    render,
    sample_scene,
    toon_clip,
    validation_hash,
)
from hitvideo.toon.seeds import JUDGE_TEST, VALIDATION
from hitvideo.training import judge as training
from hitvideo.training.judge import JudgeSettings, RenderedClips, targets_of, train

SHIPPED = Path(__file__).parents[2] / "weights" / "hitvideo-mini" / "judge"


@pytest.fixture(scope="module")
def small() -> Judge:
    torch.manual_seed(0)
    return Judge(width=8).eval()


@pytest.fixture(scope="module")
def shipped_judge() -> Judge:
    return Judge.from_pretrained(SHIPPED)


def random_clips(batch: int, frames: int, height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = batch, 3, frames, height, width
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


def test_it_looks_at_every_fourth_of_64_frames() -> None:
    video = torch.arange(64.0).view(1, 1, 64, 1, 1).expand(1, 3, 64, SIDE, SIDE) / 64
    assert torch.equal(prepare(video)[0, :, 0, 0, 0] * 64, torch.arange(0.0, 64, 4))


@pytest.mark.parametrize("size", [(1, 8, 8), (9, 40, 72), (64, 64, 64), (17, 130, 128)])
def test_any_size_and_both_scales_give_words(small: Judge, size: tuple[int, int, int]) -> None:
    clips = random_clips(2, *size)
    seen = small.read(clips)
    assert len(seen) == 2
    for words in seen:
        assert all(words[name] in known for name, known in ATTRIBUTES.items())
    assert torch.allclose(prepare(clips), prepare(clips.float() / 127.5 - 1), atol=1e-5)


def test_a_clip_is_read_alone_or_in_a_batch(small: Judge) -> None:
    video = prepare(random_clips(3, 16, SIDE, SIDE))
    together = small(video)
    for name, logits in small(video[1:2]).items():
        assert torch.allclose(logits[0], together[name][1], atol=1e-4)


def test_what_is_no_clip_is_refused(small: Judge) -> None:
    with pytest.raises(HiTVideoError, match="A video is"):
        small.read(torch.zeros(3, 16, 64, 64))


def test_saved_and_loaded_it_reads_the_same(small: Judge, tmp_path: Path) -> None:
    small.save_pretrained(tmp_path)
    loaded = Judge.from_pretrained(tmp_path)
    video = prepare(random_clips(2, 16, SIDE, SIDE))
    for name, logits in loaded(video).items():
        assert torch.allclose(logits, small(video)[name], atol=0.02)


def test_a_judge_of_other_words_is_refused(small: Judge, tmp_path: Path) -> None:
    small.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["words"]["colour"][0] = "mauve"
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(HiTVideoError, match="other Toon words"):
        Judge.from_pretrained(tmp_path)


def test_degrading_keeps_shape_range_and_input() -> None:
    video = prepare(random_clips(4, 16, SIDE, SIDE))
    before = video.clone()
    changed = [corrupt(video, random.Random(seed)) for seed in range(12)]
    assert torch.equal(video, before)
    assert all(c.shape == video.shape and c.abs().max() <= 1 for c in changed)
    assert torch.equal(changed[3], corrupt(video, random.Random(3)))
    assert any(not torch.equal(c, video) for c in changed)


def test_blur_keeps_even_colour_and_ghosts_keep_stillness() -> None:
    even = torch.full((1, 4, 3, SIDE, SIDE), 0.3)
    assert torch.allclose(soften(even, 5.3), even, atol=1e-6)
    still = torch.rand(1, 1, 3, 8, 8).expand(1, 4, 3, 8, 8)
    assert torch.allclose(ghost(still, 1.0), still, atol=1e-6)


def test_training_clips_turned_around_are_named_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dot that goes to the right in every clip: what is sampled goes where its label says."""
    monkeypatch.setattr(training, "SHARD", 4)
    shard = np.zeros((4, 16, SIDE, SIDE, 3), np.uint8)
    for frame in range(16):
        shard[:, frame, 30:34, 4 * frame : 4 * frame + 4] = 255
    np.save(tmp_path / "0000.npy", shard)
    scenes = [training.training_scene(index) for index in range(4)]
    clips = RenderedClips(tmp_path, scenes, workers=1)
    clips.words = [{**words, "motion": "right"} for words in clips.words]
    video, targets = clips.sample(40, random.Random(0))
    columns = (video[:, :, 0].mean(2) + 1) @ torch.arange(float(SIDE))
    goes_right = columns[:, 12] > columns[:, 3]
    named = [ATTRIBUTES["motion"][k] for k in targets["motion"].tolist()]
    assert [("left", "right")[r] for r in goes_right.tolist()] == named
    assert set(named) == {"left", "right"}


def test_judges_of_two_seeds_share_no_scene() -> None:
    first, second = (
        {training.training_scene(index, seed).seed for index in (0, 9, training.SEEDS - 1)}
        for seed in (0, 1)
    )
    assert max(first) < min(second)


def test_the_shipped_judges_say_what_they_learned_from_and_a_new_one_shares_none_of_it() -> None:
    judge, teacher = (Judge.from_pretrained(SHIPPED.parent / n).seeds for n in ("judge", "teacher"))
    assert judge == range(2_000_000, 2_007_500) and teacher == range(2_100_000, 2_110_000)
    new = training.training_scene(0, JudgeSettings("").seed).seed
    assert new >= max(judge.stop, teacher.stop)


def test_a_run_trains_saves_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "SHARD", 4)
    monkeypatch.setattr(training, "VALIDATION", VALIDATION[:1])
    (tmp_path / "clips").mkdir()
    clips = [render(training.training_scene(k), 16, SIDE, SIDE, 2.0).numpy() for k in range(4)]
    np.save(tmp_path / "clips" / "0000.npy", np.stack(clips))
    for steps in (2, 4):
        train(
            JudgeSettings(
                str(tmp_path),
                toon=4,
                steps=steps,
                batch=4,
                width=8,
                seed=0,
                checkpoint_every=2,
                validate_every=2,
            )
        )
    first, *_, last = (json.loads(x) for x in (tmp_path / "log.jsonl").read_text().splitlines())
    assert first["step"] < last["step"]
    judge = Judge.from_pretrained(tmp_path / "judge")
    assert judge.seeds == range(2_000_000, 2_000_004)
    with pytest.raises(HiTVideoError, match="has the seed 0"):
        train(JudgeSettings(str(tmp_path), steps=1, toon=4, seed=1))
    assert judge.toon == validation_hash([toon_clip(VALIDATION[0]).frames])


@pytest.mark.parametrize("wrong", [["--toon", "3"], ["--seed", "10"]])
def test_settings_that_cannot_work_are_refused(
    wrong: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train-judge", "--out", str(tmp_path / "run"), "--steps", "1", *wrong]) == 2
    assert "Training a judge needs" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_ceilings_are_measured_at_every_side_and_depth(
    small: Judge, tiny: HiTVideoTokenizer
) -> None:
    entries = evaluate_codes(small, tiny, clips=1, sides=(16, 24))
    where = [(entry["side"], entry["depth"]) for entry in entries]
    assert where == [(side, depth) for side in (16, 24) for depth in (1, 2, 3)]
    assert all(entry["all"]["clips"] == 1 for entry in entries)


def test_every_degradation_is_measured_on_all_clips(small: Judge) -> None:
    report = evaluate_judge(small, clips=12)
    assert list(report) == list(CORRUPTIONS)
    assert all(groups["all"]["clips"] == 12 for groups in report.values())


def test_a_round_trip_is_what_the_tokenizer_gives(tiny: HiTVideoTokenizer) -> None:
    frames = random_clips(1, 16, 16, 16)[0].permute(1, 2, 3, 0).numpy()
    codes = tiny.encode(frames_to_video(frames))
    expected = video_to_frames(tiny.decode(codes, 2))
    assert np.array_equal(round_trip(tiny, 2)(frames[None])[0], expected)


def test_the_shipped_judge_is_small_and_reads_renders(shipped_judge: Judge) -> None:
    assert sum(p.numel() for p in shipped_judge.parameters()) <= 3_000_000
    scenes = [sample_scene(JUDGE_TEST.start + 100_000 + k, withheld=k % 2 == 1) for k in range(24)]
    clips = torch.stack([render(scene, 16, SIDE, SIDE, 2.0) for scene in scenes])
    logits = shipped_judge(prepare(clips.permute(0, 4, 1, 2, 3)))
    targets = targets_of(map(labels, scenes))
    right = {name: (logits[name].argmax(1) == t).float().mean() for name, t in targets.items()}
    assert min(right.values()) >= 0.75 and sum(right.values()) / len(right) >= 0.88


@pytest.mark.slow
def test_the_shipped_judge_knows_the_toon_of_today(shipped_judge: Judge) -> None:
    frames = (toon_clip(seed).frames for seed in VALIDATION)
    assert shipped_judge.toon == validation_hash(frames)
