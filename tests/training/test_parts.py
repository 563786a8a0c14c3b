"""Calibration, depths, averages: the parts of training, each alone."""

import dataclasses
import math

import pytest
import torch
from conftest import TINY, moving_video, randomize

from hitvideo.tokenizer import HiTVideoTokenizer, TokenizerConfig
from hitvideo.toon import ATTRIBUTES, UNKNOWN, classes, labels, sample_scene
from hitvideo.training.average import moving_average
from hitvideo.training.calibrate import calibrate
from hitvideo.training.code_classifier import CodeClassifier, reading_loss
from hitvideo.training.losses import LadderLoss, TokenizerLoss, sample_depths

LONE_COARSEST = TokenizerConfig(
    (dataclasses.replace(TINY.levels[0], reads_finer=False), *TINY.levels[1:])
)


def psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    return -10 * math.log10(float((a - b).pow(2).mean()) / 4)


def score(
    loss: LadderLoss,
    video: torch.Tensor,
    depth: list[int],
    mask: torch.Tensor | None = None,
    shown: torch.Tensor | None = None,
) -> TokenizerLoss:
    """Of clips of which nothing is known, if not told otherwise."""
    mask = torch.zeros_like(video[:, :1]) if mask is None else mask
    shown = torch.full((len(video), len(ATTRIBUTES)), UNKNOWN) if shown is None else shown
    result: TokenizerLoss = loss(video, mask, shown, torch.tensor(depth))
    return result


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
    for _ in range(12):
        score(loss, video, [3, 3]).total.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert psnr(model.eval().decode(model.encode(video)), video) > before + 0.5


def test_every_parameter_learns() -> None:
    """A part without a gradient would be dead weight, and would hang a run of several processes."""
    torch.manual_seed(0)
    model = HiTVideoTokenizer(TINY)
    loss = LadderLoss(model).train()
    score(loss, moving_video(16, 32, 32, batch=2), [3, 1]).total.backward()
    missing = [name for name, p in loss.named_parameters() if p.grad is None]
    assert not missing


def test_only_the_levels_asked_for_learn() -> None:
    torch.manual_seed(0)
    video = moving_video(16, 32, 32, batch=2)
    for first, last in ((2, 3), (1, 1)):
        model = HiTVideoTokenizer(LONE_COARSEST)
        loss = LadderLoss(model, first, last).train()
        pooled = video if last == 3 else torch.nn.functional.avg_pool3d(video, 2)
        score(loss, pooled, [last, last]).total.backward()
        learning = [
            any(p.grad is not None and bool(p.grad.any()) for p in level.parameters())
            for level in model.ladder
        ]
        assert learning == [first <= k <= last for k in (1, 2, 3)]


def test_a_level_of_its_own_sees_the_same_in_an_averaged_clip() -> None:
    torch.manual_seed(0)
    model = HiTVideoTokenizer(LONE_COARSEST).eval()
    randomize(model)
    group = moving_video(8, 64, 64)
    whole = model.step(model.initial_state, (1, 64, 64), group=group, levels=1)
    pooled = torch.nn.functional.avg_pool3d(group, 2)
    part = model.step(model.initial_state, (1, 64, 64), group=pooled, levels=1)
    assert torch.equal(whole.codes[0], part.codes[0])
    assert torch.equal(whole.codes[0], model.encode(group).levels[0])
    assert len(whole.codes) == 1 and whole.codes[0].unique().numel() > 1


def test_errors_on_a_subject_and_in_colour_count_more() -> None:
    model = HiTVideoTokenizer(LONE_COARSEST)
    loss = LadderLoss(model, 1, 1).eval()
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)  # every video comes out grey
    grey, mask = torch.zeros(1, 3, 8, 16, 16), torch.zeros(1, 1, 8, 16, 16)
    mask[..., :8] = 1
    grey[..., :8] = 0.5
    tinted = grey.clone()
    tinted[:, 0] *= 2
    tinted[:, 1:] *= 0.5
    tinted *= (grey.pow(2).sum() / tinted.pow(2).sum()).sqrt()

    def of(video: torch.Tensor, mask: torch.Tensor) -> float:
        return score(loss, video, [1], mask).total.item()

    beside = of(grey, mask.flip(-1))
    assert of(grey, torch.zeros_like(mask)) > beside
    assert of(grey, mask) > of(grey, torch.zeros_like(mask))
    assert of(tinted, mask) > of(grey, mask)


def test_codes_come_to_say_what_they_show() -> None:
    """The gradient of reading reaches the encoder, and clips of which nothing is known add none."""
    torch.manual_seed(0)
    words = [labels(sample_scene(seed)) for seed in range(4)]
    shown = classes([*words, None])
    assert shown.shape == (5, len(ATTRIBUTES)) and shown[4].tolist() == [UNKNOWN] * 4
    reader = CodeClassifier(3, width=16)
    values = torch.randn(5, 3, 8, 2, 2, requires_grad=True)
    optimizer = torch.optim.Adam(reader.parameters(), 1e-2)
    for _ in range(60):
        nats, share = reading_loss(reader(values), shown)
        optimizer.zero_grad()
        nats.backward()
        optimizer.step()
    assert share == 1
    assert values.grad is not None and values.grad[:4].any() and not values.grad[4].any()


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
    average = moving_average(model, 0.9)
    values = []
    for step in range(200):
        torch.nn.init.constant_(model.weight, 1.0 + (-1) ** step)
        average.update_parameters(model)
        values.append(float(average.module.weight))
    assert values[-1] == pytest.approx(1.0, abs=0.1)
    assert max(values[-20:]) - min(values[-20:]) < 0.25
