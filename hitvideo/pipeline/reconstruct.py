"""A clip encoded, and decoded to every depth: what each level keeps and what it costs.

Knows nothing of files, browsers or text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hitvideo.frames import check_frames, frames_to_video, video_to_frames
from hitvideo.metrics import QualityMeter, code_counts, perplexity
from hitvideo.rates import bits_per_pixel
from hitvideo.tokenizer import HiTVideoTokenizer, StreamEncoder, VideoCodes, decode_stream
from hitvideo.tokenizer.config import GROUP


@dataclass(frozen=True)
class LevelResult:
    """A clip decoded to one depth, and what that depth costs.

    level: the depth, 1 for the coarsest level alone.
    frames: uint8 RGB ``(T, H, W, 3)``, decoded from levels 1 to ``level``.
    codes: the tokens of levels 1 to ``level``, a batch of one.
    tokens: how many this level alone has.
    bits: nominal bits of this level alone, log2 of the codebook size a token.
    total_bits: the same for levels 1 to ``level`` together.
    bpp: ``total_bits`` per pixel of the clip (T * H * W).
    psnr: dB, over all pixels of the clip.
    ssim: mean over the frames.
    frame_psnr, frame_ssim: of every frame.
    perplexity: of this level's codes in this clip.
    """

    level: int
    frames: np.ndarray
    codes: VideoCodes
    tokens: int
    bits: float
    total_bits: float
    bpp: float
    psnr: float
    ssim: float
    frame_psnr: tuple[float, ...]
    frame_ssim: tuple[float, ...]
    perplexity: float

    def figures(self) -> dict[str, Any]:
        """The numbers alone, named as the JSON files name them."""
        return {
            "level": self.level,
            "tokens": self.tokens,
            "bits": self.bits,
            "total_bits": self.total_bits,
            "bpp_nominal": self.bpp,
            "psnr": self.psnr,
            "ssim": self.ssim,
            "perplexity": self.perplexity,
        }


@dataclass(frozen=True)
class ReconstructStep:
    """Where a reconstruction stands.

    progress: share of the work done, in [0, 1].
    message: what has just been done, for people.
    result: the level that this step finished, if it finished one.
    """

    progress: float
    message: str
    result: LevelResult | None = None


def reconstruct(tokenizer: HiTVideoTokenizer, frames: np.ndarray) -> Iterator[ReconstructStep]:
    """See `HiTVideoPipeline.reconstruct`."""
    check_frames(frames)
    return _reconstruct(tokenizer, frames)


def _reconstruct(tokenizer: HiTVideoTokenizer, frames: np.ndarray) -> Iterator[ReconstructStep]:
    levels = tokenizer.config.levels
    groups = -(-len(frames) // GROUP)
    work = groups * (1 + len(levels))
    done = 0

    encoder = StreamEncoder(tokenizer)
    parts: list[tuple[Tensor, ...]] = []
    for index in range(groups):
        piece = frames[index * GROUP : (index + 1) * GROUP]
        parts.extend(encoder.push(frames_to_video(piece)))
        if index == groups - 1:
            parts.extend(encoder.flush())
        done += 1
        yield ReconstructStep(done / work, f"Encoding, group {index + 1} of {groups}")
    grids = tuple(torch.cat(grid, 1) for grid in zip(*parts, strict=True))
    codes = VideoCodes(grids, *frames.shape[:3])

    total_bits = 0.0
    for depth, (config, grid) in enumerate(zip(levels, grids, strict=True), start=1):
        decoded = np.empty_like(frames)
        meter = QualityMeter()
        for index, video in enumerate(decode_stream(tokenizer, codes, depth)):
            here = slice(index * GROUP, (index + 1) * GROUP)
            decoded[here] = video_to_frames(video)
            meter.add(frames[here], decoded[here])
            done += 1
            if index < groups - 1:
                yield ReconstructStep(
                    done / work, f"Decoding level {depth}, group {index + 1} of {groups}"
                )
        tokens = grid[0].cpu().numpy()
        bits = tokens.size * config.bits
        total_bits += bits
        result = LevelResult(
            level=depth,
            frames=decoded,
            codes=codes.truncate(depth),
            tokens=tokens.size,
            bits=bits,
            total_bits=total_bits,
            bpp=bits_per_pixel(total_bits, frames.shape),
            psnr=meter.psnr,
            ssim=meter.ssim,
            frame_psnr=tuple(meter.frame_psnr),
            frame_ssim=tuple(meter.frame_ssim),
            perplexity=perplexity(code_counts(tokens)),
        )
        yield ReconstructStep(done / work, f"Level {depth} of {len(levels)} is ready", result)
