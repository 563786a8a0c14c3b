"""Text to video on tiny random weights: the same clip, whichever way it is asked for."""

import itertools
import re
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_generator import SIZE, save_tiny_weights

from hitvideo.errors import HiTVideoError
from hitvideo.frames import video_to_frames
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.pipeline.draft import draw_up
from hitvideo.pipeline.request import MAX_PROMPT
from hitvideo.pipeline.score import caption_bits
from hitvideo.pipeline.words import unknown_words
from hitvideo.plan.tracks import THINGS, unknown
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.toon import sample_scene, scene_plan

PROMPT = "a red car drives to the left"


@pytest.fixture(scope="module")
def weights(tiny: HiTVideoTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_weights(tmp_path_factory.mktemp("weights"), tiny)


@pytest.fixture(scope="module")
def pipeline(weights: Path) -> HiTVideoPipeline:
    return HiTVideoPipeline.from_pretrained(weights, device="cpu")


def test_the_last_step_of_a_stream_is_the_plain_call(pipeline: HiTVideoPipeline) -> None:
    steps = list(pipeline.stream(PROMPT, seed=7, mode="mixed"))
    plain = pipeline(PROMPT, seed=7, mode="mixed")
    last = steps[-1].result
    assert last is not None
    np.testing.assert_array_equal(last.video, plain.video)
    assert (plain.prompt, plain.seed, plain.fps, plain.level) == (PROMPT, 7, 8.0, 3)
    assert plain.video.shape == (*SIZE, 3) and plain.video.dtype == np.uint8
    for a, b in zip(last.codes.levels, plain.codes.levels, strict=True):
        assert torch.equal(a, b)


def test_every_level_is_decoded_from_the_levels_so_far(pipeline: HiTVideoPipeline) -> None:
    steps = list(pipeline.stream(PROMPT, seed=1, mode="frame"))
    results = [step.result for step in steps if step.result is not None]
    assert [result.level for result in results] == [1, 2, 3]
    for result in results:
        codes = results[-1].codes.truncate(result.level)
        expected = video_to_frames(pipeline.tokenizer.decode(codes))
        np.testing.assert_array_equal(result.video, expected)
        assert result.codes.depth == result.level


def test_progress_rises_to_one(pipeline: HiTVideoPipeline) -> None:
    steps = list(pipeline.stream(PROMPT, seed=1, mode="mixed"))
    progress = [step.progress for step in steps]
    assert progress == sorted(set(progress)) and progress[-1] == 1
    assert steps[-1].tokens == steps[-1].total_tokens
    assert steps[-1].seconds_left == 0 < steps[0].seconds_left
    assert steps[0].tokens_per_second > 0


def test_fewer_levels_are_a_prefix_and_end_there(pipeline: HiTVideoPipeline) -> None:
    whole, part = (pipeline(PROMPT, seed=3, mode="frame", levels=n) for n in (None, 2))
    assert part.level == part.codes.depth == 2
    for a, b in zip(part.codes.levels, whole.codes.levels, strict=False):
        assert torch.equal(a, b)


def test_a_batch_is_its_clips_one_by_one(weights: Path) -> None:
    # In float32; in fewer digits, sums that are taken in another order can differ by a token.
    pipeline = HiTVideoPipeline.from_pretrained(weights, device="cpu", quantize=None)
    prompts, seeds = [PROMPT, "a cat"], [4, 5]
    clips = pipeline.generate_batch(prompts, seeds, mode="frame", guidance=2.0)
    for clip, prompt, seed in zip(clips, prompts, seeds, strict=True):
        alone = pipeline(prompt, seed, mode="frame", guidance=2.0).video
        # The decoder's sums may round differently, too.
        assert np.abs(clip.video.astype(int) - alone).max() <= 1
        assert (clip.prompt, clip.seed) == (prompt, seed)


def test_two_at_once_get_their_own_clips(pipeline: HiTVideoPipeline) -> None:
    alone = [pipeline(PROMPT, seed=seed, mode="frame").video for seed in range(4)]
    together: dict[int, np.ndarray] = {}

    def work(seed: int) -> None:
        together[seed] = pipeline(PROMPT, seed=seed, mode="frame").video

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, clip in enumerate(alone):
        np.testing.assert_array_equal(together[seed], clip)


def test_closing_a_stream_stops_it_within_a_step(
    pipeline: HiTVideoPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = pipeline.generator.head
    choose, calls = head.choose, itertools.count()
    monkeypatch.setattr(head, "choose", lambda *args: (next(calls), choose(*args))[1])
    stream = pipeline.stream(PROMPT, seed=1)
    next(stream)
    next(stream)
    stream.close()
    assert next(calls) == 2


def test_no_seed_takes_one_that_can_be_used_again(pipeline: HiTVideoPipeline) -> None:
    clip = pipeline(PROMPT, mode="frame")
    np.testing.assert_array_equal(pipeline(PROMPT, clip.seed, mode="frame").video, clip.video)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prompt": ""}, "write a prompt"),
        ({"prompt": " \n\u200b ...!"}, "write a prompt"),
        ({"prompt": "a" * 10_000}, f"10000 characters; please use {MAX_PROMPT}"),
        ({"prompt": "a car\x00"}, "control characters"),
        ({"prompt": "a \ud800 car"}, "control characters"),
        ({"seed": -1}, "seed must be between 0 and 4294967295"),
        ({"seed": 2**32}, "seed must be between"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"seed": True}, "seed must be a number, not True"),
        ({"top_k": False}, "top-k must be a number"),
        ({"guidance": float("nan")}, "guidance must be a finite number"),
        ({"guidance": float("inf")}, "guidance must be a finite number"),
        ({"guidance": -1}, "guidance must be between 0 and 30"),
        ({"guidance": "high"}, "guidance must be a number"),
        ({"temperature": -0.1}, "temperature must be between"),
        ({"top_k": -1}, "top-k"),
        ({"top_p": 0}, "top-p"),
        ({"top_p": 1.1}, "top-p"),
        ({"levels": 0}, "levels must be between 1 and 3"),
        ({"levels": 4}, "levels must be between 1 and 3"),
        ({"mode": "pixel"}, "token, frame"),
        ({"size": (8, 0, 8)}, "at least one frame"),
        ({"size": (8, 8)}, "three numbers"),
        ({"size": (10_000, 128, 128)}, "too large"),
    ],
)
def test_bad_requests_are_refused_at_once_in_one_sentence(
    pipeline: HiTVideoPipeline, options: dict[str, object], words: str
) -> None:
    with pytest.raises(HiTVideoError, match=words) as refused:
        pipeline.stream(**{"prompt": PROMPT, "seed": 1, **options})  # not even started
    assert re.fullmatch(r"[A-Z](?!.*\. ).*\.", str(refused.value))


@pytest.mark.parametrize(
    "prompt", ["🚗💨", "ein rotes Auto fährt", "红色的汽车", "<b onload='x()'>car</b>", "a\tcar\n"]
)
def test_any_text_is_a_prompt(pipeline: HiTVideoPipeline, prompt: str) -> None:
    clip = pipeline(prompt, seed=1, mode="frame", levels=1)
    assert clip.video.shape == (*SIZE, 3)
    assert clip.prompt == prompt.replace("\t", " ").strip()


def test_another_size_than_the_native_one(pipeline: HiTVideoPipeline) -> None:
    assert pipeline(PROMPT, 1, mode="frame", size=(9, 20, 18)).video.shape == (9, 20, 18, 3)


def test_unknown_words_are_named_once_and_simple_forms_are_known(
    pipeline: HiTVideoPipeline,
) -> None:
    assert "meadow" in pipeline.known_words
    prompt = "Two zebras, a RED cars driving; zebras spinning bouncing 🦓"
    assert pipeline.unknown_words(prompt) == ["two", "zebras", "spinning", "🦓"]
    assert unknown_words("flugzeug", []) == []


def test_a_clip_has_its_price_under_every_caption(pipeline: HiTVideoPipeline) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    bits = caption_bits(pipeline, frames, [PROMPT, "a cat", PROMPT])
    assert bits.shape == (3, 4) and (bits[:, 0] == 0).all() and (bits[:, 1:] > 0).all()
    assert torch.allclose(bits[0], bits[2], rtol=1e-4) and not torch.allclose(bits[0], bits[1])
    plan = scene_plan(sample_scene(0), *SIZE)
    known = caption_bits(pipeline, frames, [PROMPT, "a cat"], plan)
    assert (known > 0).all() and not torch.allclose(known[0, 0], known[1, 0])
    assert not torch.allclose(known[:, 1:], bits[:2, 1:])


def test_things_are_called_by_the_words_they_read(
    pipeline: HiTVideoPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = "a small RED ball, bounces"
    request, names = pipeline.request(prompt, 1), pipeline.generator.names
    spans = pipeline.text.vocabulary(prompt, return_offsets_mapping=True)["offset_mapping"]

    def reads(text: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        """The first thing all that lies in "RED ball", the second the comma."""
        weights = torch.zeros(1, 1, THINGS, text.shape[1])
        for index, (start, end) in enumerate(spans):
            weights[..., 0, index] = end > 8 and start < 16
            weights[..., 1, index] = start == 16 and end == 17
        return weights / weights.sum(-1, keepdim=True)

    monkeypatch.setattr(names, "attention", reads)
    there = unknown(16)
    there[1, 2, 0, 0] = 1  # for a moment
    for tracks, called in ((there, ("RED ball", "")), (unknown(16), ("", ""))):
        monkeypatch.setattr(
            "hitvideo.generator.generate.write_plan",
            lambda *_, tracks=tracks: tracks[None],
        )
        (plan,) = draw_up(pipeline, [request], *pipeline.read([prompt])).plans
        assert plan.names == called


def test_the_end_of_a_long_prompt_is_named_and_changes_no_token(
    pipeline: HiTVideoPipeline,
) -> None:
    prompt = " ".join(["a red car drives to the left"] * 30)[:MAX_PROMPT]
    unread = pipeline.unread(prompt)
    read = prompt.removesuffix(unread)
    assert unread and read != prompt and pipeline.unread(read) == ""
    ids = [pipeline.text.tokenize([text])[0].tolist() for text in (prompt, read)]
    assert ids[0] == ids[1]
    assert pipeline.unread(PROMPT) == ""


def test_weights_without_a_generator_still_reconstruct(
    tiny: HiTVideoTokenizer, tmp_path: Path
) -> None:
    tiny.save_pretrained(tmp_path / "tokenizer")
    pipeline = HiTVideoPipeline.from_pretrained(tmp_path, device="cpu")
    assert (
        len([s for s in pipeline.reconstruct(np.zeros((8, 16, 16, 3), np.uint8)) if s.result]) == 3
    )
    with pytest.raises(HiTVideoError, match="no generator"):
        pipeline(PROMPT, 1)
    assert pipeline.unknown_words("zebra") == []


def test_a_generator_of_another_tokenizer_is_refused(weights: Path, tmp_path: Path) -> None:
    shutil.copytree(weights, tmp_path / "other")
    config = tmp_path / "other" / "generator" / "config.json"
    config.write_text(config.read_text().replace('"tokenizer_hash": "', '"tokenizer_hash": "x'))
    with pytest.raises(HiTVideoError, match="another version of the tokenizer"):
        HiTVideoPipeline.from_pretrained(tmp_path / "other", device="cpu", quantize=None)
