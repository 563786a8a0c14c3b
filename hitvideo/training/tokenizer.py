"""`hitvideo train-tokenizer`: trains a tokenizer on Toon and on folders of clips.

Accelerate carries it over processes, devices and precisions. A batch depends only on the seed, the
step and the process, so a run that was killed goes on from its last checkpoint as if nothing had
happened. Knows nothing of the app.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor
from tqdm import tqdm

from hitvideo.data.pool import ClipPool, folder_clips, mixed_sampler, toon_clips
from hitvideo.data.toon import VALIDATION_SEEDS
from hitvideo.tokenizer import HiTVideoTokenizer, TokenizerConfig
from hitvideo.tokenizer.config import GROUP, LAYOUTS
from hitvideo.training.budget import progress, schedule
from hitvideo.training.calibrate import calibrate
from hitvideo.training.checkpoint import Checkpoint
from hitvideo.training.ema import Ema
from hitvideo.training.losses import LadderLoss, TokenizerLoss, sample_depths
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
    ema = Ema(tokenizer, config.ema)
    out = Path(config.out)
    checkpoint = Checkpoint(out / "checkpoint.pt")
    step, spent = checkpoint.load(tokenizer, ema, optimizer, accelerator.device)
    held_out = _held_out(config)
    if accelerator.is_main_process:
        out.mkdir(parents=True, exist_ok=True)
        (out / "config.json").write_text(json.dumps(asdict(config), indent=2) + "\n")

    bar = _Bar(config, step, visible=accelerator.is_main_process)
    started = time.monotonic() - spent
    done = progress(config, step, spent)
    while done < 1:
        for group in optimizer.param_groups:
            group["lr"] = config.lr * group["factor"] * schedule(step, done, config.warmup)
        video, depth = _batch(config, sampler, tokenizer.config.depth, step, accelerator)
        module.train()
        with accelerator.autocast():
            loss = module(video, depth)
        accelerator.backward(loss.total)
        accelerator.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        ema.update(tokenizer)
        step += 1
        # All processes must agree on when to stop, so they share one clock.
        clock = torch.tensor(time.monotonic() - started, device=accelerator.device)
        spent = accelerator.reduce(clock, "mean").item()
        done = progress(config, step, spent)
        bar.show(loss, spent, done)
        last = done >= 1
        if accelerator.is_main_process and (last or step % config.checkpoint_every == 0):
            checkpoint.save(tokenizer, ema, optimizer, step, spent)
            ema.model.save_pretrained(out / "tokenizer", torch.float16)
        if accelerator.is_main_process and (last or step % config.validate_every == 0):
            psnr = {name: validate(ema.model, clips) for name, clips in held_out.items()}
            line = {"step": step, "minutes": round(spent / 60, 1), "psnr": psnr}
            line["processes"] = accelerator.num_processes
            with (out / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
            bar.write(json.dumps(line))
        accelerator.wait_for_everyone()
    bar.close()
    accelerator.end_training()


class _Bar(tqdm):  # type: ignore[type-arg]
    """Progress with the loss, a smoothed PSNR at full depth, and the time left."""

    def __init__(self, config: TrainConfig, step: int, *, visible: bool) -> None:
        self.psnr = 0.0
        super().__init__(
            total=config.steps or None, initial=step, disable=not visible, mininterval=5
        )

    def show(self, loss: TokenizerLoss, spent: float, done: float) -> None:
        now = loss.psnr.item()
        self.psnr = self.psnr + 0.02 * (now - self.psnr) if self.psnr else now
        left = spent / max(done, 1e-6) * (1 - done) / 60
        text = f"loss {loss.total.item():.3f}, {self.psnr:.2f} dB, {left:.0f} min left"
        self.set_postfix_str(text, refresh=False)
        self.update()


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
