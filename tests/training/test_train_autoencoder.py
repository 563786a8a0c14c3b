"""The linear start is a codec, training improves on it, and a run that was killed goes on."""

import json
from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hitvideo.autoencoder.model import GroupAutoencoder
from hitvideo.errors import HiTVideoError
from hitvideo.training import autoencoder as training
from hitvideo.training.autoencoder import AutoencoderSettings, Samples, train, validate
from hitvideo.training.linear_start import start_linear
from hitvideo.training.toon_stretches import draw
from hitvideo.video import write_video


def stretches(count: int, frames: int = 8) -> torch.Tensor:
    clips = torch.stack([c.frames[:, :3] for c in draw(range(count), frames, 64)])
    return clips.transpose(1, 2).float() / 127.5 - 1


def test_a_line_is_a_codec_that_every_level_improves() -> None:
    torch.manual_seed(0)
    model = GroupAutoencoder().eval()
    clips = stretches(48)
    start_linear(model, clips[:40])
    psnr = validate(model, clips[40:])
    # A plain grey, the mean of the first clips, has 10 dB or so.
    assert psnr[0] > 13 and all(b > a + 0.3 for a, b in pairwise(psnr))


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AutoencoderSettings:
    monkeypatch.setattr(training, "_LINEAR", 24)
    monkeypatch.setattr(training, "_HELD_OUT", 1)
    out = str(tmp_path / "run")
    return AutoencoderSettings(
        out, toon=6, steps=4, batch=2, size=32, workers=0, warmup=1, checkpoint_every=2
    )


def test_a_killed_run_ends_where_an_unbroken_one_does(
    small: AutoencoderSettings, tmp_path: Path
) -> None:
    train(small)
    broken = replace(small, out=str(tmp_path / "broken"))
    sample = Samples.__call__

    def killed(self: Samples, step: int, *rest: Any) -> Any:
        if step == 3:
            raise KeyboardInterrupt
        return sample(self, step, *rest)

    with pytest.raises(KeyboardInterrupt), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Samples, "__call__", killed)
        train(broken)
    train(broken)
    whole, again = (
        torch.load(Path(out) / "checkpoint.pt", weights_only=True)["model"]
        for out in (small.out, broken.out)
    )
    for name, tensor in whole.items():
        assert torch.allclose(tensor, again[name], atol=1e-5), name
    (line,) = map(json.loads, (tmp_path / "broken" / "log.jsonl").read_text().splitlines())
    model = GroupAutoencoder.from_pretrained(tmp_path / "broken" / "autoencoder")
    assert len(line["psnr"]["toon"]) == model.config.depth == 4


def test_learning_lowers_the_error(small: AutoencoderSettings) -> None:
    config = replace(small, toon=2, passes=100.0, lr=2e-3)
    samples = Samples(config, torch.device("cpu"))
    torch.manual_seed(0)
    model = GroupAutoencoder()
    start_linear(model, stretches(24))
    loss = training.AutoencoderLoss(model)
    optimizer = training._optimizer(loss, config.lr)
    errors = []
    for step in range(24):
        error = loss(samples(step, 2, 8).video, torch.tensor([4, 2]))
        error.backward()
        optimizer.step()
        optimizer.zero_grad()
        errors.append(error.item())
    assert sum(errors[-8:]) < sum(errors[:8]) - 8 * 0.1


def test_a_step_takes_as_much_of_toon_as_asked_and_new_scenes_in_time(
    small: AutoencoderSettings, tmp_path: Path
) -> None:
    grey = np.full((16, 160, 160, 3), 90, np.uint8)
    (tmp_path / "clips").mkdir()
    write_video(tmp_path / "clips" / "grey_0.mp4", grey, 8)
    config = replace(small, clips=[str(tmp_path / "clips")], toon_share=0.25, passes=2.0)
    samples = Samples(config, torch.device("cpu"))
    batches = [samples(step, 8, 8) for step in range(60)]
    toon = np.array([sum(words is not None for words in b.words) for b in batches])
    assert 1.5 < toon.mean() < 2.5
    # Six scenes learned from twice, a quarter of two samples a step: 24 steps a block.
    assert samples.block is not None and samples.block[0] == 59 // 24


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"toon": 0}, "nothing to train on"),
        ({"steps": 0}, "budget"),
        ({"frames": 12}, "multiple of 8"),
        ({"size": 100}, "of 32"),
        ({"passes": 0.0}, "--passes"),
        ({"toon_share": 2.0}, "between 0 and 1"),
    ],
)
def test_settings_that_cannot_work(
    small: AutoencoderSettings, change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(HiTVideoError, match=sentence):
        train(replace(small, **change))
    assert not Path(small.out).exists()


def test_a_step_leaves_nothing_on_the_cpu_and_waits_for_no_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Tensors without content refuse to meet others, or to be read, as a busy GPU would wish."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # knows no such device
    loss = training.AutoencoderLoss(GroupAutoencoder()).to("meta")
    optimizer = training._optimizer(loss, 1e-3)
    error = loss(torch.zeros(2, 3, 16, 64, 64, device="meta"), torch.ones(2, device="meta"))
    error.backward()
    optimizer.step()
    assert error.is_meta and all(p.grad is not None for p in loss.parameters())
