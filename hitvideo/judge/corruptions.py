"""What the judge must see through: clips made blurry, blocky, ghostly, noisy and off in colour.

Stands in for what decoded and generated clips lose, without ever seeing one. Knows nothing of
labels; colours change too little to change their names.
"""

from __future__ import annotations

import random

import torch
import torch.nn.functional as F
from torch import Tensor

PARTS = 4  # of a batch, each degraded in its own way


def corrupt(video: Tensor, rng: random.Random) -> Tensor:
    """``(B, T, 3, H, W)`` in [-1, 1], the same shape out; a fifth is left as it is."""
    return torch.cat([_corrupt(part, rng) for part in video.chunk(PARTS)])


def _corrupt(video: Tensor, rng: random.Random) -> Tensor:
    if rng.random() < 0.2:
        return video
    generator = torch.Generator().manual_seed(rng.getrandbits(62))
    out = soften(video, rng.uniform(1, 8), rng.choice(("bilinear", "bilinear", "nearest")))
    if rng.random() < 0.5:
        out = ghost(out, rng.uniform(0.2, 1))
    if rng.random() < 0.4:  # sharp in some places and not in others, as coarse tokens are
        other = soften(video, rng.uniform(1, 4), "bilinear")
        out = torch.lerp(out, other, _patches(video, generator).clamp(0, 1))
    if rng.random() < 0.4:  # patches of a wrong tint
        tint = torch.cat([_patches(video, generator) for _ in range(3)], 2)
        out = out + rng.uniform(0, 0.2) * tint
    if rng.random() < 0.3:
        out = add_noise(out, rng.uniform(0, 0.12), generator)
    return recolour(out, rng.uniform(0.8, 1.1), rng.uniform(-0.1, 0.1)).clamp(-1, 1)


def soften(video: Tensor, factor: float, mode: str = "bilinear") -> Tensor:
    """Down by ``factor`` with a box filter and up again; "nearest" leaves blocks."""
    height, width = video.shape[-2:]
    size = max(1, round(height / factor)), max(1, round(width / factor))
    small = F.adaptive_avg_pool2d(video.flatten(0, 1), size)
    align = {} if mode == "nearest" else {"align_corners": False}
    return F.interpolate(small, (height, width), mode=mode, **align).view(video.shape)


def ghost(video: Tensor, share: float) -> Tensor:
    """Pairs of frames blend into their mean, which is what a second per token does to motion."""
    pairs = video.unflatten(1, (-1, 2))
    return torch.lerp(pairs, pairs.mean(2, keepdim=True).expand_as(pairs), share).flatten(1, 2)


def add_noise(video: Tensor, deviation: float, generator: torch.Generator) -> Tensor:
    return video + deviation * torch.randn(video.shape, generator=generator)


def recolour(video: Tensor, contrast: float, brightness: float) -> Tensor:
    return video * contrast + brightness


def _patches(video: Tensor, generator: torch.Generator) -> Tensor:
    """Smooth patches of about a quarter of the frame, ``(B, T, 1, H, W)``, normal before."""
    batch, frames = video.shape[:2]
    coarse = torch.randn((batch, frames // 2, 4, 4), generator=generator)
    fine = F.interpolate(coarse, video.shape[-2:], mode="bilinear", align_corners=False)
    return fine.repeat_interleave(2, 1).unsqueeze(2)
