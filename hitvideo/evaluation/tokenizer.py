"""A tokenizer on a set of clips: quality at every depth, use of every codebook, x264 beside it.

Returns plain data for JSON. Knows nothing of files, and draws nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.clips import FPS, PROTOCOL, Clip, mean_with_interval
from hitvideo.evaluation.rate import codecs
from hitvideo.evaluation.rate.bdrate import quality_at
from hitvideo.metrics import code_counts, perplexity
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.rates import bits_per_pixel
from hitvideo.tokenizer import fingerprint


@dataclass(frozen=True)
class _Measured:
    """One clip; every list runs over depths, coarse first. bytes: of the token file cut there;
    x264: dB at equal bytes, or None."""

    name: str
    source: str
    frames: int
    bytes: list[int]
    bpp: list[float]
    psnr: list[float]
    ssim: list[float]
    x264: list[float | None] | None


def evaluate_tokenizer(
    pipeline: HiTVideoPipeline, clips: Iterable[Clip], *, x264: bool = False
) -> dict[str, Any]:
    """Means over the clips for every depth, then by source and clip by clip.

    Sizes are those of token files, header and index included; nominal ones are log2 of the codebook
    size for every token. ``x264`` adds its PSNR at the same bytes, over the clips that it can code
    that small.
    """
    configs = pipeline.tokenizer.config.levels
    counts: list[Counter[int]] = [Counter() for _ in configs]
    measured = [_measure(pipeline, clip, counts, x264) for clip in clips]
    if not measured:
        raise HiTVideoError("There is no clip that could be measured.")
    return {
        "protocol": PROTOCOL,
        "tokenizer": fingerprint(pipeline.tokenizer),
        "clips": len(measured),
        "levels": [
            {
                **_level(measured, depth),
                "bpp_nominal": pipeline.tokenizer.config.bpp(depth + 1),
                "codebook_size": configs[depth].codebook_size,
                "perplexity": perplexity(counts[depth]),
                "usage": len(counts[depth]) / configs[depth].codebook_size,
                "tokens_seen": counts[depth].total(),
            }
            for depth in range(len(configs))
        ],
        **({"codec": codecs.X264.describe()["library"]} if x264 else {}),
        "by_source": _by_source(measured),
        "by_clip": [_clip(m) for m in measured],
    }


def _measure(
    pipeline: HiTVideoPipeline, clip: Clip, counts: list[Counter[int]], x264: bool
) -> _Measured:
    results = [s.result for s in pipeline.reconstruct(clip.frames) if s.result is not None]
    for count, result in zip(counts, results, strict=True):
        count.update(code_counts(result.codes.levels[-1].cpu().numpy()))
    tokens = pipeline.write_tokens(results[-1].codes, FPS)
    sizes = [*pipeline.coder.level_sizes(tokens)]
    encodes = codecs.ladder(codecs.X264, clip.frames, sizes[-1]) if x264 else ()
    hull = [(encode.bytes, encode.psnr) for encode in codecs.best(encodes)]
    return _Measured(
        name=clip.name,
        source=clip.source,
        frames=len(clip.frames),
        bytes=sizes,
        bpp=[bits_per_pixel(8 * size, clip.frames.shape[:3]) for size in sizes],
        psnr=[result.psnr for result in results],
        ssim=[result.ssim for result in results],
        x264=[quality_at(hull, size) for size in sizes] if x264 else None,
    )


def _level(measured: list[_Measured], depth: int) -> dict[str, Any]:
    mean, interval = mean_with_interval(
        (m.psnr[depth] for m in measured), (m.source for m in measured)
    )
    level: dict[str, Any] = {
        "level": depth + 1,
        "bpp": float(np.mean([m.bpp[depth] for m in measured])),
        "psnr": mean,
        "psnr_interval_95": interval,
        "ssim": float(np.mean([m.ssim[depth] for m in measured])),
    }
    if measured[0].x264 is not None:
        level["x264"] = _against_x264(measured, depth)
    return level


def _against_x264(measured: list[_Measured], depth: int) -> dict[str, Any]:
    pairs = [(m.psnr[depth], m.x264[depth]) for m in measured if m.x264 is not None]
    coded = [(ours, theirs) for ours, theirs in pairs if theirs is not None]
    ours, theirs = np.mean(coded, axis=0).tolist() if coded else (None, None)
    return {"clips_coded_this_small": len(coded), "psnr": theirs, "our_psnr_on_those": ours}


def _by_source(measured: list[_Measured]) -> dict[str, Any]:
    groups: dict[str, list[_Measured]] = {}
    for m in measured:
        groups.setdefault(m.source, []).append(m)
    return {
        source: {
            "clips": len(group),
            "psnr": np.mean([m.psnr for m in group], axis=0).tolist(),
            "ssim": np.mean([m.ssim for m in group], axis=0).tolist(),
        }
        for source, group in sorted(groups.items())
    }


def _clip(m: _Measured) -> dict[str, Any]:
    clip = {
        "name": m.name,
        "frames": m.frames,
        "bytes": m.bytes,
        "psnr": m.psnr,
        "ssim": m.ssim,
    }
    return clip if m.x264 is None else {**clip, "x264_psnr": m.x264}
