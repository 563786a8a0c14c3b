"""The generator's training: it learns, survives a kill, and says what cannot work."""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TINY
from tiny_generator import CAPTIONS, SIZE, save_tiny_weights, tiny_generator, tiny_text

from hitvideo.cli import main
from hitvideo.errors import HiTVideoError
from hitvideo.generator import MODES, HiTVideoGenerator, TextEncoder
from hitvideo.generator.order import TokenOrder
from hitvideo.generator.text import MINI_T5, words_of
from hitvideo.judge.model import Judge
from hitvideo.plan.codes import from_codes, to_codes
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.tokenizer.quantizers import FSQ
from hitvideo.toon import ATTRIBUTES
from hitvideo.training import generator as training
from hitvideo.training import own_clips
from hitvideo.training.generator import GeneratorSettings, train
from hitvideo.training.generator_batches import Batches, cut, digit_weights
from hitvideo.training.own_clips import OwnClips, preview, thinned
from hitvideo.training.text_to_tokens import (
    OWN_TOKENS,
    Batch,
    TextToTokens,
    by_digit,
    expected_values,
)
from hitvideo.video import write_video

SMALL_LLAMA = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
}


def test_a_brief_clip_is_the_same_moment_of_every_level() -> None:
    """Every code tells its clip and moment, so a cut shows where it was made."""
    strides = [(8, 32, 32), (4, 16, 16)]
    whole, single_group = TokenOrder(strides, (32, 32, 32)), TokenOrder(strides, (8, 32, 32))
    clip, moment = 100 * torch.arange(3)[:, None], torch.arange(8)
    coarse = (clip + moment[:4])[..., None, None].expand(3, 4, 1, 1)
    fine = (clip + moment // 2)[..., None, None].expand(3, 8, 2, 2)
    starts = [2, 0, 3]
    parts = cut([coarse, fine], starts, whole, single_group)
    assert [tuple(grid.shape) for grid in parts] == [(3, 1, 1, 1), (3, 2, 2, 2)]
    expected = 100 * torch.arange(3) + torch.tensor(starts)
    for grid in parts:
        assert (grid == expected[:, None, None, None]).all()


def test_tokens_that_show_the_subject_count_more_and_only_they() -> None:
    model = tiny_generator()
    order = model.order(SIZE)
    masks = [torch.zeros(1, *grid) for grid in order.token_grids]
    masks[-1][0, 1, 2, 3] = 1
    weights = digit_weights(masks, order, model.digits, 3.0)
    (position, *_), digits = (x.tolist() for x in (weights[0] > 1).nonzero(as_tuple=True))
    grid = order.grids[-1]
    place = torch.zeros(grid)
    patch = order.patches[-1]
    place[1, 2 // patch, 3 // patch] = 1
    assert position == order.starts[-1] + int(place.flatten().argmax())
    count = len(model.digits.of(2)) // patch**2
    first = ((2 % patch) * patch + 3 % patch) * count
    assert digits == list(range(first, first + count))
    assert (weights[weights > 1] == 4).all()


def test_it_is_told_some_of_its_own_tokens_as_it_would_have_written_them() -> None:
    model = TextToTokens(tiny_text(), tiny_generator())
    order = model.generator.order(SIZE)
    steps = model.generator.digits.steps(order.level)
    codes = (torch.rand(64, *steps.shape) * steps).long()
    ids, mask = model.text.tokenize([CAPTIONS[0]] * 64)
    told = torch.ones(64, dtype=torch.bool)
    batch = Batch(codes, codes, ids, mask, told, ["token"] * 3, SIZE)
    mixed = model.with_own_tokens(batch, random.Random(0))
    assert torch.equal(mixed.codes, codes)
    assert (mixed.known < steps).all() and (mixed.known >= 0).all()
    changed = (mixed.known != codes).any(-1).float().mean(1)  # of every clip's positions
    assert changed.min() < 0.25 * OWN_TOKENS and 0.5 * OWN_TOKENS < changed.max() < 2 * OWN_TOKENS
    # What it is told are draws from what it would have written: likelier than chance.
    bits = model.logits(batch).log_softmax(-1)
    where = mixed.known != codes
    drawn, right = (bits.gather(-1, x[..., None])[..., 0][where] for x in (mixed.known, codes))
    assert drawn.mean() > right.mean()
    again = model.with_own_tokens(batch, random.Random(0))
    assert torch.equal(again.known, mixed.known)


def test_known_digits_are_corrupted_and_captions_left_out_as_often_as_asked() -> None:
    """Twice as often as asked at most, by clip; the right digits stay what is to be guessed."""
    torch.manual_seed(0)
    model = TextToTokens(tiny_text(), tiny_generator())
    order, sources = model.generator.order((16, 32, 32)), 8
    levels = tuple(torch.randint(0, 60, (sources, *grid)) for grid in order.token_grids)
    mask = torch.zeros(sources, *order.token_grids[-1], dtype=torch.uint8)
    plan = torch.zeros(sources, 2, 4, 2, 5)
    tokens = training.TokenSet(levels, [[CAPTIONS[0]]] * sources, mask, plan)
    told, clips = [], []
    for share in (0.0, 0.1):
        config = settings(
            Path(),
            Path(),
            1,
            levels=3,
            size=32,
            batch=32,
            short=0.0,
            single_group=0.0,
            corrupt=share,
        )
        batches = Batches(config, tokens, model, None, 0, torch.device("cpu"))
        for step in range(20):
            batch, _ = batches.sample(step)
            real = (model.generator.digits.steps(order.level) > 1).expand_as(batch.codes)
            wrong = ((batch.known != batch.codes) & real).sum((1, 2)) / real.sum((1, 2))
            if not share:
                assert not wrong.any()
            clips += wrong.tolist() if share else []
            told += batch.conditioned.tolist()
    assert 0.85 < sum(told) / len(told) < 0.95  # drop_text is 0.1
    # Of three or four values, one that is drawn anew is another in two thirds of the cases or more.
    assert 0.05 < sum(clips) / len(clips) < 0.1 and max(clips) < 0.25 and min(clips) < 0.02


@pytest.fixture
def weights(tmp_path: Path, tiny: HiTVideoTokenizer, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("hitvideo.generator.presets.MINI_LLAMA", SMALL_LLAMA)
    monkeypatch.setitem(MINI_T5, "num_layers", 1)
    monkeypatch.setitem(MINI_T5, "d_ff", 64)
    monkeypatch.setattr(training, "HELD_OUT_TOON", range(900_000_000, 900_000_002))
    tiny.save_pretrained(tmp_path / "weights" / "tokenizer")
    return tmp_path / "weights"


def settings(out: Path, folder: Path, steps: int, **change: object) -> GeneratorSettings:
    options: dict[str, object] = {
        "toon": 3,
        "levels": 2,
        "frames": 16,
        "size": 32,
        "batch": 2,
        "lr": 3e-3,
        "warmup": 1,
        "ema": 0.5,
        "checkpoint_every": 2,
    }
    return GeneratorSettings(
        **{"out": str(out), "weights": str(folder), "steps": steps, **options, **change}  # type: ignore[arg-type]
    )


def test_it_learns_its_clips_and_its_files_load(tmp_path: Path, weights: Path) -> None:
    out = tmp_path / "run"
    train(settings(out, weights, 30, toon=1, validate_every=15, drop_text=0.0, corrupt=0.0))
    last = json.loads((out / "log.jsonl").read_text().splitlines()[-1])
    assert last["step"] == 30 and set(last["bits"]) == {"untold", "plan", *MODES}
    generator = HiTVideoGenerator.from_pretrained(out / "generator")
    text = TextEncoder.from_pretrained(out / "text")
    tokens = training.TokenSet.load(out / "tokens")
    digits = training.split_digits(generator, tokens, [0])
    embeddings, mask = text.encode([tokens.captions[0][0]])
    with torch.no_grad():
        logits = generator(digits, embeddings, mask, ("frame", "frame"))
    guessed = (logits.argmax(-1) == digits).float().mean()
    blind = (torch.zeros_like(digits) == digits).float().mean()
    assert guessed > blind + 0.2
    assert text.words == {word for said in tokens.captions[0] for word in words_of(said)}


def test_weights_from_before_layouts_go_on_as_they_were(tmp_path: Path, weights: Path) -> None:
    """What a generator is told of plans, when it learns of them, starts at nothing."""
    old = save_tiny_weights(
        tmp_path / "old", HiTVideoTokenizer.from_pretrained(weights / "tokenizer")
    )
    before = tiny_generator(plan=False)
    before.config.note = "It draws cats well."
    before.save_pretrained(old / "generator")
    shutil.rmtree(old / "planner")
    out = tmp_path / "run"
    train(settings(out, weights, 1, levels=3, init=str(old), lr=1e-12, warmup=0))
    after = HiTVideoGenerator.from_pretrained(out / "generator", dtype=torch.float32)
    assert after.config.plan and (out / "planner").is_dir()
    assert after.config.note == ""  # nobody knows yet what the trained one can
    assert all(weight.abs().max() < 1e-9 for weight in after.laid.parameters())
    tokens = training.TokenSet.load(out / "tokens")
    digits = training.split_digits(after, tokens, [0])
    embeddings, mask = tiny_text().encode(CAPTIONS[:1])
    known = from_codes(to_codes(tokens.plan[:1]))
    size = 16, 32, 32
    with torch.no_grad():
        told = after(digits, embeddings, mask, ["token"] * 3, size=size, plan=known)
        untold = before(digits, embeddings, mask, ["token"] * 3, size=size)
    # Saved in bfloat16.
    assert (told.softmax(-1) - untold.softmax(-1)).abs().max() < 0.05


@pytest.mark.parametrize(
    "part", ["text", "generator", "generator/config.json", "planner/config.json"]
)
def test_a_part_that_a_model_to_go_on_from_lacks_is_one_sentence(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Given relatively, which looks like a name on the hub."""
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: asked.append(address))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    tokenizer = HiTVideoTokenizer.from_pretrained(weights / "tokenizer")
    path = save_tiny_weights(tmp_path / "old", tokenizer) / part
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HiTVideoError, match=f"old/{part.split('/')[0]}.* (cannot|missing)"):
        train(settings(tmp_path / "run", weights, 1, levels=3, init="old"))
    assert not asked


def test_a_folder_of_captioned_videos_in_bfloat16(
    tmp_path: Path, weights: Path, fresh_accelerate: None
) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    for k in range(3):
        write_video(videos / f"{k}.mp4", np.full((16, 40, 48, 3), 80 * k, np.uint8), 8)
        (videos / f"{k}.txt").write_text(f"grey number {k}\n")
    (videos / "0.mp4").write_bytes(b"broken")
    out = tmp_path / "run"
    train(settings(out, weights, 2, toon=0, clips=[str(videos)], bf16=True))
    assert training.TokenSet.load(out / "tokens").captions == [["grey number 2"]]
    assert training.TokenSet.load(out / "held-out").captions == [["grey number 1"]]
    assert TextEncoder.from_pretrained(out / "text").words == {"grey", "number", "2"}
    assert not HiTVideoGenerator.from_pretrained(out / "generator").config.plan  # nobody drew it
    bits = json.loads((out / "log.jsonl").read_text().splitlines()[-1])["bits"]
    assert 0 < bits["token"][0] < 20


def test_a_resumed_run_ends_where_an_unbroken_one_does(tmp_path: Path, weights: Path) -> None:
    train(settings(tmp_path / "whole", weights, 4))
    # As after a kill: the first half ran under the same settings, then nothing more was saved.
    with pytest.raises(KeyboardInterrupt), pytest.MonkeyPatch.context() as patch:
        sample = Batches.sample

        def killed(self: Batches, step: int) -> tuple[Batch, str]:
            if step == 3:
                raise KeyboardInterrupt
            return sample(self, step)

        patch.setattr(Batches, "sample", killed)
        train(settings(tmp_path / "broken", weights, 4))
    train(settings(tmp_path / "broken", weights, 4))
    whole, broken = (
        torch.load(tmp_path / name / "checkpoint.pt", weights_only=True)["model"]
        for name in ("whole", "broken")
    )
    for name, tensor in whole.items():
        assert torch.allclose(tensor, broken[name], atol=1e-5), name


@pytest.mark.slow
@pytest.mark.parametrize(
    "rollout",
    [
        own_clips.ROLLOUTS[0],
        *(pytest.param(rollout, marks=pytest.mark.slow) for rollout in own_clips.ROLLOUTS[1:]),
    ],
)
def test_what_a_judge_likes_in_its_own_clips_becomes_likelier(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, rollout: own_clips.Rollout
) -> None:
    """A judge that likes bright clips makes them brighter, whatever the captions say."""
    Judge(8).save_pretrained(tmp_path / "judge")
    brightness = []

    class LikesLight(torch.nn.Module):
        places = torch.zeros(1)

        def forward(self, video: torch.Tensor) -> dict[str, torch.Tensor]:
            shown = video.flatten(1).mean(1, keepdim=True)
            brightness.append(float(shown.mean()))
            # As if the right word, whichever it is, were the likelier the brighter the clip is.
            return {name: 5 * shown * self.right[name] for name in ATTRIBUTES}

    likes = LikesLight()
    read = OwnClips._read

    def told(
        self: OwnClips, levels: list[torch.Tensor], right: torch.Tensor, names: list[str]
    ) -> object:
        likes.right = {
            name: torch.nn.functional.one_hot(right[:, index], len(words)).float()
            for index, (name, words) in enumerate(ATTRIBUTES.items())
        }
        self.judge = likes  # type: ignore[assignment]
        return read(self, levels, right, names)

    monkeypatch.setattr(OwnClips, "_read", told)
    monkeypatch.setattr(own_clips, "ROLLOUTS", (rollout,))
    judge = {"judge": str(tmp_path / "judge"), "own_clips": 1.0}
    train(settings(tmp_path / "run", weights, 10, batch=4, **judge))
    assert min(brightness[-3:]) > max(brightness[:2])


def test_what_is_said_of_values_reaches_their_digits() -> None:
    model = tiny_generator()
    order, digits = model.order(SIZE), model.digits
    levels = [torch.randint(0, 60, (2, *grid)) for grid in order.token_grids]
    quantizers = [FSQ(level.steps) for level in TINY.levels]
    values = [q.values(codes) for q, codes in zip(quantizers, levels, strict=True)]
    split = digits.split(order.build(levels), order.level)
    steps = digits.steps(order.level)
    expected = torch.where(steps > 1, 2 * split / (steps - 1).clamp_min(1) - 1, 0)
    assert torch.allclose(by_digit(values, order, digits.count), expected)
    # A model that is sure of these digits expects just these values.
    logits = 50.0 * torch.nn.functional.one_hot(split, digits.choices)
    where = steps.expand_as(split) > 1
    assert torch.allclose(expected_values(logits, steps)[where], expected[where], atol=1e-4)


def test_learning_from_fewer_positions_is_the_same_on_average() -> None:
    torch.manual_seed(0)
    gradient = torch.randn(4, 10, 3) * torch.rand(4, 10, 1) ** 4
    drawn = torch.stack([thinned(gradient, random.Random(seed)) for seed in range(4000)])
    answers = drawn.any(-1).float().mean()
    assert 0.1 < answers < own_clips.ANSWERS + 0.02  # the largest ones are drawn once at most
    assert (drawn.mean(0) - gradient).abs().max() < 0.1
    assert torch.equal(thinned(torch.zeros(2, 3, 4), random.Random(0)), torch.zeros(2, 3, 4))


def test_positions_without_a_pull_are_not_worked_out_and_change_nothing() -> None:
    torch.manual_seed(0)
    model = TextToTokens(tiny_text(), tiny_generator())
    order, digits = model.generator.order(SIZE), model.generator.digits
    levels = [torch.randint(0, 60, (2, *grid)) for grid in order.token_grids]
    codes = digits.split(order.build(levels), order.level)
    ids, mask = model.text.tokenize(CAPTIONS[:2])
    kinds, told = ["token"] * 3, torch.ones(2, dtype=torch.bool)
    gradient = torch.randn(codes.shape) * (torch.rand(codes.shape[:2]) < 0.3).unsqueeze(-1)
    batch = Batch(codes, codes, ids, mask, told, kinds, SIZE, reward_gradient=gradient)
    cost, *_ = model(*batch)
    assert len(cost) == gradient.any(-1).sum()
    expected = expected_values(model.logits(batch), digits.steps(order.level))
    assert cost.sum().item() == pytest.approx(
        -(gradient * expected).mean(-1).sum().item(), abs=1e-4
    )


def test_a_preview_of_all_levels_is_the_clip_and_can_be_differentiated(
    tiny: HiTVideoTokenizer,
) -> None:
    codes = tiny.encode(torch.rand(2, 3, 24, 32, 32) * 2 - 1)
    values = [
        level.quantizer.values(grid).requires_grad_()
        for level, grid in zip(tiny.ladder, codes.levels, strict=True)
    ]
    video = preview(tiny, values, (32, 32))
    assert torch.allclose(video, tiny.decode(codes), atol=1e-3)
    for gradient in torch.autograd.grad(video.sum(), values):
        assert gradient.abs().max() > 0


def test_the_judge_that_measures_does_not_teach(tmp_path: Path, weights: Path) -> None:
    Judge(8).save_pretrained(weights / "judge")
    with pytest.raises(HiTVideoError, match="another judge"):
        train(settings(tmp_path / "run", weights, 1, judge=str(weights / "judge")))


@pytest.mark.parametrize(
    ("seeds", "sentence"),
    [
        (range(2_007_499, 2_008_000), "trained on other scenes"),
        (range(0), "does not say which scenes"),
        (range(2_007_500, 2_008_000), None),
    ],
)
def test_a_near_twin_of_the_judge_that_measures_does_not_teach_either(
    tmp_path: Path, weights: Path, seeds: range, sentence: str | None
) -> None:
    Judge(8, seeds=range(2_000_000, 2_007_500)).save_pretrained(weights / "judge")
    Judge(8, seeds=seeds).save_pretrained(tmp_path / "twin")
    config = settings(tmp_path / "run", weights, 1, judge=str(tmp_path / "twin"))
    model = TextToTokens(tiny_text(), tiny_generator())
    if sentence is None:
        assert training._own_clips(config, model, torch.device("cpu"))
        return
    with pytest.raises(HiTVideoError, match=sentence):
        training._own_clips(config, model, torch.device("cpu"))


COMMAND_LINE = """
import sys

from hitvideo.cli import main
from hitvideo.training import generator

generator.HELD_OUT_TOON = range(900_000_000, 900_000_002)
sys.exit(main())
"""


@pytest.mark.slow
def test_two_processes_train_one_model_though_steps_leave_parts_out_and_go_on_with_it(
    tmp_path: Path, tiny: HiTVideoTokenizer
) -> None:
    folder = save_tiny_weights(tmp_path / "weights", tiny)
    command_line = tmp_path / "command.py"  # the real one but for how much it validates on
    command_line.write_text(COMMAND_LINE)
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    launch += ["--standalone", str(command_line), "train-generator", "--out", str(tmp_path / "run")]
    launch += ["--weights", str(folder), "--init", str(folder), "--toon", "4", "--levels", "3"]
    launch += ["--frames", "16", "--size", "32", "--batch", "2", "--drop-text", "0"]
    # Level 1 of single groups: nothing of finer levels, of earlier frames, or of missing captions.
    launch += ["--short", "1", "--single-group", "1"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.getcwd()}
    for steps in ("2", "3"):  # the second one goes on from the first one's checkpoint
        command = [*launch, "--steps", steps]
        run = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert run.returncode == 0, run.stderr[-2000:]
    log = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    assert [(line["step"], line["processes"]) for line in map(json.loads, log)] == [(2, 2), (3, 2)]


def test_the_tokenizer_it_was_trained_for_is_named(tmp_path: Path, weights: Path) -> None:
    from hitvideo.tokenizer import fingerprint

    train(settings(tmp_path / "run", weights, 1))
    generator = HiTVideoGenerator.from_pretrained(tmp_path / "run" / "generator")
    tokenizer = HiTVideoTokenizer.from_pretrained(weights / "tokenizer")
    assert generator.config.tokenizer_hash == fingerprint(tokenizer)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"toon": 0}, "nothing to train on"),
        ({"steps": 0}, "budget"),
        ({"frames": 12}, "multiple of 8"),
        ({"levels": 9}, "1 to 3"),
        ({"corrupt": 2.0}, "between 0 and 1"),
        ({"weights": "nowhere"}, "no model"),
        ({"focus": -1.0}, "below zero"),
        ({"judge": "nowhere"}, "no model"),
    ],
)
def test_settings_that_cannot_work(
    tmp_path: Path, weights: Path, change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(HiTVideoError, match=sentence):
        train(settings(tmp_path / "run", weights, **{"steps": 1, **change}))  # type: ignore[arg-type]


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train-generator", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "nothing to train on" in said and "Traceback" not in said
