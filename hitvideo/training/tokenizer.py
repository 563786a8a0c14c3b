"""`hitvideo train-tokenizer`: trains a tokenizer on Toon and on folders of clips.

Accelerate carries it over processes, devices and precisions. A batch depends only on the seed, the
step and the process, so a run that was killed goes on from its last checkpoint as if nothing had
happened. Knows nothing of the app.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor
from tqdm import tqdm

from hitvideo.data.pool import ClipPool, folder_clips, mixed_sampler, toon_clips
from hitvideo.data.toon import VALIDATION_SEEDS
from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer import HiTVideoTokenizer, TokenizerConfig
from hitvideo.tokenizer.config import GROUP
from hitvideo.training.calibrate import calibrate
from hitvideo.training.checkpoint import Checkpoint
from hitvideo.training.ema import Ema
from hitvideo.training.losses import LadderLoss, sample_depths

Sampler = Callable[[int, int, int, random.Random], Tensor]


@dataclass(frozen=True)
class TrainConfig:
    """Settings of one run; ``config.json`` in the run's folder keeps them."""

    out: str
    clips: list[str] = field(default_factory=list)  # folders of videos
    toon: int = 0  # rendered Toon clips
    toon_share: float = 0.4  # of the samples, where there are clips too
    steps: int = 0  # 0: as many as the minutes allow
    minutes: float = 0.0  # 0: as long as the steps take
    batch: int = 4  # clips per process and step
    frames: int = 32
    size: int = 128
    lr: float = 6e-4
    warmup: int = 200
    full_depth: float = 0.6  # share of samples that keep every level
    ema: float = 0.999
    seed: int = 0
    bf16: bool = False
    init: str = ""  # a tokenizer folder to start from instead of calibrating a new one
    quantizer: str = "fsq"
    validate: str = ""  # a folder of clips never trained on
    validate_every: int = 1000
    checkpoint_every: int = 250


def add_arguments(parser: argparse.ArgumentParser) -> None:
    d = TrainConfig(out="")
    parser.add_argument("--out", required=True, help="folder of the run; resumes if it has one")
    parser.add_argument(
        "--clips", action="append", default=[], help="a folder of videos; repeatable"
    )
    parser.add_argument("--toon", type=int, default=d.toon, help="how many Toon clips to render")
    parser.add_argument(
        "--toon-share", type=float, default=d.toon_share, help="share of Toon samples"
    )
    parser.add_argument("--steps", type=int, default=d.steps, help="budget in steps")
    parser.add_argument("--minutes", type=float, default=d.minutes, help="budget in minutes")
    parser.add_argument("--batch", type=int, default=d.batch, help="clips per process and step")
    parser.add_argument(
        "--frames", type=int, default=d.frames, help="frames per clip, a multiple of 8"
    )
    parser.add_argument("--size", type=int, default=d.size, help="side of the crops in pixels")
    parser.add_argument("--lr", type=float, default=d.lr, help="peak learning rate")
    parser.add_argument("--warmup", type=int, default=d.warmup, help="steps of warm-up")
    parser.add_argument(
        "--full-depth", type=float, default=d.full_depth, help="share at full depth"
    )
    parser.add_argument("--ema", type=float, default=d.ema, help="decay of the averaged weights")
    parser.add_argument("--seed", type=int, default=d.seed)
    parser.add_argument("--bf16", action="store_true", help="bfloat16 autocast")
    parser.add_argument("--init", default=d.init, help="a tokenizer folder to start from")
    parser.add_argument("--quantizer", choices=("fsq", "vq"), default=d.quantizer)
    parser.add_argument("--validate", default=d.validate, help="a folder of held-out clips")
    parser.add_argument("--validate-every", type=int, default=d.validate_every, help="steps")
    parser.add_argument("--checkpoint-every", type=int, default=d.checkpoint_every, help="steps")


def run(args: argparse.Namespace) -> None:
    """The command; raises HiTVideoError for settings that cannot work."""
    known = TrainConfig.__dataclass_fields__
    train(TrainConfig(**{k: v for k, v in vars(args).items() if k in known}))


def train(config: TrainConfig) -> None:
    _check(config)
    accelerator = Accelerator(mixed_precision="bf16" if config.bf16 else "no")
    torch.manual_seed(config.seed)
    out = Path(config.out)
    sampler = _sampler(config, accelerator)
    tokenizer = _new_tokenizer(config, sampler)
    loss_module = LadderLoss(tokenizer)
    optimizer = _optimizer(loss_module, config.lr)
    loss_module, optimizer = accelerator.prepare(loss_module, optimizer)
    ema = Ema(tokenizer, config.ema)
    checkpoint = Checkpoint(out / "checkpoint.pt")
    step, spent = checkpoint.load(tokenizer, ema, optimizer, accelerator.device)
    if accelerator.is_main_process:
        out.mkdir(parents=True, exist_ok=True)
        (out / "config.json").write_text(json.dumps(asdict(config), indent=2) + "\n")
    held_out = _held_out(config)

    started = time.monotonic() - spent
    bar = tqdm(
        total=config.steps or None,
        initial=step,
        disable=not accelerator.is_main_process,
        mininterval=5,
    )
    progress = _progress(config, step, spent)
    smooth = 0.0
    while progress < 1:
        for parameters in optimizer.param_groups:
            factor = parameters["factor"] * _schedule(step, progress, config.warmup)
            parameters["lr"] = config.lr * factor
        mix = (config.seed * 1_000_003 + step) * 1024 + accelerator.process_index
        video = sampler(config.batch, config.frames, config.size, random.Random(mix))
        depth = sample_depths(
            config.batch,
            tokenizer.config.depth,
            config.full_depth,
            torch.Generator().manual_seed(mix),
        )
        loss_module.train()
        with accelerator.autocast():
            loss = loss_module(video.to(accelerator.device), depth.to(accelerator.device))
        accelerator.backward(loss.total)
        accelerator.clip_grad_norm_(loss_module.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        ema.update(tokenizer)
        step += 1
        spent = accelerator.reduce(
            torch.tensor(time.monotonic() - started, device=accelerator.device), "mean"
        ).item()
        progress = _progress(config, step, spent)
        smooth = float(loss.psnr) if smooth == 0 else smooth + 0.02 * (float(loss.psnr) - smooth)
        left = spent / max(progress, 1e-6) * (1 - progress)
        figures = f"loss {loss.total.item():.3f}, {smooth:.2f} dB"
        bar.set_postfix_str(f"{figures}, {left / 60:.0f} min left")
        bar.update()
        last = progress >= 1
        if accelerator.is_main_process:
            if last or step % config.checkpoint_every == 0:
                checkpoint.save(tokenizer, ema, optimizer, step, spent)
                ema.model.save_pretrained(out / "tokenizer", torch.float16)
            if last or step % config.validate_every == 0:
                psnr = {
                    name: validate(ema.model, clips, accelerator.device)
                    for name, clips in held_out.items()
                }
                line = {
                    "step": step,
                    "minutes": round(spent / 60, 1),
                    "processes": accelerator.num_processes,
                    "psnr": psnr,
                }
                with (out / "log.jsonl").open("a") as log:
                    log.write(json.dumps(line) + "\n")
                bar.write(json.dumps(line))
        accelerator.wait_for_everyone()
    bar.close()
    accelerator.end_training()


def _optimizer(module: torch.nn.Module, lr: float) -> torch.optim.AdamW:
    """AdamW, in small steps for the fitted linear path: its weights are tiny, Adam's steps not."""
    fitted: list[torch.nn.Parameter] = []
    free: list[torch.nn.Parameter] = []
    for name, parameter in module.named_parameters():
        (fitted if ".project." in name or ".expand." in name else free).append(parameter)
    groups = [{"params": free, "factor": 1.0}, {"params": fitted, "factor": 0.05}]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.98), weight_decay=0.01)


def _check(config: TrainConfig) -> None:
    if not config.clips and not config.toon:
        raise HiTVideoError(
            "There is nothing to train on: give --clips FOLDER, --toon COUNT or both."
        )
    if config.steps <= 0 and config.minutes <= 0:
        raise HiTVideoError("A run needs a budget: --steps or --minutes.")
    if config.frames < 2 * GROUP or config.frames % GROUP:
        raise HiTVideoError(f"--frames must be a multiple of {GROUP}, at least {2 * GROUP}.")
    multiple = TokenizerConfig().multiple[1]
    if config.size < multiple or config.size % multiple:
        raise HiTVideoError(f"--size must be a multiple of {multiple}.")
    if config.batch < 1 or not config.lr > 0:
        raise HiTVideoError("--batch and --lr must be above zero.")


def _progress(config: TrainConfig, step: int, spent: float) -> float:
    """How much of the budget is used, 0..1; with two budgets the first to end counts."""
    by_steps = step / config.steps if config.steps else 0.0
    by_time = spent / 60 / config.minutes if config.minutes else 0.0
    return min(1.0, max(by_steps, by_time))


def _schedule(step: int, progress: float, warmup: int) -> float:
    """Linear warm-up, then a cosine down to 2 %."""
    cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress))
    return min(1.0, (step + 1) / max(1, warmup)) * cosine


def _sampler(config: TrainConfig, accelerator: Accelerator) -> Sampler:
    pools: list[tuple[ClipPool, float]] = []
    for folder in config.clips:
        clips = ClipPool(folder_clips(Path(folder)), augment=True)
        share = 1 - config.toon_share if config.toon else 1.0
        pools.append((clips, share / len(config.clips)))
    if config.toon:
        with accelerator.main_process_first():  # the others find the rendered file
            rendered = toon_clips(config.toon, Path(config.out) / f"toon-{config.toon}.npy")
        pools.append(
            (ClipPool(rendered, augment=False), config.toon_share if config.clips else 1.0)
        )
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
    tokenizer = HiTVideoTokenizer(TokenizerConfig(quantizer=config.quantizer))
    if config.quantizer == "fsq":
        rng = random.Random(config.seed)
        size = TokenizerConfig().multiple[1] * 3
        calibrate(tokenizer, [sampler(1, GROUP, size, rng) for _ in range(192)])
    return tokenizer.train()


@torch.no_grad()
def validate(
    tokenizer: HiTVideoTokenizer, sampler: Sampler, device: torch.device, clips: int = 12
) -> list[float]:
    """Mean PSNR in dB at every depth, coarse first, on fixed crops of 64 frames."""
    totals = torch.zeros(tokenizer.config.depth)
    for index in range(clips):
        video = sampler(1, 64, 128, random.Random(index)).to(device)
        codes = tokenizer.encode(video)
        for k in range(tokenizer.config.depth):
            error = (tokenizer.decode(codes, k + 1) - video).pow(2).mean() / 4
            totals[k] += -10 * torch.log10(error + 1e-10).cpu()
    return [round(float(total) / clips, 2) for total in totals]
