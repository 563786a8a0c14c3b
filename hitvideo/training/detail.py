"""`hitvideo train-detail`: trains a tokenizer's level of detail, on what its ladder shows.

The ladder stays as it is, so all that was trained on its codes still fits. Knows nothing of the
app.
"""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from accelerate import PartialState
from torch import Tensor, nn

from hitvideo.data.blocks import Blocks
from hitvideo.data.packed import unpacked
from hitvideo.data.pool import ClipPool, toon_clips
from hitvideo.errors import HiTVideoError
from hitvideo.files import folder_output
from hitvideo.tokenizer import HiTVideoTokenizer, TokenizerConfig
from hitvideo.tokenizer.config import DETAIL, FINE, GROUP
from hitvideo.tokenizer.detail import Detail
from hitvideo.toon.seeds import TOKENIZER, VALIDATION
from hitvideo.training.checks import check_folders, check_run, check_shares, run_folder
from hitvideo.training.detail_bits import DigitBits
from hitvideo.training.detail_samples import (
    FRAMES,
    SIDE,
    Batch,
    Coded,
    code,
    crops,
    packed,
    source_of,
)
from hitvideo.training.detail_settings import DetailSettings
from hitvideo.training.loop import Task, fit, new_accelerator

_FLOOR = 2e-5  # mean squared error (range 2) under which a crop is good enough: 53 dB
_STEP = 0.35  # between two values of a digit, in pixels' units, before training
_LINEAR = 16  # stretches that the linear path is fitted on
_HELD_OUT = 12  # clips of every kind that the log's figures are made of

SETTINGS = DetailSettings


class Scores(NamedTuple):
    """Of clips: the logarithm of the squared error, and bits per pixel; ``(B,)`` each."""

    error: Tensor
    bpp: Tensor


class DetailLoss(nn.Module):
    """The logarithm of the error and what the digits cost, as rate and distortion are traded.

    What they cost is told by a network that learns beside (`DigitBits`).
    """

    def __init__(self, detail: Detail, rate: float) -> None:
        super().__init__()
        self.detail, self.rate = detail, rate
        self.bits = DigitBits(detail.config.steps)

    def forward(self, video: Tensor, coarse: Tensor) -> tuple[Tensor, Scores]:
        """Clips ``(B, 3, T, H, W)`` and what the ladder shows of them: the loss, and scores."""
        frames, state = [], None
        for group, shown in zip(video.split(GROUP, 2), coarse.split(GROUP, 2), strict=True):
            done, state = self.detail(shown, state, group)
            frames += done
        error = torch.stack([frame.video for frame in frames], 2).float() - video
        score = torch.log(error.square().mean((1, 2, 3, 4)) + _FLOOR)
        z = torch.stack([frame.z for frame in frames], 1)
        values = self.detail.quantizer.values(torch.stack([frame.codes for frame in frames], 1))
        asked, told = (bits / video[0, 0].numel() for bits in self.bits(z, values))
        return (score + self.rate * (asked + told)).mean(), Scores(score.detach(), told.detach())


def train(config: DetailSettings) -> None:
    """Runs, or goes on with, the run in ``config.out``; raises HiTVideoError for bad settings."""
    check_run(config)
    check_folders(config.out, config.init, ("tokenizer",), config.clips)
    check_shares(toon_share=config.toon_share)
    if not config.init:
        raise HiTVideoError("--init needs the folder of a tokenizer.")
    if config.rate < 0 or config.passes <= 0 or config.toon < 1:
        raise HiTVideoError("--rate is 0 or more, --passes above 0, --toon at least 1.")
    if not (0 < config.frames <= FRAMES and config.frames % GROUP == 0):
        raise HiTVideoError(f"--frames is a multiple of {GROUP} up to {FRAMES}.")
    if not (0 < config.size <= SIDE and config.size % 8 == 0):
        raise HiTVideoError(f"--size is a multiple of 8 up to {SIDE}.")
    with run_folder(config.out) as out:
        _train(config, out)


def _train(config: DetailSettings, out: Path) -> None:
    accelerator = new_accelerator(config.bf16)
    torch.manual_seed(config.seed)
    caches = [packed(folder, out, f"clips-{k}") for k, folder in enumerate(config.clips)]
    drawing = partial(source_of, config.init, caches, config.toon_share)
    blocks = Blocks(drawing, TOKENIZER, config.toon, config.workers, config.seed)
    try:
        tokenizer = _with_detail(config.init, blocks)
        assert tokenizer.detail is not None
        bare = DetailLoss(tokenizer.detail.train(), config.rate)
        optimizer = torch.optim.AdamW(bare.parameters(), config.lr, (0.9, 0.98), weight_decay=0.01)
        module, optimizer = accelerator.prepare(bare, optimizer)
        held_out = _held_out(config, out, tokenizer) if accelerator.is_main_process else {}
        mean: Tensor | None = None

        def score(step: int) -> tuple[Tensor, str]:
            nonlocal mean
            batch = _batch(config, blocks, step)
            with accelerator.autocast():
                loss, scores = module(*(x.to(accelerator.device) for x in batch))
            now = torch.stack([s.mean().cpu() for s in scores])
            mean = now if mean is None else mean.lerp(now, 0.02)
            return loss, "error {:.3f}, {:.3f} bpp".format(*mean.tolist())

        def check_quality(averaged: DetailLoss, final: bool) -> dict[str, Any]:
            return {name: validate(averaged, clips) for name, clips in held_out.items()}

        def save(averaged: DetailLoss) -> None:
            tokenizer.detail = averaged.detail
            with folder_output(out / "tokenizer") as folder:  # a kill leaves the last whole one
                tokenizer.save_pretrained(folder, torch.float16)

        fit(config, accelerator, bare, module, optimizer, Task(score, save, check_quality))
    finally:
        blocks.close()


def _with_detail(folder: str, blocks: Blocks[Coded]) -> HiTVideoTokenizer:
    """The tokenizer, with a level of detail that knows nothing yet if it has none."""
    found = HiTVideoTokenizer.from_pretrained(folder)
    if found.detail is not None:
        return found
    tokenizer = HiTVideoTokenizer(TokenizerConfig((*found.config.ladder, DETAIL))).eval()
    tokenizer.levels = found.levels
    assert tokenizer.detail is not None
    stretches = blocks[0][:_LINEAR]
    missing = [(c.frames.float() - c.coarse.float()).transpose(0, 1) / 127.5 for c in stretches]
    start_linear(tokenizer.detail, torch.cat(missing))
    return tokenizer


@torch.no_grad()
def start_linear(detail: Detail, missing: Tensor) -> None:
    """The digits are the principal components of what frames ``(N, 3, H, W)`` miss, the largest
    first, in steps of one size."""
    patches = F.pixel_unshuffle(missing, FINE).permute(0, 2, 3, 1).flatten(0, 2).double()
    _, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    components = vectors.flip(1)[:, : len(detail.config.steps)].float()
    reach = (detail.quantizer.steps - 1) / 2 * _STEP
    detail.project.weight.copy_((components / reach).T[:, :, None, None])
    detail.insert.weight.copy_((components * reach)[:, :, None, None])


def _batch(config: DetailSettings, blocks: Blocks[Coded], step: int) -> Batch:
    """What is in one hangs on seed, step and process alone."""
    rng = random.Random(f"{config.seed} {step} {PartialState().process_index}")
    each = max(1.0, config.toon * config.passes / config.batch)
    stretches = blocks[int(step // each)]
    return crops(stretches, config.batch, config.frames, config.size, rng)


def _held_out(
    config: DetailSettings, out: Path, tokenizer: HiTVideoTokenizer
) -> dict[str, list[Coded]]:
    """Clips never trained on."""
    cache = out / "toon-validation.npy"
    pools = {"toon": ClipPool(toon_clips(VALIDATION[:_HELD_OUT], cache), augment=False)}
    if config.validate:
        clips = unpacked(packed(config.validate, out, "validation"))
        pools["clips"] = ClipPool(clips, augment=False)
    return {
        name: [
            code(tokenizer, pool.sample(1, FRAMES, SIDE, random.Random(k)).video)
            for k in range(_HELD_OUT)
        ]
        for name, pool in pools.items()
    }


@torch.no_grad()
def validate(loss: DetailLoss, clips: list[Coded]) -> dict[str, float]:
    """Mean PSNR in dB, of the ladder and with detail, and the bits per pixel that detail takes."""
    device = next(loss.parameters()).device
    sums = torch.zeros(3)
    for clip in clips:
        video, coarse = (x.to(device)[None].float() / 127.5 - 1 for x in clip)
        _, scores = loss(video, coarse)
        before = (video - coarse).square().mean()
        errors = torch.stack([before, scores.error.exp().mean() - _FLOOR]).cpu()
        sums[:2] += -10 * torch.log10(errors / 4 + 1e-10)
        sums[2] += scores.bpp.mean().cpu()
    ladder, psnr, bpp = (sums / len(clips)).tolist()
    return {"ladder": round(ladder, 2), "psnr": round(psnr, 2), "bpp": round(bpp, 4)}
