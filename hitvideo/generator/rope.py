"""Rotary position embedding over time, height and width, in place of the Llama's own.

The frequency pairs of a head are split among the three axes, as in 3-D RoPE for video (M-RoPE of
Qwen2-VL, arXiv 2409.12191); the rotation itself is Su et al. 2021, arXiv 2104.09864. Text lies at
the origin. Knows nothing of tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

BASE = 100.0  # coordinates stay below a few hundred tokens of the finest level


class Rope3D(nn.Module):
    """Has no weights and no buffers: a model made on the meta device needs nothing restored."""

    def __init__(self, head_dim: int) -> None:
        super().__init__()
        self.head_dim = head_dim
        pairs = head_dim // 2
        space = pairs // 3
        self.pairs = (pairs - 2 * space, space, space)

    def forward(self, x: Tensor, position_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines ``(B, N, head_dim)`` in x's type for coordinates ``(B, N, 3)``."""
        angles = []
        for axis, count in enumerate(self.pairs):
            steps = torch.arange(count, device=x.device, dtype=torch.float32)
            angles.append(position_ids[..., axis, None].float() * BASE ** (-steps / count))
        half = torch.cat(angles, -1)
        whole = torch.cat([half, half], -1)
        return whole.cos().to(x.dtype), whole.sin().to(x.dtype)
