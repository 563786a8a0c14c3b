"""The stem: patches of video as Haar wavelet coefficients, and back.

Parameter-free and orthonormal, so a squared error in coefficients is one in pixels. Knows nothing
of levels or networks.
"""

from __future__ import annotations

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
    """Maps ``(B, 3, T, H, W)`` to ``(B, 3*pt*ph*pw, H/ph, W/pw)`` for T = pt, and back.

    Channel order: colour, then frequency along t, y and x, coarse first.
    """

    def __init__(self, patch: tuple[int, int, int]) -> None:
        super().__init__()
        self.patch = patch
        self.channels = 3 * patch[0] * patch[1] * patch[2]
        for axis, size in zip("thw", patch, strict=True):
            self.register_buffer(f"matrix_{axis}", haar_matrix(size), persistent=False)

    def forward(self, video: Tensor) -> Tensor:
        _, ph, pw = self.patch
        x = rearrange(video, "b c t (h p) (w q) -> b h w c t p q", p=ph, q=pw)
        x = x @ self.matrix_w.T
        x = torch.einsum("bhwctpq,np->bhwctnq", x, self.matrix_h)
        x = torch.einsum("bhwctpq,nt->bhwcnpq", x, self.matrix_t)
        return rearrange(x, "b h w c t p q -> b (c t p q) h w")

    def inverse(self, coefficients: Tensor) -> Tensor:
        pt, ph, pw = self.patch
        x = rearrange(coefficients, "b (c t p q) h w -> b h w c t p q", t=pt, p=ph, q=pw)
        x = x @ self.matrix_w
        x = torch.einsum("bhwctnq,np->bhwctpq", x, self.matrix_h)
        x = torch.einsum("bhwcnpq,nt->bhwctpq", x, self.matrix_t)
        return rearrange(x, "b h w c t p q -> b c t (h p) (w q)")
