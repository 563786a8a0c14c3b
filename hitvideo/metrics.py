"""How close two clips are, and how much of a codebook is in use.

Takes 8-bit frames and integer codes. Knows nothing of models, files or who compares what.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import torch
import torch.nn.functional as F
from pytorch_msssim import ms_ssim as multiscale_ssim
from pytorch_msssim import ssim as windowed_ssim
from torch import Tensor

from hitvideo.errors import HiTVideoError

MAX_PSNR = 100.0  # dB, the score of identical clips, so that means and JSON stay finite
SSIM_WINDOW = 11  # pixels
MS_SSIM_WINDOW = 7  # pixels; 11 would ask for frames of more than 160
MS_SSIM_SIDE = (MS_SSIM_WINDOW - 1) * 2**4 + 1  # so that the window fits the coarsest scale
FRAMES_AT_ONCE = 8


class QualityMeter:
    """PSNR and SSIM of a clip that arrives in pieces, and of each of its frames.

    frame_psnr: dB; frame_ssim: 1 for identical ones.
    """

    def __init__(self) -> None:
        self._squared_error = 0
        self._values = 0
        self.frame_psnr: list[float] = []
        self.frame_ssim: list[float] = []

    def add(self, reference: np.ndarray, frames: np.ndarray) -> None:
        """Takes a piece of both clips, uint8 RGB ``(T, H, W, 3)`` each and of one shape."""
        _check(reference, frames)
        for start in range(0, len(reference), FRAMES_AT_ONCE):
            a = reference[start : start + FRAMES_AT_ONCE]
            b = frames[start : start + FRAMES_AT_ONCE]
            errors = np.square(a.astype(np.int32) - b).sum((1, 2, 3), dtype=np.int64).tolist()
            self._squared_error += sum(errors)
            self._values += a.size
            self.frame_psnr += [decibels(error / a[0].size) for error in errors]
            self.frame_ssim += _ssim_per_frame(a, b).tolist()

    @property
    def psnr(self) -> float:
        """dB, from the mean squared error over all pixels and colours so far; at most 100."""
        return decibels(self._squared_error / max(self._values, 1))

    @property
    def ssim(self) -> float:
        """Mean over the frames so far of the SSIM of each (1: identical)."""
        return sum(self.frame_ssim) / len(self.frame_ssim) if self.frame_ssim else 1.0


def decibels(squared_error: float) -> float:
    """PSNR in dB of a mean squared error of 8-bit values; at most 100."""
    if not squared_error:
        return MAX_PSNR
    return min(MAX_PSNR, 10 * math.log10(255**2 / squared_error))


def psnr(reference: np.ndarray, frames: np.ndarray) -> float:
    """PSNR in dB of a whole clip, uint8 ``(T, H, W, 3)``."""
    meter = QualityMeter()
    meter.add(reference, frames)
    return meter.psnr


def ssim(reference: np.ndarray, frames: np.ndarray) -> float:
    """SSIM averaged over the frames of a clip, uint8 ``(T, H, W, 3)``."""
    meter = QualityMeter()
    meter.add(reference, frames)
    return meter.ssim


def ms_ssim(reference: np.ndarray, frames: np.ndarray) -> float:
    """MS-SSIM averaged over the frames of a clip, uint8 ``(T, H, W, 3)``.

    Wang, Simoncelli and Bovik's five scales and weights. The window is 7 pixels instead of the
    usual 11, so that the coarsest scale of a 128x128 frame, 8x8, holds one: values compare with
    each other, not with those of larger windows.
    """
    _check(reference, frames)
    scores = [
        multiscale_ssim(
            _planes(reference[start : start + FRAMES_AT_ONCE], MS_SSIM_SIDE),
            _planes(frames[start : start + FRAMES_AT_ONCE], MS_SSIM_SIDE),
            data_range=255,
            size_average=False,
            win_size=MS_SSIM_WINDOW,
        )
        for start in range(0, len(reference), FRAMES_AT_ONCE)
    ]
    return float(torch.cat(scores).mean())


def _check(reference: np.ndarray, frames: np.ndarray) -> None:
    if reference.shape != frames.shape or {reference.dtype, frames.dtype} != {np.dtype(np.uint8)}:
        raise HiTVideoError(
            "Only 8-bit clips of one shape can be compared, "
            f"not {reference.dtype} {reference.shape} and {frames.dtype} {frames.shape}."
        )


def _ssim_per_frame(reference: np.ndarray, frames: np.ndarray) -> Tensor:
    pair = [_planes(reference, SSIM_WINDOW), _planes(frames, SSIM_WINDOW)]
    return windowed_ssim(*pair, data_range=255, size_average=False, win_size=SSIM_WINDOW)


def _planes(frames: np.ndarray, least: int) -> Tensor:
    """Float ``(T, 3, H, W)``; sides shorter than ``least`` are extended by their edges."""
    planes = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float()
    bottom, right = (max(0, least - size) for size in planes.shape[2:])
    return F.pad(planes, (0, right, 0, bottom), mode="replicate")


def code_counts(codes: np.ndarray) -> Counter[int]:
    """How often each code occurs that does; codebooks may be far too large to count the others."""
    found, counts = np.unique(codes, return_counts=True)
    return Counter(dict(zip(found.tolist(), counts.tolist(), strict=True)))


def perplexity(counts: Counter[int]) -> float:
    """The number of equally frequent codes that would carry as much: 1 to the codebook size."""
    shares = np.array([*counts.values()]) / counts.total()
    return float(np.exp(-(shares * np.log(shares)).sum()))
