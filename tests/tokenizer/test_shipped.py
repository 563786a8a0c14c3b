"""The shipped weights keep what their card says of them, on clips rendered here."""

import itertools
import math

import torch

from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.toon import toon_clip
from hitvideo.toon.seeds import VALIDATION


def toon(index: int, count: int = 64) -> torch.Tensor:
    frames = toon_clip(VALIDATION[index], frames=count).frames
    return frames.permute(3, 0, 1, 2).unsqueeze(0).float() / 127.5 - 1


def psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    return -10 * math.log10(float((a - b).pow(2).mean()) / 4)


def test_every_level_adds_quality(shipped: HiTVideoTokenizer) -> None:
    clips = [toon(index, 24) for index in range(2)]
    codes = [shipped.encode(clip) for clip in clips]
    quality = [
        sum(psnr(shipped.decode(c, depth), v) for c, v in zip(codes, clips, strict=True)) / 2
        for depth in range(1, shipped.config.depth + 1)
    ]
    steps = [fine - coarse for coarse, fine in itertools.pairwise(quality)]
    assert min(steps) > 0.7
    assert quality[-1] > 21


def test_a_still_scene_gets_sharper(shipped: HiTVideoTokenizer) -> None:
    scene = toon(5, 1).expand(-1, -1, 64, -1, -1)
    decoded = shipped.decode(shipped.encode(scene, 4))
    first, *_, last = (psnr(part, scene[:, :, :8]) for part in decoded.split(8, 2))
    assert last > first + 2


def test_weights_are_within_their_limits(shipped: HiTVideoTokenizer) -> None:
    assert sum(p.numel() for p in shipped.parameters()) <= 15_000_000
    assert shipped.config.bpp(3) <= 0.0188
    assert shipped.config.bpp(4) <= 0.066
