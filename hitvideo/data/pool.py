"""Decoded training clips in memory, and random crops of them.

Clips stay uint8 on one device and crops are cut and augmented there, since feeding a fast device is
what limits training. Knows nothing of models; a batch depends on its random generator alone.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from hitvideo.errors import HiTVideoError
from hitvideo.files import whole_file
from hitvideo.processes import worker_processes
from hitvideo.toon import MIRRORED, labels, mirrored, render_with_mask, sample_scene
from hitvideo.toon.clip import FPS

VIDEO_SUFFIXES = {".mp4", ".mov", ".webm", ".mkv", ".avi", ".gif", ".m4v"}
SHORT_SIDE = 192  # clips are kept at this size: room to crop and scale around 128
MAX_FPS = 30.0

Words = dict[str, str]


@dataclass(frozen=True)
class PoolClip:
    """A clip in memory.

    frames: uint8 ``(T, C, H, W)`` on the pool's device: RGB and, of Toon, how far each pixel shows
        a subject. source: clips alike share one. words: what the whole clip shows, if it is known.
    mirrors: whether it may be shown mirrored.
    """

    frames: Tensor
    fps: float
    source: str
    words: Words | None = None
    mirrors: bool = True


@dataclass(frozen=True)
class Batch:
    """video: ``(B, 3, T, H, W)`` in [-1, 1]; subject_mask: how far a pixel shows a subject of
    Toon, from 0 to 1, ``(B, 1, T, H, W)``; words: of every clip, as far as they are known and
    still hold."""

    video: Tensor
    subject_mask: Tensor
    words: list[Words | None]

    @classmethod
    def join(cls, batches: Sequence[Batch]) -> Batch:
        video, mask = (
            torch.cat([b.video for b in batches]),
            torch.cat([b.subject_mask for b in batches]),
        )
        return cls(video, mask, [words for b in batches for words in b.words])


# Batch size, frames and side to a batch.
Sampler = Callable[[int, int, int, random.Random], Batch]


class ClipPool:
    """Pieces of clips, every source weighted by the square root of its clip count.

    augment: random crops, scales, frame rates, brightness and contrast; without it the centre
    square as it is. Both take a random stretch of time and mirror half of the samples, as far as
    their clips may be mirrored.
    native: random squares of the size that is asked for, at the scale that the clips have.
    device: where the clips are kept and the batches made.
    """

    def __init__(
        self,
        clips: Iterable[PoolClip],
        *,
        augment: bool,
        native: bool = False,
        device: torch.device | str = "cpu",
    ) -> None:
        self.clips = [replace(clip, frames=clip.frames.to(device)) for clip in clips]
        self.augment, self.native = augment, native
        if not self.clips:
            raise HiTVideoError("There are no clips to train on.")
        counts: dict[str, int] = {}
        for clip in self.clips:
            counts[clip.source] = counts.get(clip.source, 0) + 1
        self.weights = [counts[clip.source] ** -0.5 for clip in self.clips]

    def sample(self, batch: int, frames: int, size: int, rng: random.Random) -> Batch:
        """``batch`` pieces of so many frames, ``size`` pixels square."""
        clips = rng.choices(self.clips, self.weights, k=batch)
        return Batch.join([self._crop(clip, frames, size, rng) for clip in clips])

    def _crop(self, clip: PoolClip, frames: int, size: int, rng: random.Random) -> Batch:
        count, _, height, width = clip.frames.shape
        target = math.exp(rng.uniform(math.log(6), math.log(30))) if self.augment else clip.fps
        step = min(max(1, round(clip.fps / target)), max(1, (count - 1) // (frames - 1)))
        first = rng.randrange(max(1, count - step * (frames - 1)))
        index = torch.arange(frames).mul(step).add(first).clamp(max=count - 1)

        side = largest = min(height, width)
        y, x = (height - side) // 2, (width - side) // 2
        if self.augment or self.native:
            side = rng.randint(min(largest, round(size * 0.8)), largest)
            side = min(size, largest) if self.native else side
            y, x = rng.randint(0, height - side), rng.randint(0, width - side)
        crop = clip.frames[index.to(clip.frames.device), :, y : y + side, x : x + side].float()
        if side != size:
            mode = "area" if side > size else "bilinear"
            crop = F.interpolate(crop, (size, size), mode=mode)
        words = clip.words
        if rng.random() < 0.5 and clip.mirrors:
            crop = crop.flip(-1)
            if words:
                words = {name: MIRRORED.get(word, word) for name, word in words.items()}
        crop, mask = crop[:, :3], crop[:, 3:] / 255
        if self.augment:
            crop = (crop - 128) * rng.uniform(0.8, 1.2) + 128 + rng.uniform(-20, 20)
        if not mask.shape[1]:
            mask = torch.zeros_like(crop[:, :1])
        video = crop.clamp(0, 255) / 127.5 - 1
        return Batch(video.transpose(0, 1)[None], mask.transpose(0, 1)[None], [words])


def folder_clips(
    folder: Path,
    max_bytes: int = 6 << 30,
    seed: int = 0,
    short_side: int = SHORT_SIDE,
    max_fps: float = MAX_FPS,
) -> list[PoolClip]:
    """Every readable video under ``folder``, up to 10 s each, as many as fit into ``max_bytes``."""
    if not folder.is_dir():
        raise HiTVideoError(f"There is no folder {folder}.")
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in VIDEO_SUFFIXES)
    random.Random(seed).shuffle(paths)
    clips: list[PoolClip] = []
    room = max_bytes
    with ThreadPoolExecutor() as executor:
        for first in range(0, len(paths), 16):  # a few at a time: the folder may be a library
            if room <= 0:
                break
            read = partial(_read_clip, short_side=short_side, max_fps=max_fps)
            for clip in executor.map(read, paths[first : first + 16]):
                if clip is not None and clip.frames.numel() <= room:
                    room -= clip.frames.numel()
                    clips.append(clip)
    if not clips:
        raise HiTVideoError(f"There is no readable video in {folder}.")
    return clips


def _read_clip(path: Path, short_side: int, max_fps: float) -> PoolClip | None:
    """The clip, or None for a file that cannot be read: one must not stop a night of training."""
    from hitvideo.video import (
        Notes,
        probe,
        read_frames,
    )  # a machine that trains on Toon has no decoder

    try:
        info = probe(path)
        scale = short_side / min(info.height, info.width)
        height, width = (max(short_side, round(n * scale)) for n in (info.height, info.width))
        fps = min(info.fps, max_fps)
        notes = Notes()
        read = read_frames(path, fps=fps, size=(height, width), seconds=10, notes=notes)
        frames = np.stack(list(read))
    except HiTVideoError:
        return None
    notes.warn_if_cut(path.name)
    source = re.sub(r"[_-]?\d*$", "", path.stem)
    return PoolClip(torch.from_numpy(frames).permute(0, 3, 1, 2).contiguous(), fps, source)


def toon_clips(
    seeds: Sequence[int], cache: Path, *, side: int = 128, workers: int = 2
) -> list[PoolClip]:
    """Clips of these scenes of Toon, rendered once into ``cache`` (an .npy file) and read there.

    None may be mirrored that would then show a withheld combination.
    """
    shape = (len(seeds), 64, 4, side, side)
    if not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(cache) as part:
            frames = np.lib.format.open_memmap(part, "w+", np.uint8, shape)
            with worker_processes(workers) as executor:
                sides = [side] * len(seeds)
                for index, clip in enumerate(executor.map(_render, seeds, sides, chunksize=4)):
                    frames[index] = clip
            frames.flush()
    stored = np.load(cache, mmap_mode="r+")
    return [
        PoolClip(torch.from_numpy(clip), FPS, "toon", labels(scene), mirrored(scene) is not None)
        for scene, clip in zip(map(sample_scene, seeds), stored, strict=True)
    ]


def _render(seed: int, side: int) -> np.ndarray:
    torch.set_num_threads(1)
    frames, mask = render_with_mask(sample_scene(seed), 64, side, side, FPS)
    return torch.cat([frames, mask.unsqueeze(-1)], -1).permute(0, 3, 1, 2).numpy()


def mixed_sampler(
    pools: list[tuple[ClipPool, float]],
) -> Sampler:
    """One sampler over several pools; each sample of a batch picks its pool by weight."""

    def sample(batch: int, frames: int, size: int, rng: random.Random) -> Batch:
        chosen = rng.choices([p for p, _ in pools], [w for _, w in pools], k=batch)
        return Batch.join([pool.sample(1, frames, size, rng) for pool in chosen])

    return sample
