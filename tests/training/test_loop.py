"""The loop that all trainings share."""

import json
import math
from pathlib import Path

import pytest
import torch
from torch import nn

from hitvideo.errors import HiTVideoError
from hitvideo.training.average import moving_average
from hitvideo.training.budget import progress, schedule
from hitvideo.training.checkpoint import Checkpoint
from hitvideo.training.checks import check_folders, check_run, run_folder
from hitvideo.training.generator_settings import GeneratorSettings
from hitvideo.training.loop import Task, fit, new_accelerator


def test_a_step_that_overflows_is_left_out(tmp_path: Path) -> None:
    """Its gradient would turn every weight into nan, for good."""
    accelerator = new_accelerator(False)
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    optimizer = torch.optim.SGD(model.parameters(), 1.0)
    module, optimizer = accelerator.prepare(model, optimizer)
    seen: list[float] = []

    def score(step: int) -> tuple[torch.Tensor, str]:
        seen.append(model.weight.item())
        x = torch.full((1, 1), float("inf") if step == 1 else 1.0)
        return module(x).sum(), ""

    config = GeneratorSettings(str(tmp_path), steps=4, lr=0.1, warmup=1)
    saved: list[nn.Linear] = []
    fit(config, accelerator, model, module, optimizer, Task(score, saved.append, lambda *_: {}))
    assert seen[0] > seen[1] == seen[2] > seen[3] > model.weight.item()
    assert saved[-1].weight.isfinite().all()


def test_a_run_killed_while_it_ended_ends_when_started_again(tmp_path: Path) -> None:
    """Its weights are saved and its last line is logged, once."""
    saved: list[float] = []
    for life in ("killed", "again", "once more"):
        accelerator = new_accelerator(False)
        torch.manual_seed(0)
        model = nn.Linear(1, 1, bias=False)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        module, optimizer = accelerator.prepare(model, optimizer)
        steps: list[int] = []

        def score(
            step: int, steps: list[int] = steps, module: nn.Module = module
        ) -> tuple[torch.Tensor, str]:
            steps.append(step)
            return module(torch.ones(1, 1)).sum(), ""

        def save(model: nn.Linear, life: str = life) -> None:
            if life == "killed":
                raise KeyboardInterrupt
            saved.append(model.weight.item())

        task = Task(score, save, lambda *_: {"found": 1})
        config = GeneratorSettings(str(tmp_path), steps=2, lr=0.1, warmup=1)
        if life == "killed":
            with pytest.raises(KeyboardInterrupt):
                fit(config, accelerator, model, module, optimizer, task)
            assert steps == [0, 1]
        else:
            fit(config, accelerator, model, module, optimizer, task)
            assert steps == [] and len(saved) == 1
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(line["step"], line["found"], line["last"]) for line in lines] == [(2, 1, True)]


def test_the_rate_warms_up_and_falls_as_a_cosine() -> None:
    assert [schedule(step, 0.0, 4) for step in (0, 1, 3, 9)] == [0.25, 0.5, 1, 1]
    assert schedule(9, 0.5, 4) == pytest.approx(0.02 + 0.98 / 2)
    assert schedule(9, 1.0, 4) == pytest.approx(0.02)
    rates = [schedule(99, done / 10, 4) for done in range(11)]
    assert rates == sorted(rates, reverse=True)


def test_a_budget_of_minutes_steps_or_both() -> None:
    def done(steps: int, minutes: float, step: int, spent: float) -> float:
        return progress(GeneratorSettings("", steps=steps, minutes=minutes), step, spent)

    assert done(10, 0, 5, 1e9) == 0.5
    assert done(0, 2, 999, 30) == 0.25
    assert done(10, 2, 5, 30) == 0.5 and done(10, 2, 5, 90) == 0.75
    assert done(10, 2, 11, 0) == 1 == done(10, 2, 0, 121)


def test_a_checkpoint_on_a_full_disk_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt")
    checkpoint.save(model, moving_average(model, 0.9), optimizer, 3, 1.0)

    def full(state: object, path: Path) -> None:
        path.write_bytes(b"half of it")
        raise RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed")

    monkeypatch.setattr(torch, "save", full)
    monkeypatch.setattr("hitvideo.files.is_full", lambda folder: True)
    with pytest.raises(HiTVideoError, match="the disk is full"):
        checkpoint.save(model, moving_average(model, 0.9), optimizer, 4, 2.0)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert checkpoint.load(model, moving_average(model, 0.9), optimizer) == (3, 1.0)


def test_a_folder_made_for_a_run_that_is_refused_goes_again(tmp_path: Path) -> None:
    out = tmp_path / "new" / "run"
    with pytest.raises(HiTVideoError), run_folder(str(out)):
        (out / "tokens").mkdir()
        raise HiTVideoError("No.")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(HiTVideoError), run_folder(str(out)):
        (out / "rendered").write_text("hours of work")
        raise HiTVideoError("No.")
    assert (out / "rendered").exists()
    (out / "rendered").unlink()
    with pytest.raises(HiTVideoError), run_folder(str(out)):
        raise HiTVideoError("No.")
    assert out.is_dir()  # it was there before
    with pytest.raises(HiTVideoError, match="needs the name"), run_folder(""):
        pass


@pytest.mark.parametrize("name", ["minutes", "lr", "ema", "fps"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_settings_that_are_no_numbers_are_refused(name: str, value: float) -> None:
    config = GeneratorSettings(**{"out": "run", "steps": 1, name: value})
    with pytest.raises(HiTVideoError, match=f"--{name} must be a number"):
        check_run(config)


def test_a_run_never_replaces_what_it_starts_from(tmp_path: Path) -> None:
    (tmp_path / "a" / "tokenizer").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a")
    for init in ("a", "a/tokenizer", "link/tokenizer"):
        with pytest.raises(HiTVideoError, match="starts from"):
            check_folders(str(tmp_path / "a"), str(tmp_path / init), ("tokenizer",), [])
    check_folders(str(tmp_path / "b"), str(tmp_path / "a/tokenizer"), ("tokenizer",), [])
    with pytest.raises(HiTVideoError, match="--clips needs"):
        check_folders("b", "", (), [""])


def test_a_checkpoint_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt")
    checkpoint.save(model, moving_average(model, 0.9), optimizer, 3, 1.0)
    checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:-50])
    with pytest.raises(HiTVideoError, match="cannot be read"):
        checkpoint.load(model, moving_average(model, 0.9), optimizer)
