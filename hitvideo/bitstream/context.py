"""What is known before a latent frame of codes is read: the inputs of the entropy model.

Integers only, of earlier latent frames and coarser levels, so that a whole latent frame is
predicted at once, and alike on every machine. docs/format.md lists the inputs in order. Knows
nothing of probabilities or bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hitvideo.tokenizer.config import TokenGrid

MISSING = -1  # stands for codes of a latent frame that is not there
OLDEST = 8  # latent frames; a longer past counts as this long
BEFORE = 2  # earlier latent frames of the same level that are looked at

_NEIGHBOURS = [(y, x) for y in (0, 1, 2) for x in (0, 1, 2) if (y, x) != (1, 1)]


@dataclass(frozen=True)
class Past:
    """What a level goes on from.

    codes: its last two latent frames ``(2, h, w)``. age: how many it has had on end, at most 8.
    """

    codes: np.ndarray
    age: int

    @classmethod
    def none(cls, grid: tuple[int, int]) -> Past:
        return cls(np.full((BEFORE, *grid), MISSING), 0)

    def after(self, codes: np.ndarray) -> Past:
        """The past once ``codes`` ``(t, h, w)`` have followed."""
        both = np.concatenate([self.codes, codes])
        return Past(both[-BEFORE:], min(self.age + len(codes), OLDEST))


class Context:
    """The inputs for one level in one block.

    levels: configurations of this level and all coarser ones, coarse first. pasts: where each of
    them stood before the block. coarse: the block's codes of the coarser ones, ``(t, h, w)`` each.
    """

    def __init__(
        self, levels: Sequence[TokenGrid], pasts: Sequence[Past], coarse: Sequence[np.ndarray]
    ) -> None:
        self.level, self.past = levels[-1], pasts[-1]
        self.coarser = [
            _Coarser(above, self.level, past, codes)
            for above, past, codes in zip(levels, pasts, coarse, strict=False)
        ]

    def inputs(self, own: np.ndarray, frame: int) -> np.ndarray:
        """Inputs of latent frame ``frame`` of the block, int8 ``(h * w, count)``.

        own: this level's latent frames, two of the past and then those of the block ``(2 + t, h,
            w)``; none from ``2 + frame`` on is looked at.
        """
        steps = self.level.steps
        last, older = own[frame + 1], own[frame]
        values = digit_values(last, steps)
        slot = frame % self.level.slots
        parts = [one_hot(last, steps), digit_values(older, steps), _neighbours(values)]
        for index, coarser in enumerate(reversed(self.coarser)):
            parts += coarser.inputs(frame, parent=index == 0)
        stretch = self.coarser[-1].stretch if self.coarser else (1, 1)
        parts.append(_place(last.shape, slot, self.level.slots, stretch))
        age = np.zeros((*last.shape, OLDEST + 1), np.int8)
        age[..., min(self.past.age + frame, OLDEST)] = 1
        parts.append(age)
        joined = np.concatenate(parts, -1)
        return joined.reshape(-1, joined.shape[-1])


def input_count(levels: Sequence[TokenGrid]) -> int:
    """How many inputs the last of these levels has."""
    grids = [
        (levels[0].stride[1] // k.stride[1], levels[0].stride[2] // k.stride[2]) for k in levels
    ]
    pasts = [Past.none(grid) for grid in grids]
    coarse = [np.zeros((k.slots, *grid), int) for k, grid in zip(levels, grids, strict=True)]
    own = np.concatenate([pasts[-1].codes, coarse[-1]])
    return Context(levels, pasts, coarse[:-1]).inputs(own, 0).shape[1]


class _Coarser:
    """A coarser level seen from a finer one."""

    def __init__(self, level: TokenGrid, finer: TokenGrid, past: Past, codes: np.ndarray) -> None:
        self.steps = level.steps
        self.slots = finer.slots // level.slots  # latent frames of the finer level to one of ours
        self.stretch = level.stride[1] // finer.stride[1], level.stride[2] // finer.stride[2]
        self.codes = np.concatenate([past.codes[-1:], codes])

    def inputs(self, frame: int, parent: bool) -> list[np.ndarray]:
        here = frame // self.slots
        codes, before = self.codes[here + 1], self.codes[here]
        values, earlier = digit_values(codes, self.steps), digit_values(before, self.steps)
        parts = [one_hot(codes, self.steps) if parent else values]
        parts += [earlier, np.abs(values - earlier)]
        if parent:
            parts.append(_neighbours(values))
        high, wide = self.stretch
        return [np.concatenate(parts, -1).repeat(high, 0).repeat(wide, 1)]


def digits(codes: np.ndarray, steps: Sequence[int]) -> np.ndarray:
    """Codes ``(...)`` to FSQ digits ``(..., len(steps))``, first dimension least significant."""
    found = []
    for count in steps:
        codes, digit = np.divmod(codes, count)
        found.append(digit)
    return np.stack(found, -1)


def undigits(found: np.ndarray, steps: Sequence[int]) -> np.ndarray:
    """The inverse of `digits`, int64."""
    base = np.cumprod([1, *steps[:-1]])
    return (found.astype(np.int64) * base).sum(-1)


def digit_values(codes: np.ndarray, steps: Sequence[int]) -> np.ndarray:
    """Digits as int8 ``(..., len(steps))`` centred on 0, 2 apart; 0 where the code is missing."""
    centred = 2 * digits(codes, steps) - (np.array(steps) - 1)
    return (centred * (codes != MISSING)[..., None]).astype(np.int8)


def one_hot(codes: np.ndarray, steps: Sequence[int]) -> np.ndarray:
    """Digits as int8 ``(..., sum(steps))``, one 1 per digit; all 0 where the code is missing."""
    found = digits(codes, steps)
    present = codes != MISSING
    parts = [
        (found[..., i, None] == np.arange(count)) & present[..., None]
        for i, count in enumerate(steps)
    ]
    return np.concatenate(parts, -1).astype(np.int8)


def _neighbours(values: np.ndarray) -> np.ndarray:
    """The eight neighbours' values ``(h, w, 8 * d)``, row by row; 0 outside."""
    height, width, _ = values.shape
    padded = np.pad(values, ((1, 1), (1, 1), (0, 0)))
    return np.concatenate([padded[y : y + height, x : x + width] for y, x in _NEIGHBOURS], -1)


def _place(grid: tuple[int, ...], slot: int, slots: int, stretch: tuple[int, int]) -> np.ndarray:
    """Where each position lies within its parent's, one-hot ``(h, w, slots * high * wide)``."""
    high, wide = stretch
    y, x = np.indices(grid)
    number = (slot * high + y % high) * wide + x % wide
    return (number[..., None] == np.arange(slots * high * wide)).astype(np.int8)
