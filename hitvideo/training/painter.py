"""`hitvideo train-painter`: trains the painter on Toon's scenes, plans and captions.

Knows nothing of the app.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from accelerate import PartialState
from torch import Tensor, nn

from hitvideo.data.blocks import Blocks
from hitvideo.errors import HiTVideoError
from hitvideo.files import folder_output
from hitvideo.painter.cels import clock
from hitvideo.painter.config import PainterConfig
from hitvideo.painter.model import HiTVideoPainter
from hitvideo.painter.trajectory import pose_error
from hitvideo.tokenizer import fingerprint, ladder_fingerprint
from hitvideo.tokenizer.config import GROUP
from hitvideo.toon.seeds import PAINTER, PAINTER_HELD_OUT
from hitvideo.training.checks import check_folders, check_run, check_shares, run_folder
from hitvideo.training.loop import Task, fit, new_accelerator
from hitvideo.training.muon import Muon
from hitvideo.training.optimizers import MuonAndAdamW
from hitvideo.training.painter_samples import FRAMES, STRETCH, Samples, Source, source_of
from hitvideo.training.painter_settings import PainterSettings

_THING = 3.0  # a pixel of a thing counts this much more
_TABLE = 1 << 20  # matrices as large as this are tables of a sort
_POSE, _OPACITY = 20.0, 0.2  # what these errors count beside the picture's


SETTINGS = PainterSettings


class Parts(NamedTuple):
    """The mean error of the picture, of opacities and of poses; total: what is made small."""

    picture: Tensor
    opacity: Tensor
    poses: Tensor

    @property
    def total(self) -> Tensor:
        return self.picture + _OPACITY * self.opacity + _POSE * self.poses


class PainterLoss(nn.Module):
    def __init__(self, painter: HiTVideoPainter) -> None:
        super().__init__()
        self.painter = painter

    def forward(self, batch: Samples, exact: bool, backdrop: bool) -> Parts:
        """The loss of samples of one or two groups.

        exact: paint things where they truly are, not where the plan has them. backdrop: paint what
        is around them, too.
        """
        planned = self.painter.trajectory(batch.plan, FRAMES)
        wrong_poses = pose_error(planned, batch.poses)
        # How things are painted does not move them: what is known of true places does.
        poses = batch.poses if exact else planned.detach()
        picture = opacity = wrong_poses.new_zeros(())
        state = None
        groups = batch.frames.shape[2] // GROUP
        for group in range(groups):
            here = slice(group * GROUP, (group + 1) * GROUP)
            frames, coarse, mask = (
                x[:, :, here].float() for x in (batch.frames, batch.coarse, batch.mask)
            )
            target, mask = frames / 127.5 - 1, mask / 255
            at = batch.start[:, None] * GROUP + torch.arange(GROUP, device=frames.device)
            at = at + group * GROUP
            rows = torch.arange(len(at), device=at.device)[:, None]
            time = clock(batch.seconds[:, here]) * batch.seconds[:, here].gt(0).unsqueeze(-1)
            painted = self.painter(
                coarse / 127.5 - 1,
                poses[rows, at],
                batch.names,
                time,
                state,
                backdrop,
            )
            state = painted.state
            weight = 1 + _THING * mask
            wrong = painted.video - target
            error = (weight * (wrong.abs() + 2 * wrong.square())).sum() / (3 * weight.sum())
            picture = picture + error / groups
            opacity = opacity + (painted.opacity - mask).square().mean() / groups
        return Parts(picture, opacity, wrong_poses)


def train(config: PainterSettings) -> None:
    """Runs, or goes on with, the run in ``config.out``; raises HiTVideoError for bad settings."""
    check_run(config)
    check_folders(config.out, config.init, ("painter",), [])
    check_shares(pairs=config.pairs, things=config.things, blind=config.blind)
    if config.size < 32 or config.toon < config.batch or config.passes < 1:
        raise HiTVideoError("--size is 32 or more, --toon at least --batch, --passes at least 1.")
    with run_folder(config.out) as out:
        _train(config, out)


def _train(config: PainterSettings, out: Path) -> None:
    from hitvideo.pipeline import find_weights

    accelerator = new_accelerator(config.bf16)
    torch.manual_seed(config.seed)
    folder = str(find_weights(config.weights))
    source = Source(folder, config.size, accelerator.device)
    ties: dict[str, Any] = {
        "tokenizer_hash": ladder_fingerprint(source.tokenizer),
        "names_hash": fingerprint(source.names),
        "name_width": source.names.name.out_features,
    }
    painter = HiTVideoPainter(PainterConfig(**ties))
    if config.init:
        painter = HiTVideoPainter.from_pretrained(config.init)
        painter.config = replace(painter.config, **ties)
    bare = PainterLoss(painter.train())
    optimizer = _optimizer(bare, config.lr)
    module, optimizer = accelerator.prepare(bare, optimizer)
    drawing = partial(source_of, folder, config.size) if config.workers else lambda: source.draw
    blocks = Blocks(drawing, PAINTER, config.toon, config.workers, config.seed)
    held_out = []  # one process validates
    if accelerator.is_main_process:
        held_out = source.draw(PAINTER_HELD_OUT[: config.held_out], exact=True)
    mean = 0.0

    def score(step: int) -> tuple[Tensor, str]:
        nonlocal mean
        batch, exact, backdrop = _batch(config, blocks, step)
        with accelerator.autocast():
            parts = module(_moved(batch, accelerator.device), exact, backdrop)
        mean = mean + 0.02 * (parts.picture.item() - mean) if mean else parts.picture.item()
        return parts.total, f"{mean:.4f}, poses {parts.poses.item():.4f}"

    def check_quality(averaged: PainterLoss, final: bool) -> dict[str, Any]:
        return validate(averaged.painter, held_out, accelerator.device)

    def save(averaged: PainterLoss) -> None:
        with folder_output(out / "painter") as path:
            averaged.painter.save_pretrained(path, torch.float16)

    try:
        fit(config, accelerator, bare, module, optimizer, Task(score, save, check_quality))
    finally:
        blocks.close()


def _optimizer(module: nn.Module, lr: float) -> MuonAndAdamW:
    """Muon for kernels and for the layers that styles bend, AdamW for the rest."""
    kernels = [
        p
        for p in module.parameters()
        if p.ndim in (2, 4) and min(p.shape[:2]) >= 16 and p.numel() < _TABLE
    ]
    chosen = {id(p) for p in kernels}
    rest = [p for p in module.parameters() if id(p) not in chosen]
    adamw = torch.optim.AdamW(rest, lr=lr, betas=(0.9, 0.98), weight_decay=0)
    return MuonAndAdamW(Muon(kernels, lr, 0.01), adamw)


def _batch(
    config: PainterSettings, blocks: Blocks[Samples], step: int
) -> tuple[Samples, bool, bool]:
    """The samples of one step, whether things are painted where they truly are, and the backdrop.

    Seed, step and process alone decide them.
    """
    state = PartialState()
    rng = random.Random(f"{config.seed} {step} {state.process_index}")
    exact, backdrop = rng.random() < 0.5, rng.random() >= config.things
    pair = backdrop and rng.random() < config.pairs
    count = max(1, config.batch // 2) if pair else config.batch
    each = max(1, config.toon * config.passes // config.batch)
    samples = blocks[step // each]
    chosen = []
    for sample in rng.sample(samples, count):
        first = 0 if pair else rng.randrange(2)
        here = slice(first * GROUP, STRETCH if pair else (first + 1) * GROUP)
        sample = replace(
            sample,
            frames=sample.frames[:, here],
            coarse=sample.coarse[:, here],
            mask=sample.mask[:, here],
            seconds=sample.seconds[here],
            start=sample.start + first,
        )
        if rng.random() < 0.3:
            sample = replace(sample, seconds=sample.seconds * 0)
        if rng.random() < config.blind:
            sample = replace(sample, plan=sample.plan * 0, names=sample.names * 0)
        chosen.append(sample)
    return Samples.stack(chosen), exact, backdrop


def _moved(batch: Samples, device: torch.device) -> Samples:
    return Samples(*(getattr(batch, f.name).to(device) for f in fields(Samples)))


@torch.no_grad()
def validate(
    painter: HiTVideoPainter, samples: Sequence[Samples], device: torch.device
) -> dict[str, Any]:
    """PSNR in dB, of things' pixels and of whole frames, faithful and painted; mean over clips."""
    scores = torch.zeros(4)
    for one in samples:
        batch = _moved(Samples.stack([one]), device)
        first = int(batch.start)
        plan = batch.plan[:, first : first + STRETCH // GROUP]
        coarse = batch.coarse.float() / 127.5 - 1
        painted = painter.paint(coarse, plan, batch.names)
        target = batch.frames.float() / 127.5 - 1
        mask = batch.mask.float() / 255
        for k, video in enumerate((coarse, painted)):
            error = (video - target).square().mean(1, keepdim=True) / 4
            thing = (error * mask).sum() / mask.sum().clamp_min(1)
            scores[2 * k] += -10 * torch.log10(thing + 1e-10).cpu()
            scores[2 * k + 1] += -10 * torch.log10(error.mean() + 1e-10).cpu()
    rounded = [round(float(s) / len(samples), 2) for s in scores]
    return {"faithful": rounded[:2], "painted": rounded[2:]}
