"""The stem: patches of video as Haar wavelet coefficients, and back.

Parameter-free and orthonormal, so a squared error in coefficients is one in pixels. Knows nothing
of levels or networks.
"""

from __future__ import annotations

import math

import torch
from einops import rearrange
from torch import Tensor, nn


def haar_matrix(size: int) -> Tensor:
    """The orthonormal Haar matrix ``(size, size)`` for a power of two, coarsest band first."""
    matrix = torch.ones(1, 1)
    while matrix.shape[0] < size:
        n = matrix.shape[0]
        low = torch.kron(matrix, torch.tensor([[1.0, 1.0]]))
        high = torch.kron(torch.eye(n), torch.tensor([[1.0, -1.0]]))
        matrix = torch.cat([low, high]) / 2**0.5
    return matrix


class HaarPatches(nn.Module):
    """Maps ``(B, 3, pt, H, W)`` to ``(B, 3*pt*ph*pw, H/ph, W/pw)``, and back.

    Channel order: colour, then frequency along t, y and x, coarse first.
    """

    matrix: Tensor

    def __init__(self, patch: tuple[int, int, int]) -> None:
        super().__init__()
        self.patch = patch
        self.channels = 3 * math.prod(patch)
        t, h, w = (haar_matrix(size) for size in patch)
        self.register_buffer("matrix", torch.kron(t, torch.kron(h, w)), persistent=False)

    # The matrix comes first: batches of (k, positions) need no transposed copies of coefficients.

    def forward(self, video: Tensor) -> Tensor:
        _, ph, pw = self.patch
        height, width = video.shape[3] // ph, video.shape[4] // pw
        x = rearrange(video, "b c t (h p) (w q) -> b c (t p q) (h w)", p=ph, q=pw)
        return (self.matrix @ x).reshape(len(video), self.channels, height, width)

    def inverse(self, coefficients: Tensor) -> Tensor:
        pt, ph, pw = self.patch
        height = coefficients.shape[2]
        x = self.matrix.T @ rearrange(coefficients, "b (c k) h w -> b c k (h w)", c=3)
        return rearrange(x, "b c (t p q) (h w) -> b c t (h p) (w q)", t=pt, p=ph, q=pw, h=height)
