"""A folder of clips as one file of raw frames, so that a run starts at once and shares memory.

``NAME.npy`` holds the bytes of all frames, ``NAME.json`` where each clip lies in it. Knows nothing
of training.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from hitvideo.data.pool import PoolClip, folder_clips
from hitvideo.files import json_output, read_text, whole_file


def packed_clips(folder: Path, cache: Path, *, short_side: int, max_fps: float) -> list[PoolClip]:
    """Every readable video under ``folder``, decoded once into ``cache`` (an .npy file)."""
    if not cache.exists():
        pack(folder_clips(folder, short_side=short_side, max_fps=max_fps), cache)
    return unpacked(cache)


def pack(clips: Sequence[PoolClip], cache: Path) -> None:
    """Writes clips of pictures alone; the index first, so that a whole .npy file has one."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    with json_output(cache.with_suffix(".json")) as index:
        index["clips"] = [
            {"shape": list(clip.frames.shape), "fps": clip.fps, "source": clip.source}
            for clip in clips
        ]
    size = sum(clip.frames.numel() for clip in clips)
    with whole_file(cache) as part:
        stored = np.lib.format.open_memmap(part, "w+", np.uint8, (size,))
        start = 0
        for clip in clips:
            stored[start : start + clip.frames.numel()] = clip.frames.flatten().numpy()
            start += clip.frames.numel()
        stored.flush()


def unpacked(cache: Path) -> list[PoolClip]:
    """What ``pack`` wrote, read from the disk as far as it is looked at."""
    stored = torch.from_numpy(np.load(cache, mmap_mode="r+"))
    index = json.loads(read_text(cache.with_suffix(".json")))["clips"]
    parts = stored.split([int(np.prod(clip["shape"])) for clip in index])
    return [
        PoolClip(part.view(clip["shape"]), clip["fps"], clip["source"])
        for part, clip in zip(parts, index, strict=True)
    ]
