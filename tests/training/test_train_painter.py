"""Training the painter: samples that hang on their seeds alone, and runs that resume."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import WEIGHTS

from hitvideo.errors import HiTVideoError
from hitvideo.painter.model import HiTVideoPainter
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.plan.codes import from_codes, to_codes
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.toon.seeds import PAINTER
from hitvideo.training import painter as training
from hitvideo.training.painter import PainterSettings, train
from hitvideo.training.painter_samples import Source, _faded


def settings(out: Path, **changes: object) -> PainterSettings:
    base = {"steps": 3, "batch": 2, "size": 32, "toon": 4, "workers": 0}
    base |= {"validate_every": 2, "checkpoint_every": 2, "held_out": 2}
    return PainterSettings(out=str(out), **{**base, **changes})  # type: ignore[arg-type]


def test_a_killed_run_goes_on_and_fits_its_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(settings(tmp_path / "whole", steps=4))
    real, calls = training._batch, itertools.count()

    def killed(*arguments: Any) -> Any:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(training, "_batch", killed)
        with pytest.raises(KeyboardInterrupt):
            train(settings(tmp_path / "parts", steps=4))
    train(settings(tmp_path / "parts", steps=4))
    whole, parts = (
        HiTVideoPainter.from_pretrained(tmp_path / name / "painter") for name in ("whole", "parts")
    )
    for (name, a), b in zip(whole.state_dict().items(), parts.state_dict().values(), strict=True):
        assert torch.allclose(a, b, atol=1e-5), name
    log = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    assert log[-1]["last"] and len(log[-1]["painted"]) == 2
    shipped = HiTVideoPipeline.from_pretrained(device="cpu", quantize=None)
    HiTVideoPipeline(shipped.tokenizer, shipped.generator, shipped.text, shipped.planner, whole)


def test_samples_hang_on_their_seeds_alone() -> None:
    source = Source(WEIGHTS, 32, torch.device("cpu"))
    first, again = (source.draw(PAINTER[5:7]) for _ in range(2))
    alone = source.draw(PAINTER[6:7])[0]
    for a, b in ((first[1], again[1]), (first[1], alone)):
        assert torch.equal(a.frames, b.frames) and torch.equal(a.plan, b.plan)
        assert torch.equal(a.coarse, b.coarse)
    assert not torch.equal(first[0].frames, first[1].frames)


def test_some_plans_are_told_by_their_codes_and_some_as_they_are() -> None:
    source = Source(WEIGHTS, 32, torch.device("cpu"))

    def coded(exact: bool) -> list[bool]:
        plans = [one.plan for one in source.draw(PAINTER[:8], exact)]
        return [torch.allclose(from_codes(to_codes(plan)), plan, atol=1e-5) for plan in plans]

    assert set(coded(exact=False)) == {True, False}
    assert all(coded(exact=True))


def test_faded_codes_are_near_and_valid(shipped: HiTVideoTokenizer) -> None:
    config = shipped.config.levels[0]
    codes = torch.arange(config.codebook_size)
    generator = torch.Generator().manual_seed(0)
    faded = _faded(codes, config.steps, 0.3, generator)
    assert int(faded.min()) >= 0 and int(faded.max()) < config.codebook_size
    values = [shipped.ladder[0].quantizer.values(x) for x in (codes, faded)]
    moved = (values[0] - values[1]).abs()
    assert 0.1 < float((moved > 0).float().mean()) < 0.35  # some had no room to move
    assert float(moved.max()) < 1  # a step of four or eight, never more
    assert torch.equal(_faded(codes, config.steps, 0.0, generator), codes)


@pytest.mark.parametrize(
    "changes", [{"steps": 0}, {"toon": 1}, {"passes": 0}, {"pairs": 1.5}, {"size": 8}]
)
def test_settings_that_cannot_work(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(HiTVideoError):
        train(settings(tmp_path, **changes))
