"""The linear start is a codec, training improves on it, and the ladder stays as it was."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import randomize

from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer import DetailConfig, HiTVideoTokenizer, fingerprint, ladder_fingerprint
from hitvideo.tokenizer.detail import Detail
from hitvideo.training import detail as training
from hitvideo.training import detail_samples
from hitvideo.training.detail import DetailLoss, start_linear, train
from hitvideo.training.detail_bits import DigitBits
from hitvideo.training.detail_settings import DetailSettings
from hitvideo.video import write_video

STEPS = (5, 5, 3)


def clips() -> tuple[torch.Tensor, torch.Tensor]:
    """Slopes of colour with noise that stands still, and without it."""
    noise = torch.randn(2, 3, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    coarse = torch.linspace(-0.5, 0.5, 32).expand(2, 3, 8, 32, 32).contiguous()
    return (coarse + 0.1 * noise).clamp(-1, 1), coarse


def test_a_line_adds_what_the_ladder_lacks() -> None:
    torch.manual_seed(0)
    detail = Detail(DetailConfig((1, 4, 4), (5,) * 12, width=8)).eval()
    video, coarse = clips()
    start_linear(detail, (video - coarse).transpose(1, 2).flatten(0, 1))
    with torch.no_grad():
        frames, _ = detail(coarse, None, video)
    before, after = (
        (x - video[:, :, 0]).square().mean() for x in (coarse[:, :, 0], frames[0].video)
    )
    assert after < 0.8 * before


def test_bits_are_those_of_the_digits_and_pull_them_towards_what_is_cheap() -> None:
    bits = DigitBits(STEPS)
    nothing = torch.zeros(1, 2, 4, 4, 3)
    _, told = bits(nothing, nothing)
    each = [math.log2(math.exp(3) + count - 1) - 3 / math.log(2) for count in STEPS]
    assert float(told) == pytest.approx(2 * 16 * sum(each), rel=1e-4)
    z = torch.full((1, 1, 1, 1, 3), 0.2, requires_grad=True)
    values = torch.tensor([0.0, 0.0, 1.0]).view(1, 1, 1, 1, 3)
    asked, told = bits(z, values)
    assert float(told) == pytest.approx(sum(each) + 3 / math.log(2), rel=1e-4)
    asked.sum().backward()
    assert (z.grad > 0).all()  # nothing, the middle of all digits, is the cheapest
    assert bits.logits.weight.grad is None  # which what is coded must not change


@pytest.fixture
def small(
    tiny: HiTVideoTokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> DetailSettings:
    for module, name, value in (
        (training, "_LINEAR", 2),
        (training, "_HELD_OUT", 1),
        (training, "DETAIL", DetailConfig((1, 4, 4), (5,) * 3, width=8)),
        (detail_samples, "FRAMES", 16),
        (training, "FRAMES", 16),
        (detail_samples, "SIDE", 48),
        (training, "SIDE", 48),
    ):
        monkeypatch.setattr(module, name, value)
    tiny.save_pretrained(tmp_path / "tiny", torch.float16)  # as every run stores it
    out = str(tmp_path / "run")
    return DetailSettings(
        out, init=str(tmp_path / "tiny"), toon=2, steps=4, size=32, workers=0, checkpoint_every=2
    )


def test_a_killed_run_ends_where_an_unbroken_one_does_and_leaves_the_ladder(
    small: DetailSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(small)
    trained = HiTVideoTokenizer.from_pretrained(Path(small.out) / "tokenizer")
    assert trained.config.depth == 4 and trained.detail is not None
    assert ladder_fingerprint(trained) == fingerprint(HiTVideoTokenizer.from_pretrained(small.init))
    line = json.loads((Path(small.out) / "log.jsonl").read_text().splitlines()[-1])
    assert line["step"] == 4 and line["toon"]["bpp"] > 0

    broken = replace(small, out=str(tmp_path / "broken"))
    batch = training._batch

    def killed(config: DetailSettings, blocks: Any, step: int) -> Any:
        if step == 3:
            raise KeyboardInterrupt
        return batch(config, blocks, step)

    monkeypatch.setattr(training, "_batch", killed)
    with pytest.raises(KeyboardInterrupt):
        train(broken)
    monkeypatch.setattr(training, "_batch", batch)
    train(broken)
    again = HiTVideoTokenizer.from_pretrained(tmp_path / "broken" / "tokenizer")
    for name, tensor in trained.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name


def test_it_goes_on_from_a_level_of_detail_and_learns_from_clips(
    small: DetailSettings, detailed: HiTVideoTokenizer, tmp_path: Path
) -> None:
    (tmp_path / "clips").mkdir()
    frames = (torch.rand(20, 48, 64, 3) * 255).byte().numpy()
    write_video(tmp_path / "clips" / "noise.mp4", frames, 8)
    detailed.save_pretrained(tmp_path / "detailed")
    folder = str(tmp_path / "clips")
    config = replace(small, init=str(tmp_path / "detailed"), clips=[folder], validate=folder)
    train(replace(config, steps=1, toon_share=0.0, lr=1e-9, warmup=0))
    trained = HiTVideoTokenizer.from_pretrained(Path(small.out) / "tokenizer")
    expected = detailed.state_dict()
    for name, tensor in trained.state_dict().items():
        assert torch.allclose(tensor, expected[name], atol=1e-2, rtol=1e-2), name
    line = json.loads((Path(small.out) / "log.jsonl").read_text().splitlines()[-1])
    assert set(line) >= {"toon", "clips"}


def test_digits_that_cost_become_rarer(small: DetailSettings) -> None:
    torch.manual_seed(0)
    video, coarse = clips()
    spent = []
    for rate in (0.0, 100.0):
        torch.manual_seed(0)
        detail = Detail(DetailConfig((1, 4, 4), (5,) * 6, width=8))
        randomize(detail)
        loss = DetailLoss(detail, rate)
        optimizer = torch.optim.AdamW(loss.parameters(), 1e-2)
        for _ in range(12):
            total, scores = loss(video, coarse)
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
        spent.append(float(scores.bpp.mean()))
    assert spent[1] < 0.8 * spent[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"init": ""}, "--init needs"),
        ({"frames": 12}, "multiple of 8"),
        ({"frames": 64}, "up to 16"),
        ({"size": 20}, "multiple of 8"),
        ({"rate": -1.0}, "--rate"),
        ({"passes": 0.0}, "--passes"),
        ({"toon_share": 2.0}, "--toon-share"),
        ({"steps": 0}, "budget"),
    ],
)
def test_settings_that_cannot_work_are_one_sentence(
    small: DetailSettings, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(HiTVideoError, match=words):
        train(replace(small, **change))
    assert not Path(small.out).exists()
