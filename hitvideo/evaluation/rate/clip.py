"""Bits against quality for one clip: every level of a tokenizer, and video codecs beside it.

What the app's plot and `evaluate rate` both call, so that they show the same numbers. Knows nothing
of files or of plots.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.rate.codecs import CODECS, Codec, Encode, best, ladder
from hitvideo.evaluation.vmaf import vmaf
from hitvideo.frames import check_frames
from hitvideo.metrics import ms_ssim, psnr, ssim
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.pipeline.reconstruct import LevelResult
from hitvideo.rates import bits_per_pixel, kilobits_per_second

METRICS = {"psnr": psnr, "ssim": ssim, "ms_ssim": ms_ssim, "vmaf": vmaf}
HEADROOM = 1.3  # codecs are followed up to this many times the bytes of the full depth
LEVELS_SHARE = 0.15  # of the time that all of it takes
ENCODES_SHARE = 0.7  # of a codec's time; the rest measures the encodes on its hull


@dataclass(frozen=True)
class RatePoint:
    """One version of a clip, what it costs and how good it is.

    kind: "level", or the codec's name. name: "level 3", "crf 33, half size".
    bytes: of the token file cut after this level, header included; of a codec, the payload alone.
    bpp_nominal: bits per pixel without entropy coding, of levels only.
    bpp: actual bits per pixel, 8 * bytes / (T * H * W). kbps: thousand bits a second.
    metrics: name to score.
    frames: uint8 RGB ``(T, H, W, 3)``, decoded.
    """

    kind: str
    name: str
    bytes: int
    bpp_nominal: float | None
    bpp: float
    kbps: float
    metrics: dict[str, float]
    frames: np.ndarray = field(repr=False)

    def figures(self) -> dict[str, Any]:
        """The numbers alone, named as the JSON files name them."""
        nominal = {} if self.bpp_nominal is None else {"bpp_nominal": self.bpp_nominal}
        return {
            "kind": self.kind,
            "name": self.name,
            "bytes": self.bytes,
            **nominal,
            "bpp": self.bpp,
            "kbps": self.kbps,
            **self.metrics,
        }


@dataclass(frozen=True)
class RateStep:
    """Where the work stands.

    progress: share of the work done, in [0, 1]. message: what is being done, for people.
    point: the point that this step finished, if it finished one.
    """

    progress: float
    message: str
    point: RatePoint | None = None


def rate_quality(
    pipeline: HiTVideoPipeline,
    frames: np.ndarray,
    fps: float = 8.0,
    codecs: Sequence[str] = tuple(CODECS),
    metrics: Sequence[str] = tuple(METRICS),
) -> Iterator[RateStep]:
    """The levels of a clip, coarse first, then every codec's upper hull, smallest file first.

    frames: uint8 RGB ``(T, H, W, 3)``. codecs: of "x264", "x265", "svt-av1". metrics: of "psnr",
    "ssim", "ms_ssim", "vmaf". The bytes that count are those of the pipeline's token file.
    A codec is encoded from its smallest file up to 1.3 times the bytes of the full depth, at full
    and at half resolution; its points are the upper hull of PSNR over log bytes, and only they are
    scored by the other metrics. The same clip gives the same numbers every time.
    Yields after every encode and every score, so closing the generator stops the work there.
    Raises HiTVideoError for names and clips that do not fit.
    """
    check_frames(frames)
    check_names(codecs, metrics)
    if not 0 < fps < float("inf"):
        raise HiTVideoError(f"Frames per second must be a number above 0, not {fps}.")
    work = _RateQuality(pipeline, frames, fps, metrics)
    return work.run([CODECS[name] for name in codecs])


def check_names(codecs: Sequence[str], metrics: Sequence[str]) -> None:
    """Raises HiTVideoError for a codec or a metric that there is not."""
    for kind, asked, known in (("codec", codecs, CODECS), ("metric", metrics, METRICS)):
        for name in asked:
            if name not in known:
                raise HiTVideoError(f"There is no {kind} {name}; there are {', '.join(known)}.")


class _RateQuality:
    """One clip at work; its parts tell their own progress, which `_within` puts in place."""

    def __init__(
        self,
        pipeline: HiTVideoPipeline,
        frames: np.ndarray,
        fps: float,
        metrics: Sequence[str],
    ) -> None:
        self.pipeline = pipeline
        self.frames, self.fps, self.metrics = frames, fps, metrics
        self.max_bytes = 0.0  # how far codecs are followed, known after the levels

    def run(self, codecs: list[Codec]) -> Iterator[RateStep]:
        start = LEVELS_SHARE if codecs else 1.0
        yield from _within(self._levels(), 0.0, start)
        share = (1 - start) / max(len(codecs), 1)
        for index, codec in enumerate(codecs):
            yield from _within(self._codec(codec), start + share * index, share)

    def _levels(self) -> Iterator[RateStep]:
        results: list[LevelResult] = []
        for step in self.pipeline.reconstruct(self.frames):
            yield RateStep(step.progress / 2, step.message)
            if step.result is not None:
                results.append(step.result)
        tokens = self.pipeline.write_tokens(results[-1].codes, self.fps)
        sizes = self.pipeline.coder.level_sizes(tokens)
        self.max_bytes = HEADROOM * sizes[-1]
        for index, (level, size) in enumerate(zip(results, sizes, strict=True)):
            point = self._point("level", f"level {level.level}", size, level.frames, level.bpp)
            yield from _within(point, 0.5 + 0.5 * index / len(results), 0.5 / len(results))

    def _codec(self, codec: Codec) -> Iterator[RateStep]:
        encodes: list[Encode] = []
        for encode in ladder(codec, self.frames, self.max_bytes):
            encodes.append(encode)
            done = 1 - 0.9 ** len(encodes)  # how many there will be shows only as they grow
            yield RateStep(ENCODES_SHARE * done, f"Encoded {codec.name}, {encode.name}")
        hull = best(encodes)
        share = (1 - ENCODES_SHARE) / len(hull)
        for index, encode in enumerate(hull):
            point = self._point(codec.name, encode.name, encode.bytes, encode.frames(), None)
            yield from _within(point, ENCODES_SHARE + share * index, share)

    def _point(
        self, kind: str, name: str, size: int, shown: np.ndarray, bpp_nominal: float | None
    ) -> Iterator[RateStep]:
        scores: dict[str, float] = {}
        label = name if kind == "level" else f"{kind}, {name}"
        for index, metric in enumerate(self.metrics):
            message = f"Measuring {label}: {metric.replace('_', '-').upper()}"
            yield RateStep(index / len(self.metrics), message)
            scores[metric] = METRICS[metric](self.frames, shown)
        point = RatePoint(
            kind=kind,
            name=name,
            bytes=size,
            bpp_nominal=bpp_nominal,
            bpp=bits_per_pixel(8 * size, self.frames.shape),
            kbps=kilobits_per_second(size, len(self.frames), self.fps),
            metrics=scores,
            frames=shown,
        )
        yield RateStep(1.0, f"Measured {label}", point)


def _within(steps: Iterable[RateStep], start: float, share: float) -> Iterator[RateStep]:
    """The steps of a part, their progress moved to that part of the whole."""
    for step in steps:
        yield replace(step, progress=start + share * step.progress)
