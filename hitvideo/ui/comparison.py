"""Two videos against each other as one file to keep, as the stage shows them.

Knows nothing of the page or of where the videos come from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hitvideo.errors import HiTVideoError
from hitvideo.ui.checks import is_number
from hitvideo.ui.clip_files import SIDE, write_gif, write_mp4
from hitvideo.ui.heat import heat
from hitvideo.video import read_video

GAP = 8  # pixels between two pictures
BLINK = 0.5  # seconds
TEXT = 14  # pixels
# The heat map's colours, from no difference to the largest, evenly spaced. views.js has the same.
HEAT = np.array([(0, 0, 0), (80, 18, 123), (217, 70, 70), (253, 200, 60), (255, 255, 255)])
MODES = ("side", "wipe", "blink", "difference")
KINDS: dict[str, Callable[[Path, np.ndarray, float], Path]] = {"mp4": write_mp4, "gif": write_gif}
UNFIT = "There is no such comparison to save."


@dataclass(frozen=True)
class Comparison:
    """What to save.

    a, b: numbers of tiles. mode: one of MODES. gain: how strongly differences show. first, last:
    frames. part: of the picture, (left, top, right, bottom) as shares of it. kind: one of KINDS.
    """

    a: int
    b: int
    mode: str
    gain: float
    first: int
    last: int
    part: tuple[float, float, float, float]
    kind: str

    @classmethod
    def check(cls, data: Any) -> Comparison:
        """What came from a browser; raises HiTVideoError for anything that is no comparison."""
        try:
            asked = cls(**{**data, "part": tuple(data["part"])})
            left, top, right, bottom = asked.part
        except (TypeError, KeyError, ValueError) as error:
            raise HiTVideoError(UNFIT) from error
        counts = (asked.a, asked.b, asked.first, asked.last)
        if not (
            all(isinstance(count, int) and count >= 0 for count in counts)
            and all(map(is_number, (asked.gain, *asked.part)))
            and 0 <= left < right <= 1
            and 0 <= top < bottom <= 1
            and asked.mode in MODES
            and asked.kind in tuple(KINDS)
        ):
            raise HiTVideoError(UNFIT)
        return asked


def save_comparison(
    folder: Path, asked: Comparison, tiles: Sequence[Mapping[str, Any]], fps: float
) -> Path:
    """Writes the file into ``folder``; ``tiles`` as `Tile.value` gives them, at ``fps``."""
    if not all(k < len(tiles) and tiles[k].get("video") for k in (asked.a, asked.b)):
        raise HiTVideoError(UNFIT)
    chosen = [tiles[k] for k in (asked.a, asked.b)]
    a, b = (_shown(read_video(tile["video"]["path"]), asked) for tile in chosen)
    if not len(a) or a.shape != b.shape:
        raise HiTVideoError(UNFIT)
    names = [str(tile["label"]) for tile in chosen]
    stem = "-".join(name.lower().replace(" ", "-") for name in (*names, asked.mode))
    path = folder / f"{stem}.{asked.kind}"
    return KINDS[asked.kind](path, compare(a, b, names, asked.mode, fps, asked.gain), fps)


def compare(
    a: np.ndarray, b: np.ndarray, names: Sequence[str], mode: str, fps: float, gain: float = 1
) -> np.ndarray:
    """Two clips, uint8 ``(T, H, W, 3)`` and alike, as one.

    mode: "side": beside each other; "wipe": a line goes over the picture and back, A to its left;
    "blink": in turns; "difference": how far apart they are, ``gain`` times, as heat.
    """
    count, height, width, _ = a.shape
    left, right = _labelled(a, names[0]), _labelled(b, names[1], right=mode == "wipe")
    if mode == "side":
        gap = np.zeros((count, height, GAP, 3), np.uint8)
        return np.concatenate([left, gap, right], 2)
    if mode == "blink":
        turn = (np.arange(count) / fps / BLINK).astype(int) % 2
        return np.where(turn[:, None, None, None], right, left)
    if mode == "difference":
        apart = gain * np.abs(a.astype(int) - b).mean(-1)
        return _labelled(heat(apart / 255), f"|{' - '.join(names)}| x {gain:g}")
    # There and back in one clip, so that it loops without a jump.
    lines = (0.5 - 0.5 * np.cos(2 * math.pi * np.arange(count) / count)) * width
    before = np.arange(width) < lines[:, None]
    shown = np.where(before[:, None, :, None], left, right)
    for frame, line in zip(shown, lines.round().astype(int), strict=True):
        frame[:, max(0, line - 1) : line + 1] = 255
    return shown


def _shown(frames: np.ndarray, asked: Comparison) -> np.ndarray:
    """The frames and the part that are asked for, large enough to be looked at, pixel by pixel."""
    _, height, width, _ = frames.shape
    left, top, right, bottom = asked.part
    rows = slice(math.floor(top * height), math.ceil(bottom * height))
    columns = slice(math.floor(left * width), math.ceil(right * width))
    part = frames[asked.first : asked.last + 1, rows, columns]
    factor = -(-SIDE // min(part.shape[1:3]))
    return part.repeat(factor, 1).repeat(factor, 2)


def _labelled(frames: np.ndarray, text: str, right: bool = False) -> np.ndarray:
    """With a name in an upper corner."""
    font = ImageFont.load_default(TEXT)
    width = math.ceil(font.getlength(text)) + TEXT
    picture = Image.new("RGB", (width, 2 * TEXT))
    ImageDraw.Draw(picture).text((TEXT / 2, TEXT / 3), text, "white", font)
    name = np.asarray(picture)[:, : frames.shape[2]]
    marked = frames.copy()
    columns = slice(-name.shape[1], None) if right else slice(name.shape[1])
    marked[:, : len(name), columns] = name
    return marked
