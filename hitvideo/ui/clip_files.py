"""Clips as files to keep: enlarged smoothly, as MP4 or GIF, with a note inside or not.

Knows nothing of models or the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from hitvideo.files import binary_output
from hitvideo.video import write_video

SIDE = 256  # pixels; the shorter side of a file is at least this


def enlarged(frames: np.ndarray) -> np.ndarray:
    """uint8 ``(T, H, W, 3)``, bicubic to the smallest whole multiple of at least ``SIDE`` pixels.

    A player enlarges a small video with visible squares, and MP4 keeps only a quarter of its
    colours.
    """
    _, height, width, _ = frames.shape
    factor = -(-SIDE // min(height, width))
    if factor == 1:
        return frames
    size = width * factor, height * factor
    bicubic = Image.Resampling.BICUBIC
    return np.stack([np.asarray(Image.fromarray(frame).resize(size, bicubic)) for frame in frames])


def write_mp4(
    path: Path, frames: np.ndarray, fps: float, note: Mapping[str, str] | None = None
) -> Path:
    """note: metadata of the file, such as "title" and "comment"."""
    write_video(path, enlarged(frames), fps, note)
    return path


def write_gif(path: Path, frames: np.ndarray, fps: float, note: str = "") -> Path:
    """A GIF that loops for ever, in 256 colours of the whole clip; note: its comment."""
    # One palette for all frames, or the colours would flicker. An eighth of the pixels will do.
    sample = frames[::2, ::2, ::2]
    strip = Image.fromarray(sample.reshape(-1, sample.shape[2], 3))
    palette = strip.quantize(256, method=Image.Quantize.MEDIANCUT)
    pictures = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in enlarged(frames)
    ]
    # A GIF counts in hundredths of a second, so frames differ in length where fps asks for it.
    ends = [round(100 * count / fps) for count in range(len(frames) + 1)]
    with binary_output(path) as file:
        pictures[0].save(
            file,
            "GIF",
            save_all=True,
            append_images=pictures[1:],
            duration=[10 * (end - begin) for begin, end in pairwise(ends)],
            loop=0,
            comment=note.encode(),
        )
    return path
