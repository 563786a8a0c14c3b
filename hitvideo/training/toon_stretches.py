"""Stretches of Toon scenes, drawn anew all the time, for models that learn from pictures alone.

Knows nothing of models.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial

import torch

from hitvideo.data.blocks import Draw
from hitvideo.data.pool import PoolClip
from hitvideo.toon import labels, mirrored, render_with_mask, sample_scene
from hitvideo.toon.clip import FPS

WHOLE = 64  # frames of a scene


def source_of(frames: int, side: int) -> Draw[PoolClip]:
    """What draws stretches of so many frames, ``side`` pixels square, for `Blocks`."""
    return partial(draw, frames=frames, side=side)


def draw(seeds: Sequence[int], frames: int, side: int) -> list[PoolClip]:
    """A stretch of every scene, RGB and how far each pixel shows a subject."""
    clips = []
    for seed in seeds:
        scene = sample_scene(seed)
        start = random.Random(f"stretch {seed}").randrange(max(1, WHOLE - frames + 1))
        video, mask = render_with_mask(scene, frames, side, side, FPS, start=start)
        stored = torch.cat([video, mask.unsqueeze(-1)], -1).permute(0, 3, 1, 2).contiguous()
        mirrors = mirrored(scene) is not None
        clips.append(PoolClip(stored, FPS, "toon", labels(scene), mirrors))
    return clips
