"""RGB to the 4:2:0 planes that codecs code, and back (BT.709, limited range).

In floating point with bicubic chroma: the usual fast conversion alone would cost a codec a few
tenths of a dB. Knows nothing of codecs.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

RED, BLUE = 0.2126, 0.0722
GREEN = 1 - RED - BLUE
TO_YUV = torch.tensor(
    [
        [RED, GREEN, BLUE],
        [-RED / (2 * (1 - BLUE)), -GREEN / (2 * (1 - BLUE)), 0.5],
        [0.5, -GREEN / (2 * (1 - RED)), -BLUE / (2 * (1 - RED))],
    ]
)
SPAN = torch.tensor([219.0, 224.0, 224.0]).view(1, 3, 1, 1) / 255
ZERO = torch.tensor([16.0, 128.0, 128.0]).view(1, 3, 1, 1)


def to_yuv420(frames: np.ndarray) -> np.ndarray:
    """uint8 RGB ``(T, H, W, 3)``, even sides, to uint8 ``(T, H * 3 / 2, W)``: Y, then U, then V."""
    rgb = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float()
    yuv = torch.einsum("ij,tjhw->tihw", TO_YUV, rgb) * SPAN + ZERO
    count, _, height, width = yuv.shape
    chroma = F.avg_pool2d(yuv[:, 1:], 2).reshape(count, height // 2, width)
    planes = torch.cat([yuv[:, 0], chroma], 1)
    return planes.round().clamp(0, 255).to(torch.uint8).numpy()


def to_rgb(planes: np.ndarray) -> np.ndarray:
    """The inverse of ``to_yuv420``, with chroma interpolated."""
    count, rows, width = planes.shape
    height = rows * 2 // 3
    stored = torch.from_numpy(np.ascontiguousarray(planes)).float()
    chroma = stored[:, height:].reshape(count, 2, height // 2, width // 2)
    wide = F.interpolate(chroma, scale_factor=2, mode="bicubic")
    yuv = (torch.cat([stored[:, None, :height], wide], 1) - ZERO) / SPAN
    rgb = torch.einsum("ij,tjhw->tihw", torch.linalg.inv(TO_YUV), yuv)
    return rgb.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
