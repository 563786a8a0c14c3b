"""Where frames (uint8, from files) meet video tensors (floats, for models), and nowhere else."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from hitvideo.errors import HiTVideoError


def check_frames(frames: np.ndarray) -> None:
    """Raises HiTVideoError unless ``frames`` is uint8 RGB ``(T, H, W, 3)`` with nothing empty."""
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or 0 in frames.shape:
        raise HiTVideoError(
            "A clip is uint8 RGB of shape (frames, height, width, 3), "
            f"not {frames.dtype} of shape {frames.shape}."
        )


def frames_to_video(frames: np.ndarray) -> Tensor:
    """uint8 ``(T, H, W, 3)`` to float32 ``(1, 3, T, H, W)`` in [-1, 1]."""
    video = torch.from_numpy(np.ascontiguousarray(frames)).permute(3, 0, 1, 2).unsqueeze(0)
    return video.float() / 127.5 - 1


def video_to_frames(video: Tensor) -> np.ndarray:
    """Float ``(1, 3, T, H, W)`` in [-1, 1] to uint8 ``(T, H, W, 3)``, rounded and clamped."""
    levels = ((video[0].float() + 1) * 127.5).round().clamp(0, 255)
    return levels.to(torch.uint8).permute(1, 2, 3, 0).cpu().numpy()


def check_video(video: Tensor) -> None:
    """Raises HiTVideoError unless ``video`` is ``(B, 3, T, H, W)`` with nothing empty."""
    if video.ndim != 5 or video.shape[1] != 3 or 0 in video.shape:
        raise HiTVideoError(
            f"A video is a tensor (batch, 3, frames, height, width), not {tuple(video.shape)}."
        )
