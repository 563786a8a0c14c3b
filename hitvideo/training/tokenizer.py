"""`hitvideo train-tokenizer`: trains a tokenizer on Toon and on folders of clips.

Accelerate carries it over processes, devices and precisions. A batch depends only on the seed, the
step and the process, so a run that was killed goes on from its last checkpoint as if nothing had
happened. Knows nothing of the app.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from accelerate import Accelerator, PartialState
from torch import Tensor

from hitvideo.data.pool import (
    Batch,
    ClipPool,
    Sampler,
    folder_clips,
    mixed_sampler,
    toon_clips,
)
from hitvideo.errors import HiTVideoError
from hitvideo.files import folder_output
from hitvideo.tokenizer import HiTVideoTokenizer, TokenizerConfig
from hitvideo.tokenizer.config import GROUP
from hitvideo.toon import classes
from hitvideo.toon.seeds import TRAINING, VALIDATION
from hitvideo.training.calibrate import calibrate
from hitvideo.training.checks import run_folder
from hitvideo.training.loop import Task, fit, new_accelerator
from hitvideo.training.losses import LadderLoss, sample_depths
from hitvideo.training.tokenizer_settings import TokenizerSettings, check, tokenizer_config

SETTINGS = TokenizerSettings
STRETCHES = 12  # of every held-out set, that the log's figures are made of


def train(config: TokenizerSettings) -> None:
    """Runs, or goes on with, the run in ``config.out``; raises HiTVideoError for bad settings."""
    check(config)
    with run_folder(config.out) as out:
        _train(config, out)


def _train(config: TokenizerSettings, out: Path) -> None:
    accelerator = new_accelerator(config.bf16)
    torch.manual_seed(config.seed)
    sampler = _sampler(config, accelerator)
    tokenizer = _new_tokenizer(config, sampler)
    last = config.last or len(tokenizer.ladder)
    if not 1 <= config.first <= last <= len(tokenizer.ladder):
        raise HiTVideoError(f"--first and --last must be among 1 to {len(tokenizer.ladder)}.")
    if last < len(tokenizer.ladder) and tokenizer.config.ladder[last - 1].reads_finer:
        raise HiTVideoError(f"Level {last} reads finer ones, so training cannot end with it.")
    pool = tokenizer.config.ladder[last - 1].pool
    bare = LadderLoss(tokenizer, config.first, last)
    optimizer = _optimizer(bare, config.lr)
    module, optimizer = accelerator.prepare(bare, optimizer)
    # One process validates; the others would only fill the memory with its clips.
    held_out = _held_out(config) if accelerator.is_main_process else {}
    psnr = read = 0.0

    def score(step: int) -> tuple[Tensor, str]:
        nonlocal psnr, read
        batch, depth = _batch(config, sampler, pool, last, step)
        inputs = batch.video, batch.subject_mask, classes(batch.words), depth
        with accelerator.autocast():
            loss = module(*(x.to(accelerator.device) for x in inputs))
        psnr = _smooth(psnr, loss.psnr.item())
        read = _smooth(read, loss.read.item())
        word = f"loss {loss.total.item():.3f}, {psnr:.2f} dB"
        return loss.total, word if bare.reader is None else f"{word}, {read:.0%} read"

    def check_quality(averaged: LadderLoss, final: bool) -> dict[str, Any]:
        scores = {
            name: validate(averaged.tokenizer, clips, last) for name, clips in held_out.items()
        }
        return {"psnr": scores} if bare.reader is None else {"psnr": scores, "read": round(read, 3)}

    def save(averaged: LadderLoss) -> None:
        with folder_output(out / "tokenizer") as folder:  # a kill leaves the last whole one
            averaged.tokenizer.save_pretrained(folder, torch.float16)

    fit(config, accelerator, bare, module, optimizer, Task(score, save, check_quality))


def _smooth(mean: float, value: float) -> float:
    return mean + 0.02 * (value - mean) if mean else value


def _batch(
    config: TokenizerSettings, sampler: Sampler, pool: tuple[int, int, int], last: int, step: int
) -> tuple[Batch, Tensor]:
    """Clips, averaged over ``pool``, and depths of one step.

    Seed, step and process alone decide them.
    """
    seed = (config.seed * 1_000_003 + step) * 1024 + PartialState().process_index
    batch = sampler(config.batch, config.frames, config.size // pool[1], random.Random(seed))
    video, mask = (F.avg_pool3d(x, (pool[0], 1, 1)) for x in (batch.video, batch.subject_mask))
    generator = torch.Generator().manual_seed(seed)
    depth = sample_depths(config.batch, last, config.full_depth, generator)
    return Batch(video, mask, batch.words), depth


def _optimizer(module: torch.nn.Module, lr: float) -> torch.optim.AdamW:
    """AdamW, in small steps for the fitted linear path: its weights are tiny, Adam's steps not.

    The reader takes large ones: it has to know how to read before it can ask for anything.
    """
    fitted: list[torch.nn.Parameter] = []
    free: list[torch.nn.Parameter] = []
    reader: list[torch.nn.Parameter] = []
    for name, parameter in module.named_parameters():
        if not parameter.requires_grad:
            continue
        if name.startswith("reader."):
            reader.append(parameter)
        else:
            (fitted if ".project." in name or ".expand." in name else free).append(parameter)
    groups = [{"params": free, "factor": 1.0}, {"params": fitted, "factor": 0.05}]
    groups += [{"params": reader, "factor": 3.0}] if reader else []
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.98), weight_decay=0.01)


def _sampler(config: TokenizerSettings, accelerator: Accelerator) -> Sampler:
    device = accelerator.device
    pools: list[tuple[ClipPool, float]] = []
    for folder in config.clips:
        clips = ClipPool(folder_clips(Path(folder)), augment=True, device=device)
        share = 1 - config.toon_share if config.toon else 1.0
        pools.append((clips, share / len(config.clips)))
    if config.toon:
        with accelerator.main_process_first():  # the others find the rendered file
            cache = Path(config.out) / f"toon-{config.toon}-{config.toon_size}.npy"
            rendered = toon_clips(TRAINING[: config.toon], cache, side=config.toon_size)
        toon = ClipPool(rendered, augment=False, device=device)
        pools.append((toon, config.toon_share if config.clips else 1.0))
    return mixed_sampler(pools)


def _held_out(config: TokenizerSettings) -> dict[str, Sampler]:
    """Samplers of clips never trained on; the same generator gives the same crops."""
    samplers: dict[str, Sampler] = {}
    if config.validate:
        samplers["clips"] = ClipPool(folder_clips(Path(config.validate)), augment=False).sample
    if config.toon:
        cache = Path(config.out) / "toon-validation.npy"
        clips = toon_clips(VALIDATION[:STRETCHES], cache)
        samplers["toon"] = ClipPool(clips, augment=False).sample
    return samplers


def _new_tokenizer(config: TokenizerSettings, sampler: Sampler) -> HiTVideoTokenizer:
    if config.init:
        return HiTVideoTokenizer.from_pretrained(config.init).train()
    tokenizer = HiTVideoTokenizer(tokenizer_config(config))
    rng = random.Random(config.seed)
    size = TokenizerConfig().multiple[1] * 3
    groups = [sampler(1, GROUP, size, rng).video.to(tokenizer.device) for _ in range(192)]
    calibrate(tokenizer, groups)
    return tokenizer.train()


@torch.no_grad()
def validate(tokenizer: HiTVideoTokenizer, sampler: Sampler, last: int) -> list[float]:
    """Mean PSNR in dB at every depth to ``last``, on fixed stretches of 64 frames."""
    totals = torch.zeros(last)
    for index in range(STRETCHES):
        video = sampler(1, 64, 128, random.Random(index)).video.to(tokenizer.device)
        codes = tokenizer.encode(video, last)
        for k in range(last):
            error = (tokenizer.decode(codes, k + 1) - video).pow(2).mean() / 4
            totals[k] += -10 * torch.log10(error + 1e-10).cpu()
    return [round(float(total) / STRETCHES, 2) for total in totals]
