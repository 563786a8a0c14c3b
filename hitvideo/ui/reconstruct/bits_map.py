"""Where and when a clip's bits are spent, as a film.

Knows nothing of models or the page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hitvideo.ui.heat import heat

LEAST, MOST = 0.01, 10.0  # bits per pixel: black and white; between them by the logarithm


def bits_map(
    bits: Sequence[np.ndarray], strides: Sequence[tuple[int, int, int]], shape: tuple[int, int, int]
) -> np.ndarray:
    """uint8 ``(T, H, W, 3)``: what all levels together spend on every pixel.

    bits: of every code, ``(t, h, w)`` a level. strides: pixels (t, h, w) that a code covers.
    shape: frames, height and width of the clip.
    """
    frames, height, width = shape
    total = np.zeros(shape)
    for level, stride in zip(bits, strides, strict=True):
        spread = level / math.prod(stride)
        for axis, count in enumerate(stride):
            spread = spread.repeat(count, axis)
        total += spread[:frames, :height, :width]
    return heat(np.log(np.maximum(total, LEAST) / LEAST) / math.log(MOST / LEAST))
