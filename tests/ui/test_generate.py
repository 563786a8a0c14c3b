"""The Generate tab as a program sees it, through gradio_client, and the words it offers."""

import json
import random
import runpy
import sys
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image
from tiny_generator import tiny_generator, tiny_text

from hitvideo.errors import HiTVideoError
from hitvideo.generator.text import words_of
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.pipeline.result import Plan
from hitvideo.pipeline.words import unknown_words
from hitvideo.plan.tracks import at_frames
from hitvideo.tokenizer import HiTVideoTokenizer, fingerprint
from hitvideo.toon import caption, sample_scene, scene_plan
from hitvideo.ui import clip_files
from hitvideo.ui.clip_files import enlarged, write_gif
from hitvideo.ui.generate.page import about
from hitvideo.ui.generate.plan import plan_film
from hitvideo.ui.generate.prompts import EXAMPLES, surprise, unknown_note, unread_note
from hitvideo.ui.generate.run import Generation, slug
from hitvideo.ui.tokens.run import TokenFiles
from hitvideo.video import probe, read_video

from .conftest import Served, wait_until

ROOT = Path(__file__).parents[2]
PROMPT = "a red car drives to the left"


@pytest.fixture(scope="module")
def client(writing_server: Served) -> Client:
    return connect(writing_server)


def connect(server: Served) -> Client:
    return Client(server.url, verbose=False, httpx_kwargs={"timeout": 60})


def ask(client: Client, prompt: Any = PROMPT, **options: object) -> tuple:
    return client.predict(prompt=prompt, api_name="/generate", **options)


def shrunk(path: str, size: int) -> np.ndarray:
    """The frames of a file, averaged back to `size` pixels a side."""
    frames = read_video(path).astype(float)
    factor = frames.shape[1] // size
    return frames.reshape(len(frames), size, factor, size, factor, 3).mean((2, 4))


def test_every_level_comes_back_as_a_video(writing: Served, client: Client) -> None:
    mp4, seed, report, screen, gif, hitv = ask(client, seed=7)
    assert Path(hitv).stat().st_size == report["token_file_bytes"] > 0
    steps = [s.result for s in writing.pipeline.stream(PROMPT, seed=7) if s.result is not None]
    plan, *tiles = screen["tiles"]
    assert [tile["label"] for tile in tiles] == ["Level 1", "Level 2", "Level 3"]
    assert plan["label"] == "Plan" and probe(plan["video"]).seconds == 2
    assert steps[-1].plan is not None
    film = plan_film(steps[-1].plan, 16, 32, 32)
    assert report["things"] == [name for name in steps[-1].plan.names if name]
    assert np.abs(read_video(plan["video"]).astype(float) - film).mean() < 6
    for tile, own in zip(tiles, steps, strict=True):
        info = probe(tile["video"])
        assert (info.width, info.height, info.codec, info.seconds) == (64, 64, "h264", 2)
        # What is shown is that level and no other, up to the loss of the mp4.
        errors = [np.abs(shrunk(tile["video"], 32) - other.video).mean() for other in steps]
        assert np.argmin(errors) == own.level - 1
    assert np.array_equal(read_video(mp4), read_video(tiles[-1]["video"]))
    assert seed == report["seed"] == 7
    assert report["prompt"] == PROMPT and report["levels"] == 3 and report["mode"] == "token"
    assert report["tokens"] == sum(grid.numel() for grid in steps[-1].codes.levels)
    assert report["quantization"] is None and report["device"] == "cpu"
    with Image.open(gif) as picture:
        assert picture.format == "GIF" and picture.size == (64, 64)


def test_a_plan_shows_what_its_things_are_called_as_long_as_they_are_there() -> None:
    scene = next(s for s in map(sample_scene, range(100)) if s.subjects[0].motion == "right")
    plan = scene_plan(scene)
    film, named, other = (
        plan_film(Plan(plan, (name, "")), 64, 128, 128).astype(int)
        for name in ("", "red ball", "blue cat")
    )
    drawn = np.abs(named - film).max((1, 2, 3)) > 60
    x = at_frames(plan, 64)[:, 0, 1].abs().numpy()
    assert drawn[x < 0.9].all() and not drawn[x > 1.45].any()
    assert (np.abs(other - named).max((1, 2, 3)) > 60).sum() > 30


def test_without_a_seed_one_is_drawn_and_can_be_used_again(client: Client) -> None:
    first, second = ask(client, levels=1), ask(client, levels=1)
    assert first[1] != second[1]
    again = ask(client, seed=first[1], levels=1)
    assert np.array_equal(read_video(again[0]), read_video(first[0]))
    assert not np.array_equal(read_video(second[0]), read_video(first[0]))


def test_numbers_that_are_cleared_are_the_models_own_again(client: Client) -> None:
    names = ("guidance", "temperature", "top_k", "top_p")
    report, cleared = (
        ask(client, seed=1, levels=1, **options)[2] for options in ({}, dict.fromkeys(names))
    )
    assert [cleared[name] for name in names] == [report[name] for name in names]
    assert (cleared["top_k"], cleared["top_p"]) == (0, 1.0)


def notes(mp4: str, gif: str) -> tuple[dict[str, str], bytes]:
    with av.open(mp4) as film, Image.open(gif) as picture:
        return film.metadata, picture.info.get("comment", b"")


def test_prompt_and_seed_go_into_the_files_unless_switched_off(client: Client) -> None:
    mp4, _, _, _, gif, _ = ask(client, seed=7, guidance=2.5, levels=1)
    film, loop = notes(mp4, gif)
    assert film["title"] == PROMPT
    settings = json.loads(film["comment"])
    assert (settings["seed"], settings["guidance"]) == (7, 2.5)
    assert PROMPT.encode() in loop and film["comment"].encode() in loop
    assert "seed-7" in Path(mp4).name

    mp4, _, _, screen, gif, hitv = ask(client, seed=7, guidance=2.5, levels=1, keep_note=False)
    film, loop = notes(mp4, gif)
    assert not {"title", "comment"} & set(film) and loop == b""
    names = [Path(path).name for path in (mp4, gif, hitv, *(t["video"] for t in screen["tiles"]))]
    assert not any("seed" in name or "car" in name for name in names)


def test_levels_arrive_one_by_one_and_only_those_asked_for(writing: Served, client: Client) -> None:
    writing.pipeline.pause = 0.03
    job = client.submit(prompt=PROMPT, seed=7, levels=2, api_name="/generate")
    job.result()
    counts = []
    for _, seed, report, screen, _, _ in job.outputs():
        ready = [tile["video"] is not None for tile in screen["tiles"]]
        assert len(ready) == 3 and ready == sorted(ready, reverse=True)  # the plan comes first
        assert (report["levels"] if report else 0) == max(0, sum(ready) - 1)
        assert seed == 7
        counts.append(sum(ready))
    assert counts == sorted(counts) and set(counts) == {0, 1, 2, 3}


def test_time_left_is_told_and_a_stop_is_heard_before_a_file_is_written(
    writing: Served, client: Client
) -> None:
    writing.pipeline.pause = 0.15
    job = client.submit(prompt=PROMPT, seed=7, levels=2, mode="frame", api_name="/generate")
    job.result()
    screens = [screen for _, _, _, screen, _, _ in job.outputs()]
    left = [s["seconds_left"] for s in screens if s["seconds_left"] is not None]
    assert left and left[-1] <= left[0] < 30 and screens[-1]["seconds_left"] is None
    # A new file is always announced by a view with the same words that does not hold it yet: there
    # the run can be closed.
    for before, after in pairwise(screens):
        ready, more = (
            sum(tile["video"] is not None for tile in s["tiles"]) for s in (before, after)
        )
        if more > ready:
            assert more == ready + 1 and before["message"] == after["message"]


def test_what_is_offered_is_what_the_model_knows(tiny: HiTVideoTokenizer) -> None:
    text = tiny_text()
    pipeline = HiTVideoPipeline(tiny, tiny_generator(tokenizer_hash=fingerprint(tiny)), text)
    own = Generation(pipeline, TokenFiles(pipeline))
    assert not own.toon and "What it knows" not in about(own)
    assert "octopus" not in own.note("a hat") and "“hat”" in own.note("a hat, a cat")
    text.words = frozenset(word for prompt in EXAMPLES for word in words_of(prompt))
    assert own.toon and "What it knows" in about(own) and "octopus" in own.note("a hat")
    assert own.note("\ud800 cat") == own.note("") == own.note("cat " * 5000) == ""


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"prompt": ""}, "say"),
        ({"prompt": " \n "}, "say"),
        ({"prompt": None}, "must be text"),
        ({"prompt": "a red car " * 1000}, "10000 characters"),
        ({"prompt": "a red\x07 car"}, "control characters"),
        ({"seed": -1}, "seed must be between"),
        ({"seed": 2**32}, "seed must be between"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"guidance": "nan"}, "guidance must be a finite number"),
        ({"guidance": "much"}, "guidance must be a number"),
        ({"temperature": -1}, "temperature must be between"),
        ({"top_k": -1}, "top-k must be zero"),
        ({"top_p": 0}, "top-p must be above 0"),
        ({"levels": 0}, "levels must be between 1 and 3"),
        ({"levels": 4}, "levels must be between 1 and 3"),
        ({"mode": "film"}, "mode is one of token, frame"),
    ],
)
def test_a_wrong_value_gets_one_sentence(
    writing: Served, client: Client, options: dict, sentence: str
) -> None:
    with pytest.raises(AppError) as caught:
        ask(client, **options)
    check_sentence(caught.value, sentence)
    assert writing.pipeline.ended == []


def check_sentence(error: AppError, words: str) -> None:
    text = error.message
    assert words in text
    assert text.endswith(".") and text.count(". ") == 0 and "\n" not in text


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [
        ("a red crocodile", ["crocodile"]),
        ("红色的车", ["红色的车"]),
        ("a blue cat 🚀", ["🚀"]),
        ("<b>cat</b>", ["b"]),
        ("the cat; $(rm -rf) 'quoted' \\ = %s", ["rm", "rf", "quoted"]),
    ],
)
def test_any_text_is_a_prompt_and_strange_words_are_named(
    client: Client, prompt: str, unknown: list[str]
) -> None:
    mp4, _, report, _, gif, _ = ask(client, prompt, seed=1, levels=1)
    assert report["prompt"] == prompt
    assert [word for word in report["unknown_words"] if word in unknown] == unknown
    film, loop = notes(mp4, gif)
    assert film["title"] == prompt and prompt.encode() in loop
    assert Path(mp4).name.isascii()


def test_without_a_generator_the_answer_says_so(served: Served) -> None:
    with pytest.raises(AppError) as caught:
        connect(served).predict(PROMPT, api_name="/generate")
    check_sentence(caught.value, "no generator")


def test_a_fault_of_ours_is_not_shown(
    writing: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **options: object) -> None:
        raise RuntimeError("the secret")

    monkeypatch.setattr(writing.pipeline, "stream", broken)
    with pytest.raises(AppError) as caught:
        ask(client)
    assert "secret" not in caught.value.message
    assert "our side" in caught.value.message


def test_stop_ends_one_run_and_no_other(writing: Served, client: Client) -> None:
    writing.pipeline.pause = 0.6
    stopped = client.submit(prompt=PROMPT, seed=1, api_name="/generate")
    other = connect(writing).submit(prompt=PROMPT, seed=2, api_name="/generate")
    wait_until(lambda: any(out[0] for out in stopped.outputs()))
    stopped.cancel()
    wait_until(lambda: writing.pipeline.ended)
    assert 0 < writing.pipeline.ended[0] < 1
    writing.pipeline.pause = 0.0
    mp4, seed, *_ = other.result()
    assert seed == 2 and probe(mp4).seconds == 2
    writing.wait_for_end(runs=2)
    assert writing.pipeline.ended[1:] == [1]


def test_two_people_at_once_get_what_one_alone_gets(writing: Served) -> None:
    prompts = (PROMPT, "a blue cat spins in space")
    answers: dict[int, tuple] = {}

    def ask_alone(person: int) -> None:
        own = connect(writing)
        answers[person] = ask(own, prompts[person], seed=person, levels=1)

    threads = [threading.Thread(target=ask_alone, args=(person,)) for person in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clips = [writing.pipeline(prompts[person], seed=person, levels=1).video for person in (0, 1)]
    for person in (0, 1):
        mp4, seed, report, *_ = answers[person]
        assert (seed, report["prompt"]) == (person, prompts[person])
        errors = [np.abs(shrunk(mp4, 32) - clip).mean() for clip in clips]
        assert np.argmin(errors) == person


@pytest.mark.slow
def test_a_crowd_is_served_one_after_another_and_each_gets_its_own(writing: Served) -> None:
    """Sixteen people at once, of whom every fourth walks away."""
    jobs = [
        connect(writing).submit(prompt=PROMPT, seed=seed, levels=1, api_name="/generate")
        for seed in range(16)
    ]
    for job in jobs[::4]:
        job.cancel()
    clips = {}
    for seed, job in enumerate(jobs):
        if seed % 4:
            mp4, used, report, *_ = job.result(timeout=120)
            assert used == report["seed"] == seed and not report["unknown_words"]
            clips[seed] = shrunk(mp4, 32)
    for seed, clip in clips.items():
        own = writing.pipeline(PROMPT, seed=seed, levels=1).video
        nearest = min(clips, key=lambda other: np.abs(clips[other] - own).mean())
        assert nearest == seed and clip.shape == own.shape
    wait_until(lambda: not writing.leftovers)


def test_offered_prompts_hold_only_words_of_toon() -> None:
    words = {word for seed in range(3000) for word in words_of(caption(sample_scene(seed), seed))}
    rng = random.Random(5)
    for prompt in (*EXAMPLES, *(surprise(rng) for _ in range(20))):
        assert unknown_words(prompt, words) == []
    assert max(map(len, EXAMPLES)) <= 60  # Gradio cuts longer ones


def test_strange_words_are_pointed_out_politely() -> None:
    assert unread_note("") == ""
    assert "“on a rainy”" in unread_note("on a rainy")
    assert unknown_note([]) == ""
    assert "“crocodile” and “hat”" in unknown_note(["crocodile", "hat"])
    assert "any of these words" in unknown_note(["hat"], some_known=False)
    assert "and 5 more" in unknown_note(list("abcdefghij"))
    assert "ball" in unknown_note(["hat"])  # what it does know


def test_file_names_are_short_and_plain() -> None:
    assert slug("A red car, 2 cats!") == "a-red-car-2-cats"
    assert slug("../../etc/passwd") == "etc-passwd"
    assert slug("猫") == "clip"
    assert len(slug("a very long story of a cat " * 9)) <= 48


def test_a_gif_lasts_as_long_as_the_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_files, "SIDE", 256)
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (24, 16, 24, 3), dtype=np.uint8)
    path = write_gif(tmp_path / "noise.gif", frames, 8)
    with Image.open(path) as picture:
        assert picture.size == (16 * 24, 16 * 16)
        total = 0
        for index in range(picture.n_frames):
            picture.seek(index)
            total += picture.info["duration"]
    assert total == 3000  # ms; 125 a frame is no whole number of hundredths


def test_enlarging_keeps_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_files, "SIDE", 256)
    y, x = np.mgrid[:64, :64]
    frames = np.stack([2 * x, 3 * y, x + y], -1)[None].astype(np.uint8)
    large = enlarged(frames)
    assert large.shape == (1, 256, 256, 3)
    back = large.reshape(1, 64, 4, 64, 4, 3).mean((2, 4))
    assert np.abs(back - frames).max() < 1
    assert enlarged(large) is large


def test_app_py_hands_on_the_quantization(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(weights: Path, device: str, quantize: str | None) -> None:
        raise HiTVideoError(f"asked for {quantize}")

    monkeypatch.setattr(HiTVideoPipeline, "from_pretrained", asked)
    for given, meant in (("nf4", "nf4"), ("none", "none")):
        monkeypatch.setattr(sys, "argv", ["app.py", "--quantize", given])
        with pytest.raises(SystemExit) as caught:
            runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
        assert caught.value.code == 2
        assert f"asked for {meant}" in capsys.readouterr().err
