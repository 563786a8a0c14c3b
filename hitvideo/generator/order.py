"""The order in which tokens are written: all of level 1 through time, then level 2, and so on.

Coarse first, so that stopping after any level leaves a whole video. Within a level: frames, rows,
columns. Knows nothing of embeddings, networks or pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from hitvideo.errors import HiTVideoError

Size = tuple[int, int, int]


class TokenOrder:
    """The sequence of N tokens for clips of one size.

    strides: pixels (t, h, w) of a token per level, coarse to fine. size: frames, height and width
    of the clip; all are rounded up to the coarsest stride, as the tokenizer does.
    """

    def __init__(self, strides: Sequence[Size], size: Size) -> None:
        if not strides or min(size) < 1:
            raise HiTVideoError("A sequence needs at least one level and one pixel.")
        self.strides = [tuple(stride) for stride in strides]
        padded = [-(-n // s) * s for n, s in zip(size, strides[0], strict=True)]
        self.grids: list[Size] = [
            (padded[0] // t, padded[1] // h, padded[2] // w) for t, h, w in strides
        ]
        self.counts = [t * h * w for t, h, w in self.grids]
        self.starts = [sum(self.counts[:k]) for k in range(len(self.counts))]

    def __len__(self) -> int:
        return sum(self.counts)

    def end(self, depth: int) -> int:
        """How many tokens the first ``depth`` levels have."""
        return sum(self.counts[:depth])

    def build(self, levels: Sequence[Tensor]) -> Tensor:
        """Grids ``(B, t, h, w)``, coarse to fine, to the sequence ``(B, N)``."""
        for k, (grid, expected) in enumerate(zip(levels, self.grids, strict=False), start=1):
            if tuple(grid.shape[1:]) != expected:
                raise HiTVideoError(
                    f"Level {k} should have {expected} codes, not {tuple(grid.shape[1:])}."
                )
        return torch.cat([grid.flatten(1) for grid in levels], 1)

    def revert(self, sequence: Tensor) -> tuple[Tensor, ...]:
        """The inverse of `build`, for as many whole levels as the sequence ``(B, n)`` holds."""
        depth = sum(self.end(k + 1) <= sequence.shape[1] for k in range(len(self.grids)))
        return tuple(
            sequence[:, self.starts[k] : self.end(k + 1)].unflatten(1, self.grids[k])
            for k in range(depth)
        )

    @cached_property
    def level(self) -> Tensor:
        """The level of every position, 0-based ``(N,)``."""
        return torch.repeat_interleave(torch.arange(len(self.counts)), torch.tensor(self.counts))

    @cached_property
    def coordinates(self) -> Tensor:
        """Every token's centre (t, y, x) in units of the finest grid's tokens ``(N, 3)``."""
        fine = torch.tensor(self.strides[-1])
        parts = []
        for stride, grid in zip(self.strides, self.grids, strict=True):
            axes = [torch.arange(n) + 0.5 for n in grid]
            centres = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
            parts.append(centres * torch.tensor(stride) / fine)
        return torch.cat(parts)

    @cached_property
    def parent(self) -> Tensor:
        """The position of the coarser level's token that covers each token; -1 in level 1 ``(N,)``.

        Where a coarse token covers several frames of finer ones, they share it.
        """
        parts = [torch.full((self.counts[0],), -1)]
        for k in range(1, len(self.grids)):
            ratio = [a // b for a, b in zip(self.strides[k - 1], self.strides[k], strict=True)]
            t, y, x = (torch.arange(n) // r for n, r in zip(self.grids[k], ratio, strict=True))
            _, rows, columns = self.grids[k - 1]
            index = (t[:, None, None] * rows + y[:, None]) * columns + x
            parts.append(self.starts[k - 1] + index.reshape(-1))
        return torch.cat(parts)

    def block(self, level: int, mode: str) -> int:
        """How many tokens of this level one step writes."""
        _, rows, columns = self.grids[level]
        return {"token": 1, "row": columns, "frame": rows * columns}[mode]

    def blocks(self, mode: str, depth: int | None = None) -> list[tuple[int, int]]:
        """The steps of the decode loop: (first, end) positions of every block, in order."""
        steps = []
        for k in range(len(self.grids) if depth is None else depth):
            size = self.block(k, mode)
            first = range(self.starts[k], self.end(k + 1), size)
            steps += [(start, start + size) for start in first]
        return steps

    def previous(self, mode: str) -> Tensor:
        """The token each position sees as its input: one block earlier, -1 where a level begins.

        ``(N,)``. For "row" it is the token above (or of the last row of the frame before), for
        "frame" the same place one latent frame earlier.
        """
        parts = []
        for k, count in enumerate(self.counts):
            index = torch.arange(count) - self.block(k, mode)
            parts.append(torch.where(index < 0, -1, index + self.starts[k]))
        return torch.cat(parts)

    def block_index(self, mode: str) -> Tensor:
        """The step that writes each position ``(N,)``; a position sees its own and earlier ones."""
        sizes = torch.tensor([end - first for first, end in self.blocks(mode)])
        return torch.repeat_interleave(torch.arange(len(sizes)), sizes)
