"""A seed becomes a clip with its caption, and the frozen validation set becomes a fingerprint.

Knows nothing of how scenes are drawn or said.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

import torch
from torch import Tensor

from hitvideo.toon.captions import caption
from hitvideo.toon.render import render
from hitvideo.toon.scene import Scene, sample_scene

FPS = 8.0
_SHIFT = 0.26


@dataclass(frozen=True)
class ToonClip:
    """frames: uint8 RGB (T, H, W, 3); caption: what they show; fps: frames per second."""

    frames: Tensor
    caption: str
    scene: Scene
    fps: float


def toon_clip(
    seed: int,
    *,
    withheld: bool = False,
    frames: int = 64,
    height: int = 128,
    width: int = 128,
    device: torch.device | str = "cpu",
) -> ToonClip:
    """The clip of this seed, 8 frames per second; ``withheld`` as in ``sample_scene``."""
    scene = sample_scene(seed, withheld=withheld)
    pixels = render(scene, frames, height, width, FPS, device)
    return ToonClip(pixels, caption(scene, seed), scene, FPS)


def validation_hash(clips: Iterable[Tensor]) -> str:
    """A fingerprint of rendered clips, each uint8 (T, H, W, 3), in their order.

    Takes in the mean of each clip's channels, rounded down to whole numbers after a shift that
    keeps the validation set's means at least 0.025 away from the boundaries: the same wherever
    pixels differ by rounding only. Names the set; where and when things are drawn, `thumbnails`
    tell.
    """
    digest = sha256()
    for clip in clips:
        means = clip.to(torch.float64).mean(dim=(0, 1, 2))
        digest.update(bytes((means + _SHIFT).to(torch.uint8).tolist()))
    return digest.hexdigest()


def thumbnails(clip: Tensor) -> Tensor:
    """A clip, uint8 (T, H, W, 3), averaged over boxes of 8x8x8: float (T/8, H/8, W/8, 3)."""
    boxes = clip.to(torch.float64).unflatten(2, (-1, 8)).unflatten(1, (-1, 8)).unflatten(0, (-1, 8))
    return boxes.mean(dim=(1, 3, 5))
