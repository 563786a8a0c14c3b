"""What the level of detail learns from: stretches of clips, and what the ladder shows of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from hitvideo.data.blocks import Draw
from hitvideo.data.packed import packed_clips, unpacked
from hitvideo.data.pool import ClipPool
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.tokenizer.config import GROUP
from hitvideo.training.toon_stretches import draw as draw_toon

FRAMES, SIDE = 32, 128  # of a stretch


class Coded(NamedTuple):
    """frames: uint8 ``(3, FRAMES, SIDE, SIDE)``; coarse: the same from the codes of the ladder."""

    frames: Tensor
    coarse: Tensor


class Batch(NamedTuple):
    """Both ``(B, 3, T, H, W)`` in [-1, 1]."""

    video: Tensor
    coarse: Tensor


def packed(folder: str, out: Path, name: str) -> Path:
    """The clips of a folder, decoded once into the run's."""
    cache = out / f"{name}.npy"
    packed_clips(Path(folder), cache, short_side=160, max_fps=15)
    return cache


def source_of(folder: str, caches: Sequence[Path], toon_share: float) -> Draw[Coded]:
    """What draws stretches for `Blocks`. folder: of the tokenizer; caches: of packed clips."""
    tokenizer = HiTVideoTokenizer.from_pretrained(folder)
    found = [clip for cache in caches for clip in unpacked(cache)]
    pool = ClipPool(found, augment=True) if found else None
    return partial(draw, tokenizer=tokenizer, pool=pool, toon_share=toon_share)


def draw(
    seeds: Sequence[int], tokenizer: HiTVideoTokenizer, pool: ClipPool | None, toon_share: float
) -> list[Coded]:
    """One stretch for every seed: of Toon, or of the pool if there is one."""
    coded = []
    for seed in seeds:
        rng = random.Random(f"detail {seed}")
        if pool is None or rng.random() < toon_share:
            chosen = ClipPool(draw_toon([seed], FRAMES, SIDE), augment=False)
        else:
            chosen = pool
        coded.append(code(tokenizer, chosen.sample(1, FRAMES, SIDE, rng).video))
    return coded


@torch.no_grad()
def code(tokenizer: HiTVideoTokenizer, video: Tensor) -> Coded:
    """``(1, 3, T, H, W)`` in [-1, 1]."""
    ladder = len(tokenizer.ladder)
    coarse = tokenizer.decode(tokenizer.encode(video.to(tokenizer.device), ladder))
    return Coded(*(((x[0].cpu() + 1) * 127.5).round().to(torch.uint8) for x in (video, coarse)))


def crops(
    stretches: Sequence[Coded], count: int, frames: int, size: int, rng: random.Random
) -> Batch:
    """``count`` crops of ``frames`` frames: whole groups, and whole tokens of the ladder."""
    cut = []
    for one in rng.choices(stretches, k=count):
        t = GROUP * rng.randrange((FRAMES - frames) // GROUP + 1)
        y, x = (8 * rng.randrange((SIDE - size) // 8 + 1) for _ in range(2))
        pair = torch.stack(one)[:, :, t : t + frames, y : y + size, x : x + size]
        cut.append(pair.flip(-1) if rng.random() < 0.5 else pair)
    video, coarse = torch.stack(cut, 1).float() / 127.5 - 1
    return Batch(video, coarse)
