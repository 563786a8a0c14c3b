"""Frame rates and bit rates, which everything counts alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from hitvideo.errors import HiTVideoError


def bits_per_pixel(bits: float, shape: Sequence[int]) -> float:
    """Bits for each pixel of a clip. shape: ``(T, H, W)``, or that of its frames."""
    return bits / math.prod(shape[:3])


def kilobits_per_second(size: int, frames: int, fps: float) -> float:
    """Thousand bits a second of ``frames`` frames that take ``size`` bytes."""
    return 8 * size / 1000 * fps / frames


def exact_rate(fps: float) -> Fraction:
    """`fps` as a fraction (29.97002997 as 30000/1001); HiTVideoError outside 0.01 to 1000."""
    if not 0.01 <= fps <= 1000:  # false for nan too
        raise HiTVideoError(f"The frame rate must be between 0.01 and 1000 fps, not {fps}.")
    return Fraction(float(fps)).limit_denominator(1001)
