"""What no network is needed for: the floors that a learned tokenizer has to clear.

Averages over boxes of 4x8x8 pixels, and PCA of such blocks at a fixed number of bits a block.
Knows nothing of tokenizers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.clips import PROTOCOL, Clip, mean_with_interval
from hitvideo.metrics import psnr, ssim

BLOCK = (4, 8, 8)  # frames, rows, columns
BITS = 17  # a block
COMPONENTS = BITS  # no more can ever get a bit
BLOCKS_PER_CLIP = 512  # of 4096, drawn at random, to fit on
LLOYD_ROUNDS = 60


def evaluate_baselines(clips: Iterable[Clip], train: Iterable[Clip]) -> dict[str, Any]:
    """PSNR and SSIM of both baselines; ``train`` is what the PCA is fitted on."""
    pca = BlockPca.fit(train)
    codecs: dict[str, Callable[[np.ndarray], np.ndarray]] = {"box": box, "pca": pca.code}
    scores: dict[str, list[tuple[float, float]]] = {name: [] for name in codecs}
    sources = []
    for clip in clips:
        sources.append(clip.source)
        for name, code in codecs.items():
            coded = code(clip.frames)
            scores[name].append((psnr(clip.frames, coded), ssim(clip.frames, coded)))
    if not sources:
        raise HiTVideoError("There is no clip that could be measured.")
    return {
        "protocol": PROTOCOL,
        "clips": len(sources),
        "box": {"block": BLOCK, **_summary(scores["box"], sources)},
        "pca": {
            "block": BLOCK,
            "bits_per_block": pca.bits.sum().item(),
            "bpp_nominal": BITS / np.prod(BLOCK).item(),
            "bits_by_component": pca.bits.tolist(),
            **_summary(scores["pca"], sources),
        },
    }


def _summary(scores: list[tuple[float, float]], sources: list[str]) -> dict[str, Any]:
    mean, interval = mean_with_interval((p for p, _ in scores), sources)
    similarity = float(np.mean([s for _, s in scores]))
    return {"psnr": mean, "psnr_interval_95": interval, "ssim": similarity}


def box(frames: np.ndarray) -> np.ndarray:
    """The clip averaged over boxes of 4x8x8 pixels, and trilinearly interpolated back."""
    video = torch.from_numpy(frames).permute(3, 0, 1, 2).unsqueeze(0).float()
    small = F.avg_pool3d(video, BLOCK)
    back = F.interpolate(small, video.shape[2:], mode="trilinear")
    return back[0].permute(1, 2, 3, 0).round().to(torch.uint8).numpy()


class BlockPca:
    """Principal components of blocks, each with the scalar quantizer that its bits allow.

    mean: ``(768,)``; components: ``(768, n)``; bits: ``(n,)``; tables: the values of each
    component's quantizer, ``2 ** bits`` of them.
    """

    def __init__(
        self, mean: np.ndarray, components: np.ndarray, bits: np.ndarray, tables: list[np.ndarray]
    ) -> None:
        self.mean, self.components, self.bits, self.tables = mean, components, bits, tables

    @classmethod
    def fit(cls, clips: Iterable[Clip]) -> BlockPca:
        """Fits on a random sample of every clip's blocks; the bits go where they help most."""
        rng = np.random.default_rng(0)
        sample = [
            rng.permutation(to_blocks(clip.frames))[:BLOCKS_PER_CLIP].copy() for clip in clips
        ]
        if not sample:
            raise HiTVideoError("There is no clip to fit the baseline on.")
        blocks = np.concatenate(sample)
        mean = blocks.mean(0)
        blocks -= mean
        _, vectors = np.linalg.eigh(blocks.T @ blocks)
        components = vectors[:, ::-1][:, :COMPONENTS]
        bits, tables = allocate(blocks @ components, BITS)
        return cls(mean, components, bits, tables)

    def code(self, frames: np.ndarray) -> np.ndarray:
        """The clip, uint8 ``(T, H, W, 3)``, after quantization."""
        values = (to_blocks(frames) - self.mean) @ self.components
        for index, table in enumerate(self.tables):
            values[:, index] = table[_nearest(values[:, index], table)]
        return from_blocks(values @ self.components.T + self.mean, frames.shape)


def allocate(values: np.ndarray, budget: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Bits per column of ``values (N, n)``, each where it lowers error most, and the quantizers."""
    columns = range(values.shape[1])
    now = [lloyd_max(values[:, i], 1) for i in columns]
    better = [lloyd_max(values[:, i], 2) for i in columns]
    bits = np.zeros(values.shape[1], np.int64)
    for _ in range(budget):
        best = max(columns, key=lambda i: now[i][1] - better[i][1])
        bits[best] += 1
        now[best] = better[best]
        better[best] = lloyd_max(values[:, best], 2 ** (int(bits[best]) + 1))
    return bits, [table for table, _ in now]


def lloyd_max(values: np.ndarray, size: int) -> tuple[np.ndarray, float]:
    """The quantizer of ``size`` values that fits ``values (N,)``, and its mean squared error."""
    ordered = np.sort(values).astype(np.float64)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    table = np.quantile(ordered, (np.arange(size) + 0.5) / size)
    for _ in range(LLOYD_ROUNDS):
        edges = np.searchsorted(ordered, (table[1:] + table[:-1]) / 2)
        edges = np.concatenate([[0], edges, [len(ordered)]])
        counts = np.diff(edges)
        means = np.diff(sums[edges]) / np.maximum(counts, 1)
        table = np.sort(np.where(counts > 0, means, table))
    error = np.square(ordered - table[_nearest(ordered, table)]).mean()
    return table.astype(np.float32), float(error)


def _nearest(values: np.ndarray, table: np.ndarray) -> np.ndarray:
    return np.searchsorted((table[1:] + table[:-1]) / 2, values)


def to_blocks(frames: np.ndarray) -> np.ndarray:
    """uint8 ``(T, H, W, 3)``, sides multiples of the block's, to float32 ``(N, 768)``."""
    (t, h, w, _), (bt, bh, bw) = frames.shape, BLOCK
    split = frames.reshape(t // bt, bt, h // bh, bh, w // bw, bw, 3)
    return split.transpose(0, 2, 4, 1, 3, 5, 6).reshape(-1, bt * bh * bw * 3).astype(np.float32)


def from_blocks(blocks: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The inverse of ``to_blocks``, rounded to uint8 frames of ``shape``."""
    (t, h, w, _), (bt, bh, bw) = shape, BLOCK
    split = blocks.reshape(t // bt, h // bh, w // bw, bt, bh, bw, 3)
    frames = split.transpose(0, 3, 1, 4, 2, 5, 6).reshape(shape)
    return frames.round().clip(0, 255).astype(np.uint8)
