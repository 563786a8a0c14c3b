"""Rate-quality curves: their hull, what lies between their points, and BD-rate between two.

A curve is a list of points (bytes, quality). Knows nothing of what made them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy.interpolate import PchipInterpolator

Point = tuple[float, float]  # bytes (or any other rate), quality (higher is better)
T = TypeVar("T")


def upper_hull(items: Iterable[T], place: Callable[[T], Point]) -> list[T]:
    """The items that no mix of two others beats, from the smallest to the best.

    place: an item's point. The hull is taken over the logarithm of bytes.
    """
    hull: list[T] = []

    def slope(a: T, b: T) -> float:
        (rate_a, quality_a), (rate_b, quality_b) = place(a), place(b)
        return (quality_b - quality_a) / math.log(rate_b / rate_a)

    for item in sorted(items, key=lambda i: (place(i)[0], -place(i)[1])):
        if hull and place(item)[1] <= place(hull[-1])[1]:
            continue
        while len(hull) > 1 and slope(hull[-2], item) >= slope(hull[-2], hull[-1]):
            hull.pop()
        hull.append(item)
    return hull


def rising(points: Iterable[Point]) -> list[Point]:
    """The points that are better than every smaller one, from the smallest up."""
    kept: list[Point] = []
    for rate, quality in sorted(points, key=lambda p: (p[0], -p[1])):
        if not kept or quality > kept[-1][1]:
            kept.append((rate, quality))
    return kept


def quality_at(points: Sequence[Point], rate: float) -> float | None:
    """Quality at ``rate`` bytes, on straight lines over the logarithm of bytes.

    None below the smallest point. Beyond the largest, the best quality of all.
    """
    curve = rising(points)
    if not curve or rate < curve[0][0]:
        return None
    rates, qualities = zip(*curve, strict=True)
    return float(np.interp(math.log(rate), np.log(rates), qualities))


def rate_at(points: Sequence[Point], quality: float) -> float | None:
    """Bytes needed for ``quality``, the inverse of ``quality_at``.

    None above the best point. Below the worst, the bytes of the smallest.
    """
    curve = rising(points)
    if not curve or quality > curve[-1][1]:
        return None
    rates, qualities = zip(*curve, strict=True)
    return float(math.exp(np.interp(quality, qualities, np.log(rates))))


@dataclass(frozen=True)
class BdRate:
    """How many more bytes one curve needs than another for the same quality.

    percent: negative where it needs fewer.
    overlap: the range of quality that both curves cover, over which the mean is taken.
    """

    percent: float
    overlap: tuple[float, float]


@dataclass(frozen=True)
class NoBdRate:
    """Why two curves have no BD-rate."""

    reason: str


def bd_rate(anchor: Sequence[Point], test: Sequence[Point]) -> BdRate | NoBdRate:
    """The Bjontegaard delta rate of ``test`` against ``anchor``.

    log(bytes) is interpolated over quality piecewise by cubics (PCHIP), and the mean difference is
    taken over the range of quality that both curves cover: Bjontegaard, VCEG-M33, in the piecewise
    form of the HEVC and VVC common test conditions (JCTVC-L1100, JVET-T2010). Points that are no
    better than a smaller one are left out.
    """
    curves = [rising(anchor), rising(test)]
    if min(len(curve) for curve in curves) < 2:
        return NoBdRate("a curve has fewer than two points of rising quality")
    low = max(curve[0][1] for curve in curves)
    high = min(curve[-1][1] for curve in curves)
    if low >= high:
        return NoBdRate("the curves have no quality in common")
    area = [_pchip(curve).integrate(low, high) for curve in curves]
    return BdRate(100 * math.expm1((area[1] - area[0]) / (high - low)), (low, high))


def _pchip(curve: Sequence[Point]) -> PchipInterpolator:
    rates, qualities = zip(*curve, strict=True)
    return PchipInterpolator(qualities, np.log(rates))
