"""One decoded frame to one upright RGB picture of the wanted size.

Knows nothing of files or time.
"""

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from av.video.frame import VideoFrame
from PIL import Image

from hitvideo.video.colour import rgb_picture


class Display(NamedTuple):
    """How stored pixels become the picture shown: stretch, transpose, then flip."""

    pixel_aspect: float = 1.0  # width of a stored pixel over its height
    transpose: bool = False
    flip_horizontal: bool = False
    flip_vertical: bool = False

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width as shown of a picture stored as `height` x `width`."""
        width = max(1, round(width * self.pixel_aspect))
        return (width, height) if self.transpose else (height, width)


def display_of(frame: VideoFrame, pixel_aspect: Fraction | None) -> Display:
    """The display that the frame's matrix asks for, to the nearest of the eight orientations.

    A `pixel_aspect` that is missing or not believable counts as square pixels.
    """
    believable = pixel_aspect is not None and 0.25 <= pixel_aspect <= 4
    aspect = float(pixel_aspect) if pixel_aspect is not None and believable else 1.0
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return Display(aspect)
    # Columns of the map from stored (x, y) to shown (x, y), in 16.16 fixed point.
    a, b, _, c, d = (int(value) for value in np.frombuffer(matrix, np.int32)[:5])
    if abs(b) > abs(a):
        return Display(aspect, True, c < 0, b < 0)
    return Display(aspect, False, a < 0, d < 0)


def upright_picture(frame: VideoFrame, size: tuple[int, int], display: Display) -> np.ndarray:
    """`frame` as uint8 RGB (height, width, 3), scaled to fill `size` and cropped at the centre.

    Shrinks by averaging the area under each pixel, enlarges by cubic interpolation.
    """
    height, width = reversed(size) if display.transpose else size
    picture = rgb_picture(frame, (height, width))
    if picture.shape[:2] != (height, width):
        picture = _fill(picture, height, width, display.pixel_aspect)
    if display.transpose:
        picture = picture.transpose(1, 0, 2)
    if display.flip_horizontal:
        picture = picture[:, ::-1]
    if display.flip_vertical:
        picture = picture[::-1]
    return np.ascontiguousarray(picture)


def _fill(picture: np.ndarray, height: int, width: int, pixel_aspect: float) -> np.ndarray:
    rows, columns = picture.shape[:2]
    aspect = width / height / pixel_aspect  # of the crop, in stored pixels
    crop_width = min(columns, rows * aspect)
    crop_height = min(rows, columns / aspect)
    left, top = (columns - crop_width) / 2, (rows - crop_height) / 2
    right, bottom = min(left + crop_width, columns), min(top + crop_height, rows)
    if crop_width < width or crop_height < height:
        image = Image.fromarray(picture)
        cubic = Image.Resampling.BICUBIC
        return np.array(image.resize((width, height), cubic, box=(left, top, right, bottom)))
    if all(x.is_integer() for x in (left, top, crop_width / width, crop_height / height)):
        # Means of whole blocks: the same result as below, several times faster.
        factors = (int(crop_width / width), int(crop_height / height))
        box = (int(left), int(top), int(right), int(bottom))
        return np.array(Image.fromarray(picture).reduce(factors, box))
    across = _mean_parts(picture.transpose(1, 0, 2), width, left, right)
    return np.rint(_mean_parts(across.transpose(1, 0, 2), height, top, bottom)).astype(np.uint8)


def _mean_parts(lines: np.ndarray, parts: int, start: float, stop: float) -> np.ndarray:
    """Float means over equal `parts` of `lines` (L, M, 3) between two places on the first axis.

    A line that two parts share counts in each by its share, which Pillow's box filter ignores.
    Parts are at least one line long.
    """
    edges = np.linspace(start, stop, parts + 1).round(9)  # 1.9999999999 is 2
    whole = edges.astype(int)
    sums = np.add.reduceat(lines[: whole[-1]], whole[:-1], axis=0, dtype=np.float32)
    begun = (edges - whole)[:, None, None] * lines[np.minimum(whole, len(lines) - 1)]
    return (sums - begun[:-1] + begun[1:]) * (parts / (stop - start))
