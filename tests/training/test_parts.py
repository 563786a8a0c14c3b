"""Calibration, depths, averages: the parts of training, each alone."""

import dataclasses
import math

import pytest
import torch
from conftest import TINY, moving_video

from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.training.calibrate import calibrate
from hitvideo.training.ema import Ema
from hitvideo.training.losses import LadderLoss, sample_depths


def psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    return -10 * math.log10(float((a - b).pow(2).mean()) / 4)


def test_calibration_alone_is_a_working_codec_at_every_depth() -> None:
    torch.manual_seed(0)
    video = moving_video(32, 64, 64, batch=4)
    noise = 0.05 * torch.randn_like(video)
    model = HiTVideoTokenizer(TINY)
    before = psnr(model.eval().decode(model.encode(video)), video)
    calibrate(model, (video + noise).split(8, 2))
    codes = model.encode(video)
    quality = [psnr(model.decode(codes, depth), video) for depth in (1, 2, 3)]
    assert quality[0] > before
    assert quality[0] < quality[1] < quality[2]
    assert quality[2] > before + 6


def test_later_transforms_code_what_the_first_ones_left() -> None:
    """Of a scene known to stand still every further group makes the picture better."""
    torch.manual_seed(0)
    model = HiTVideoTokenizer(TINY)
    scene = moving_video(1, 96, 96, batch=4)[:, :, :1].expand(-1, -1, 8, -1, -1)
    scene = scene + 0.1 * torch.randn(4, 3, 1, 96, 96)
    calibrate(model, [scene])
    for level in model.ladder[1:]:
        torch.nn.init.constant_(level.stillness.bias, 20.0)
    video = scene.repeat(1, 1, 3, 1, 1)
    decoded = model.decode(model.encode(video))
    quality = [psnr(part, scene) for part in decoded.split(8, 2)]
    assert quality[0] + 0.2 < quality[1]
    assert quality[1] + 0.2 < quality[2]


def test_a_few_steps_improve_on_the_line() -> None:
    torch.manual_seed(0)
    video = moving_video(16, 64, 64, batch=2)
    model = HiTVideoTokenizer(TINY)
    calibrate(model, video.split(8, 2))
    before = psnr(model.eval().decode(model.encode(video)), video)
    loss = LadderLoss(model).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(25):
        loss(video, torch.tensor([3, 3])).total.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert psnr(model.eval().decode(model.encode(video)), video) > before + 0.5


@pytest.mark.parametrize("quantizer", ["fsq", "vq"])
def test_every_parameter_learns(quantizer: str) -> None:
    """A part without a gradient would be dead weight, and would hang a run of several processes."""
    torch.manual_seed(0)
    model = HiTVideoTokenizer(dataclasses.replace(TINY, quantizer=quantizer))
    loss = LadderLoss(model).train()
    loss(moving_video(16, 32, 32, batch=2), torch.tensor([3, 1])).total.backward()
    missing = [name for name, p in model.named_parameters() if p.grad is None]
    assert not missing


def test_depths_keep_their_share() -> None:
    depths = sample_depths(4000, 4, 0.6, torch.Generator().manual_seed(0))
    counts = torch.bincount(depths, minlength=5).tolist()
    assert counts[0] == 0
    assert counts[4] / 4000 == pytest.approx(0.6, abs=0.04)
    assert min(counts[1:4]) / 4000 == pytest.approx(0.133, abs=0.03)
    assert set(sample_depths(10, 1, 0.5, torch.Generator()).tolist()) == {1}


def test_the_average_follows_and_smooths() -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    ema = Ema(model, 0.9)
    values = []
    for step in range(200):
        torch.nn.init.constant_(model.weight, 1.0 + (-1) ** step)
        ema.update(model)
        values.append(float(ema.model.weight.detach()))
    assert values[-1] == pytest.approx(1.0, abs=0.1)
    assert max(values[-20:]) - min(values[-20:]) < 0.25
