"""`hitvideo train-tokenizer`: trains a tokenizer on Toon and on folders of clips.

Accelerate carries it over processes, devices and precisions. A batch depends only on the seed, the
step and the process, so a run that was killed goes on from its last checkpoint as if nothing had
happened. Knows nothing of the app.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from hitvideo.data.pool import ClipPool, folder_clips, mixed_sampler, toon_clips
from hitvideo.data.toon import VALIDATION_SEEDS
from hitvideo.tokenizer import HiTVideoTokenizer, TokenizerConfig
from hitvideo.tokenizer.config import GROUP, LAYOUTS
from hitvideo.training.calibrate import calibrate
from hitvideo.training.loop import Task, fit
from hitvideo.training.losses import LadderLoss, sample_depths
from hitvideo.training.settings import TrainConfig, add_arguments, check

__all__ = ["TrainConfig", "add_arguments", "run", "train"]

Sampler = Callable[[int, int, int, random.Random], Tensor]


def run(args: argparse.Namespace) -> None:
    """The command; raises HiTVideoError for settings that cannot work."""
    known = TrainConfig.__dataclass_fields__
    train(TrainConfig(**{k: v for k, v in vars(args).items() if k in known}))


def train(config: TrainConfig) -> None:
    """Runs, or goes on with, the run in ``config.out``; raises HiTVideoError for bad settings."""
    check(config)
    accelerator = Accelerator(mixed_precision="bf16" if config.bf16 else "no")
    torch.manual_seed(config.seed)
    sampler = _sampler(config, accelerator)
    tokenizer = _new_tokenizer(config, sampler)
    module = LadderLoss(tokenizer)
    optimizer = _optimizer(module, config.lr)
    module, optimizer = accelerator.prepare(module, optimizer)
    out = Path(config.out)
    held_out = _held_out(config)
    psnr = 0.0

    def score(step: int) -> tuple[Tensor, str]:
        nonlocal psnr
        video, depth = _batch(config, sampler, tokenizer.config.depth, step, accelerator)
        with accelerator.autocast():
            loss = module(video, depth)
        now = loss.psnr.item()
        psnr = psnr + 0.02 * (now - psnr) if psnr else now
        return loss.total, f"loss {loss.total.item():.3f}, {psnr:.2f} dB"

    def check_quality(averaged: HiTVideoTokenizer, last: bool) -> dict[str, Any]:
        return {"psnr": {name: validate(averaged, clips) for name, clips in held_out.items()}}

    def save(averaged: HiTVideoTokenizer) -> None:
        averaged.save_pretrained(out / "tokenizer", torch.float16)

    fit(config, accelerator, tokenizer, module, optimizer, Task(score, save, check_quality))


def _batch(
    config: TrainConfig, sampler: Sampler, levels: int, step: int, accelerator: Accelerator
) -> tuple[Tensor, Tensor]:
    """Clips and depths of one step; seed, step and process alone decide them."""
    seed = (config.seed * 1_000_003 + step) * 1024 + accelerator.process_index
    video = sampler(config.batch, config.frames, config.size, random.Random(seed))
    generator = torch.Generator().manual_seed(seed)
    depth = sample_depths(config.batch, levels, config.full_depth, generator)
    return video.to(accelerator.device), depth.to(accelerator.device)


def _optimizer(module: torch.nn.Module, lr: float) -> torch.optim.AdamW:
    """AdamW, in small steps for the fitted linear path: its weights are tiny, Adam's steps not."""
    fitted: list[torch.nn.Parameter] = []
    free: list[torch.nn.Parameter] = []
    for name, parameter in module.named_parameters():
        (fitted if ".project." in name or ".expand." in name else free).append(parameter)
    groups = [{"params": free, "factor": 1.0}, {"params": fitted, "factor": 0.05}]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.98), weight_decay=0.01)


def _sampler(config: TrainConfig, accelerator: Accelerator) -> Sampler:
    device = accelerator.device
    pools: list[tuple[ClipPool, float]] = []
    for folder in config.clips:
        clips = ClipPool(folder_clips(Path(folder)), augment=True, device=device)
        share = 1 - config.toon_share if config.toon else 1.0
        pools.append((clips, share / len(config.clips)))
    if config.toon:
        with accelerator.main_process_first():  # the others find the rendered file
            rendered = toon_clips(config.toon, Path(config.out) / f"toon-{config.toon}.npy")
        toon = ClipPool(rendered, augment=False, device=device)
        pools.append((toon, config.toon_share if config.clips else 1.0))
    return mixed_sampler(pools)


def _held_out(config: TrainConfig) -> dict[str, Sampler]:
    """Samplers of clips never trained on; the same generator gives the same crops."""
    samplers: dict[str, Sampler] = {}
    if config.validate:
        samplers["clips"] = ClipPool(folder_clips(Path(config.validate)), augment=False).sample
    if config.toon:
        cache = Path(config.out) / "toon-validation.npy"
        clips = toon_clips(12, cache, first_seed=VALIDATION_SEEDS[0])
        samplers["toon"] = ClipPool(clips, augment=False).sample
    return samplers


def _new_tokenizer(config: TrainConfig, sampler: Sampler) -> HiTVideoTokenizer:
    if config.init:
        return HiTVideoTokenizer.from_pretrained(config.init).train()
    layout = LAYOUTS[config.layout]
    tokenizer = HiTVideoTokenizer(TokenizerConfig(layout, quantizer=config.quantizer))
    if config.quantizer == "fsq":
        rng = random.Random(config.seed)
        size = TokenizerConfig().multiple[1] * 3
        groups = [sampler(1, GROUP, size, rng).to(tokenizer.device) for _ in range(192)]
        calibrate(tokenizer, groups)
    return tokenizer.train()


@torch.no_grad()
def validate(tokenizer: HiTVideoTokenizer, sampler: Sampler, clips: int = 12) -> list[float]:
    """Mean PSNR in dB at every depth, coarse first, on fixed stretches of 64 frames."""
    totals = torch.zeros(tokenizer.config.depth)
    for index in range(clips):
        video = sampler(1, 64, 128, random.Random(index)).to(tokenizer.device)
        codes = tokenizer.encode(video)
        for k in range(tokenizer.config.depth):
            error = (tokenizer.decode(codes, k + 1) - video).pow(2).mean() / 4
            totals[k] += -10 * torch.log10(error + 1e-10).cpu()
    return [round(float(total) / clips, 2) for total in totals]
