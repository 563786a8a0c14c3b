"""`hitvideo train-autoencoder`: trains the group autoencoder on Toon and on folders of clips.

Knows nothing of the app.
"""

from __future__ import annotations

import random
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, PartialState
from torch import Tensor, nn

from hitvideo.autoencoder.model import GroupAutoencoder
from hitvideo.data.blocks import Blocks
from hitvideo.data.packed import packed_clips
from hitvideo.data.pool import Batch, ClipPool, PoolClip, toon_clips
from hitvideo.errors import HiTVideoError
from hitvideo.files import folder_output
from hitvideo.tokenizer.config import GROUP
from hitvideo.toon.seeds import TOKENIZER, VALIDATION
from hitvideo.training.autoencoder_settings import AutoencoderSettings
from hitvideo.training.checks import check_folders, check_run, check_shares, run_folder
from hitvideo.training.linear_start import start_linear
from hitvideo.training.loop import Task, fit, new_accelerator
from hitvideo.training.toon_stretches import source_of

_FLOOR = 2e-4  # mean squared error (range 2) under which a crop is good enough: 43 dB
_LINEAR = 256  # groups that the linear start is fitted on
_WHOLE = 0.4  # share of samples that keep every level
_HELD_OUT, _HELD_FRAMES = 12, 32  # clips of every kind, and their length, for the log's figures


SETTINGS = AutoencoderSettings


def train(config: AutoencoderSettings) -> None:
    """Runs, or goes on with, the run in ``config.out``; raises HiTVideoError for bad settings."""
    check_run(config)
    check_folders(config.out, config.init, (), config.clips)
    check_shares(toon_share=config.toon_share)
    if not config.toon and not config.clips:
        raise HiTVideoError("There is nothing to train on: --clips FOLDER or --toon COUNT.")
    side = GroupAutoencoder().config.multiple[1]
    if config.frames % GROUP or config.size % side or config.passes <= 0:
        raise HiTVideoError(
            f"--frames is a multiple of {GROUP}, --size of {side}, and --passes above 0."
        )
    with run_folder(config.out) as out:
        _train(config, out)


class AutoencoderLoss(nn.Module):
    """The mean logarithm of a sample's squared error, which is PSNR itself: easy and hard clips
    weigh alike."""

    def __init__(self, model: GroupAutoencoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, video: Tensor, depth: Tensor) -> Tensor:
        """Clips ``(B, 3, T, H, W)``, drawn at ``depth (B,)`` levels."""
        error = (self.model(video, depth).float() - video).square().mean((1, 2, 3, 4))
        return torch.log(error + _FLOOR).mean()


def _clips(folder: str, out: str | Path) -> list[PoolClip]:
    """So small that hundreds of clips fit into memory; decoded once, into the run's folder."""
    number = sha256(str(Path(folder).resolve()).encode()).hexdigest()[:12]
    return packed_clips(Path(folder), Path(out) / f"clips-{number}.npy", short_side=160, max_fps=15)


class Samples:
    """Batches of Toon and clips; what is in one hangs on seed, step and process alone."""

    def __init__(self, config: AutoencoderSettings, device: torch.device) -> None:
        self.config, self.device = config, device
        self.clips: ClipPool | None = None
        if config.clips:
            found = [clip for folder in config.clips for clip in _clips(folder, config.out)]
            self.clips = ClipPool(found, augment=True, device=device)
        self.blocks: Blocks[PoolClip] | None = None
        self.block: tuple[int, ClipPool] | None = None
        if config.toon:
            # Rendered a little larger, so that crops have somewhere to go.
            drawing = partial(source_of, config.frames, max(128, config.size))
            self.blocks = Blocks(drawing, TOKENIZER, config.toon, config.workers, config.seed)

    def __call__(self, step: int, count: int, frames: int) -> Batch:
        config = self.config
        rng = random.Random(f"{config.seed} {step} {PartialState().process_index}")
        toons = round(count * config.toon_share + rng.random() - 0.5) if self.clips else count
        parts = []
        if self.blocks is not None and toons:
            parts.append(self._toon(step).sample(toons, frames, config.size, rng))
        if self.clips is not None and (toons < count or not parts):
            parts.append(self.clips.sample(count - toons or count, frames, config.size, rng))
        return Batch.join(parts)

    def _toon(self, step: int) -> ClipPool:
        assert self.blocks is not None
        share = self.config.toon_share if self.clips else 1.0
        each = self.config.toon * self.config.passes / (self.config.batch * max(share, 1e-6))
        number = int(step // max(1.0, each))
        if self.block is None or self.block[0] != number:
            clips = self.blocks[number]
            self.block = number, ClipPool(clips, augment=False, native=True, device=self.device)
        return self.block[1]

    def close(self) -> None:
        if self.blocks is not None:
            self.blocks.close()


def _train(config: AutoencoderSettings, out: Path) -> None:
    accelerator = new_accelerator(config.bf16)
    torch.manual_seed(config.seed)
    samples = Samples(config, accelerator.device)
    try:
        _fit(config, out, accelerator, samples)
    finally:
        samples.close()


def _fit(
    config: AutoencoderSettings, out: Path, accelerator: Accelerator, samples: Samples
) -> None:
    model = _new_model(config, samples, accelerator.device)
    bare = AutoencoderLoss(model.train()).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = _optimizer(bare, config.lr)
    module, optimizer = accelerator.prepare(bare, optimizer)
    held_out = _held_out(config, out) if accelerator.is_main_process else {}
    mean = torch.zeros((), device=accelerator.device)

    def score(step: int) -> tuple[Tensor, str]:
        video = samples(step, config.batch, config.frames).video
        with accelerator.autocast():
            loss = module(video.to(accelerator.device), _depths(model, config.batch))
        mean.lerp_(loss.detach(), 0.02 if step else 1.0)
        # Reading a number off a device waits for it, so it is done now and then.
        return loss, f"{mean.item():.3f}" if step % 10 == 0 else ""

    def check_quality(averaged: AutoencoderLoss, final: bool) -> dict[str, Any]:
        return {"psnr": {k: validate(averaged.model, clips) for k, clips in held_out.items()}}

    def save(averaged: AutoencoderLoss) -> None:
        with folder_output(out / "autoencoder") as folder:  # a kill leaves the last whole one
            averaged.model.save_pretrained(folder, torch.float16)

    fit(config, accelerator, bare, module, optimizer, Task(score, save, check_quality))


def _new_model(
    config: AutoencoderSettings, samples: Samples, device: torch.device
) -> GroupAutoencoder:
    if config.init:
        return GroupAutoencoder.from_pretrained(config.init, device)
    model = GroupAutoencoder().to(device)
    start_linear(model, samples(0, _LINEAR, GROUP).video.to(device))
    return model


def _optimizer(module: nn.Module, lr: float) -> torch.optim.AdamW:
    kernels = [p for p in module.parameters() if p.ndim > 1]
    rest = [p for p in module.parameters() if p.ndim == 1]
    groups = [{"params": kernels, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.98))


def _depths(model: GroupAutoencoder, batch: int) -> Tensor:
    """Nested dropout: every level for some of the samples, fewer for the others."""
    depth = model.config.depth
    shallow = torch.randint(1, depth, (batch,))
    keep = torch.rand(batch) < _WHOLE
    return torch.where(keep, depth, shallow).to(next(model.parameters()).device)


def _held_out(config: AutoencoderSettings, out: Path) -> dict[str, Tensor]:
    """Clips never trained on, ``(clips, 3, T, 128, 128)``."""
    pools = {}
    if config.validate:
        pools["clips"] = ClipPool(_clips(config.validate, out), augment=False)
    if config.toon:
        cache = out / "toon-validation.npy"
        pools["toon"] = ClipPool(toon_clips(VALIDATION[:_HELD_OUT], cache), augment=False)
    return {
        name: torch.cat(
            [pool.sample(1, _HELD_FRAMES, 128, random.Random(k)).video for k in range(_HELD_OUT)]
        )
        for name, pool in pools.items()
    }


@torch.no_grad()
def validate(model: GroupAutoencoder, clips: Tensor) -> list[float]:
    """Mean PSNR in dB at every depth of ``(clips, 3, T, H, W)``."""
    device = next(model.parameters()).device
    means = []
    for depth in range(1, model.config.depth + 1):
        total = 0.0
        for clip in clips.to(device).split(1):
            drawn = model(clip, torch.tensor([depth], device=device)).clamp(-1, 1)
            total += float(-10 * torch.log10((drawn - clip).square().mean() / 4 + 1e-10))
        means.append(round(total / len(clips), 2))
    return means
