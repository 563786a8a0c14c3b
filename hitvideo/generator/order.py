"""The order in which tokens are written: all of level 1 through time, then level 2, and so on.

Coarse first, so that stopping after any level leaves a whole video. Within a level: frames, rows,
columns. One position of the sequence holds a square patch of a level's tokens, a single one in the
coarsest level: what would be four positions side by side is one, which saves a language model most
of its work. Knows nothing of embeddings, networks or pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import torch
from einops import rearrange
from torch import Tensor

from hitvideo.errors import HiTVideoError

Size = tuple[int, int, int]
Kinds = Sequence[str]  # for every level what one step writes: "token" or "frame"

NOTHING = -1  # where there is no such position
AROUND = 18  # places that a position sees of earlier frames


def _table(make: Callable[[Any], Tensor]) -> cached_property[Tensor]:
    """A cached property that can be learned with, even if the decode loop was the first to ask."""
    return cached_property(torch.inference_mode(False)(make))


class TokenOrder:
    """The sequence of N positions for clips of one size.

    strides: pixels (t, h, w) of a token per level, coarse to fine. size: frames, height and width
    of the clip; all are rounded up to the coarsest stride, as the tokenizer does. patches: the side
    of the square of tokens at one position, per level (None: 1). codebooks: the number of codes per
    level, needed only where a patch is larger than one token.
    """

    def __init__(
        self,
        strides: Sequence[Size],
        size: Size,
        patches: Sequence[int] | None = None,
        codebooks: Sequence[int] | None = None,
    ) -> None:
        if not strides or min(size) < 1:
            raise HiTVideoError("A sequence needs at least one level and one pixel.")
        self.patches = list(patches or [1] * len(strides))
        self.codebooks = list(codebooks or [1] * len(strides))
        self.size = size
        # What a position covers, in pixels; from here on a position is the unit.
        self.strides: list[Size] = [
            (t, h * p, w * p) for (t, h, w), p in zip(strides, self.patches, strict=True)
        ]
        padded = [-(-n // s) * s for n, s in zip(size, strides[0], strict=True)]
        # Grids of tokens, and of positions: a patch at the edge may reach beyond the tokens.
        self.token_grids: list[Size] = [
            (padded[0] // t, padded[1] // h, padded[2] // w) for t, h, w in strides
        ]
        self.grids: list[Size] = [
            (t, -(-h // p), -(-w // p))
            for (t, h, w), p in zip(self.token_grids, self.patches, strict=True)
        ]
        self.counts = [t * h * w for t, h, w in self.grids]
        self.starts = [sum(self.counts[:k]) for k in range(len(self.counts))]

    def __len__(self) -> int:
        return sum(self.counts)

    def end(self, depth: int) -> int:
        """How many positions the first ``depth`` levels have."""
        return sum(self.counts[:depth])

    @property
    def tokens(self) -> list[int]:
        """How many tokens every level has."""
        return [math.prod(grid) for grid in self.token_grids]

    @cached_property
    def written(self) -> list[int]:
        """How many tokens the first n positions hold, for every n from 0 to N."""
        sizes = []
        for (_, height, width), patch, (frames, _, _) in zip(
            self.token_grids, self.patches, self.grids, strict=True
        ):
            rows, columns = (
                (n - torch.arange(0, n, patch)).clamp(max=patch) for n in (height, width)
            )
            sizes.append((rows[:, None] * columns).flatten().repeat(frames))
        return [0, *torch.cat(sizes).cumsum(0).tolist()]

    def build(self, levels: Sequence[Tensor]) -> Tensor:
        """Grids of codes ``(B, t, h, w)``, coarse to fine, to the sequence ``(B, N)``.

        The codes of a patch become one number, the first code its least significant part. Where a
        patch reaches beyond the grid, the grid's last row and column are repeated.
        """
        parts = []
        for k, grid in enumerate(levels):
            expected = self.token_grids[k]
            if tuple(grid.shape[1:]) != expected:
                raise HiTVideoError(
                    f"Level {k + 1} should have {expected} codes, not {tuple(grid.shape[1:])}."
                )
            codes = self.patched(grid, k)
            parts.append((codes * self._base(k, codes)).sum(-1))
        return torch.cat(parts, 1)

    def patched(self, grid: Tensor, level: int) -> Tensor:
        """One level's grid ``(B, t, h, w)`` by position and token ``(B, n, patch**2)``."""
        patch = self.patches[level]
        for axis in (2, 3):
            beyond = -grid.shape[axis] % patch
            last = grid.narrow(axis, grid.shape[axis] - 1, 1)
            grid = torch.cat([grid, *[last] * beyond], axis)
        return rearrange(grid, "b t (h p) (w q) -> b (t h w) (p q)", p=patch, q=patch)

    def revert(self, sequence: Tensor) -> tuple[Tensor, ...]:
        """The inverse of `build`, for as many whole levels as the sequence ``(B, n)`` holds."""
        depth = sum(self.end(k + 1) <= sequence.shape[1] for k in range(len(self.grids)))
        levels = []
        for k in range(depth):
            patch, (t, h, w) = self.patches[k], self.grids[k]
            part = sequence[:, self.starts[k] : self.end(k + 1), None]
            codes = part // self._base(k, part)
            if patch > 1:
                codes = codes % self.codebooks[k]
            sizes = {"t": t, "h": h, "w": w, "p": patch, "q": patch}
            grid = rearrange(codes, "b (t h w) (p q) -> b t (h p) (w q)", **sizes)
            _, rows, columns = self.token_grids[k]
            levels.append(grid[:, :, :rows, :columns])
        return tuple(levels)

    def _base(self, level: int, like: Tensor) -> Tensor:
        """What each code of a patch counts in the number of its position."""
        powers = [self.codebooks[level] ** i for i in range(self.patches[level] ** 2)]
        return torch.tensor(powers, device=like.device)

    @_table
    def level(self) -> Tensor:
        """The level of every position, 0-based ``(N,)``."""
        return torch.repeat_interleave(torch.arange(len(self.counts)), torch.tensor(self.counts))

    @_table
    def coordinates(self) -> Tensor:
        """Every position's centre (t, y, x) in units of the finest grid ``(N, 3)``."""
        fine = torch.tensor(self.strides[-1])
        parts = []
        for stride, grid in zip(self.strides, self.grids, strict=True):
            axes = [torch.arange(n) + 0.5 for n in grid]
            centres = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
            parts.append(centres * torch.tensor(stride) / fine)
        return torch.cat(parts)

    @_table
    def parent(self) -> Tensor:
        """The coarser level's position that covers each position; -1 in level 1 ``(N,)``.

        Where a coarse position covers several frames of finer ones, they share it.
        """
        parts = [torch.full((self.counts[0],), NOTHING)]
        for k in range(1, len(self.grids)):
            ratio = [a // b for a, b in zip(self.strides[k - 1], self.strides[k], strict=True)]
            t, y, x = (torch.arange(n) // r for n, r in zip(self.grids[k], ratio, strict=True))
            _, rows, columns = self.grids[k - 1]
            index = (t[:, None, None] * rows + y[:, None]) * columns + x
            parts.append(self.starts[k - 1] + index.reshape(-1))
        return torch.cat(parts)

    @_table
    def before(self) -> Tensor:
        """The same place one latent frame earlier; -1 in a level's first frame ``(N,)``."""
        parts = []
        for k, count in enumerate(self.counts):
            index = torch.arange(count) - self.frame(k)
            parts.append(torch.where(index < 0, NOTHING, index + self.starts[k]))
        return torch.cat(parts)

    @_table
    def around(self) -> Tensor:
        """The 3x3 places about each position, one and two latent frames earlier ``(N, 18)``.

        -1 beyond the edge and before the first frame.
        """
        parts = []
        for k, (frames, height, width) in enumerate(self.grids):
            t, y, x = (torch.arange(n) for n in (frames, height, width))
            near = torch.arange(-1, 2)
            shape = frames, height, width, 2, 3, 3
            t = (t[:, None] - torch.tensor([1, 2])).view(frames, 1, 1, 2, 1, 1).expand(shape)
            y = (y[:, None] + near).view(1, height, 1, 1, 3, 1).expand(shape)
            x = (x[:, None] + near).view(1, 1, width, 1, 1, 3).expand(shape)
            there = (t >= 0) & (y >= 0) & (y < height) & (x >= 0) & (x < width)
            index = (t * height + y) * width + x + self.starts[k]
            parts.append(torch.where(there, index, NOTHING).reshape(-1, AROUND))
        return torch.cat(parts)

    def beside(self, kinds: Kinds) -> Tensor:
        """The neighbour in the same frame that was written last; -1 where there is none ``(N,)``.

        Token by token that is the position before; within a frame written at once there is none.
        """
        parts = []
        for k, count in enumerate(self.counts):
            index, back = torch.arange(count), self.block(k, kinds[k])
            known = (index % self.frame(k) >= back) & (back < self.frame(k))
            parts.append(torch.where(known, index - back + self.starts[k], NOTHING))
        return torch.cat(parts)

    def frame(self, level: int) -> int:
        """How many positions a latent frame of this level has."""
        return math.prod(self.grids[level][1:])

    def block(self, level: int, kind: str) -> int:
        """How many positions of this level one step writes."""
        return {"token": 1, "frame": self.frame(level)}[kind]

    def blocks(self, kinds: Kinds, depth: int | None = None) -> list[tuple[int, int]]:
        """The steps of the decode loop: (first, end) positions of every block, in order."""
        steps = []
        for k in range(len(self.grids) if depth is None else depth):
            size = self.block(k, kinds[k])
            first = range(self.starts[k], self.end(k + 1), size)
            steps += [(start, start + size) for start in first]
        return steps

    def block_index(self, kinds: Kinds) -> Tensor:
        """The step that writes each position ``(N,)``; a position sees its own and earlier ones."""
        sizes = torch.tensor([end - first for first, end in self.blocks(kinds)])
        return torch.repeat_interleave(torch.arange(len(sizes)), sizes)
