"""What a tokenizer is made of: strides, codebooks and widths, as plain data.

Knows nothing of tensors or weights. `to_dict` / `from_dict` are what `config.json` holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from hitvideo.errors import HiTVideoError

MAX_CODEBOOK = 1 << 63
FINE = 4  # pixels (h, w) at a position of the level of detail
GROUP = 8  # frames in a causal group: the coarsest temporal stride, and one engine step


@dataclass(frozen=True)
class TokenGrid:
    """How many tokens a level has, and how many bits each may take.

    stride: pixels (t, h, w) that one token covers; t divides the group of 8 frames.
    steps: FSQ steps per dimension; their product is the codebook size.
    """

    stride: tuple[int, int, int]
    steps: tuple[int, ...]

    def __post_init__(self) -> None:
        if GROUP % self.stride[0]:
            raise HiTVideoError(f"A temporal stride must divide {GROUP}, not {self.stride[0]}.")
        if not self.steps or min(self.steps) < 2:
            raise HiTVideoError("A quantizer needs at least two steps in every dimension.")
        if self.codebook_size > MAX_CODEBOOK:
            raise HiTVideoError("A token must fit into 63 bits.")

    @property
    def codebook_size(self) -> int:
        return math.prod(self.steps)

    @property
    def bits(self) -> float:
        """Nominal bits of one token."""
        return math.log2(self.codebook_size)

    @property
    def slots(self) -> int:
        """Tokens per grid position in one group of 8 frames."""
        return GROUP // self.stride[0]

    @property
    def bpp(self) -> float:
        """Nominal bits per pixel that this level alone adds."""
        return self.bits / math.prod(self.stride)


@dataclass(frozen=True)
class LevelConfig(TokenGrid):
    """One level of the ladder.

    pool: the level sees the video averaged over boxes of (t, h, w); the detail finer than that is
        left to finer levels. ``stride / pool`` is a power of two on every axis.
    width: channels of the level's networks.
    encoder_blocks, decoder_blocks: residual blocks before and after quantization.
    memory: 0, or how many linear transforms a level with memory has. Such a level predicts from its
        own previous group and, where nothing moves, codes what is still missing: one transform for
        every group that a place has stood still, the last one for all later ones. A level without
        memory describes each group by itself, which is what a language model reads best.
    reads_finer: whether its encoder also reads what the next finer level's has seen. A level that
        does not can be trained and run without any finer one.
    """

    pool: tuple[int, int, int]
    width: int
    encoder_blocks: int
    decoder_blocks: int
    memory: int
    reads_finer: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if GROUP % self.pool[0]:
            raise HiTVideoError(f"A temporal pool must divide {GROUP}, not {self.pool[0]}.")
        for size in self.patch:
            if size < 1 or size & (size - 1):
                raise HiTVideoError("A level's stride divided by its pool must be a power of two.")

    @property
    def patch(self) -> tuple[int, int, int]:
        """Samples (t, h, w) of the pooled video at one grid position of a whole group."""
        (_, sh, sw), (pt, ph, pw) = self.stride, self.pool
        return GROUP // pt, sh // ph if sh % ph == 0 else 0, sw // pw if sw % pw == 0 else 0


@dataclass(frozen=True)
class DetailConfig(TokenGrid):
    """The finest level, which codes frame by frame what the ladder's picture lacks (`Detail`).

    width: channels of its networks. context_blocks, synthesis_blocks: residual blocks before and
    after quantization.
    """

    width: int = 64
    context_blocks: int = 3
    synthesis_blocks: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stride != (1, FINE, FINE):
            raise HiTVideoError(f"A token of detail covers {FINE}x{FINE} pixels of one frame.")


# The shipped ladder: levels 1-3 take 0.0186 bits per pixel, all four 0.0655.
MINI_LEVELS = (
    LevelConfig((8, 32, 32), (8, 8, 4, 4, 4), (2, 4, 4), 144, 1, 2, memory=0),
    LevelConfig((8, 16, 16), (4,) * 6, (2, 2, 2), 144, 1, 2, memory=0, reads_finer=False),
    LevelConfig((4, 16, 16), (4, 4, 4, 4, 4, 3), (1, 2, 2), 208, 1, 2, memory=8),
    LevelConfig((4, 8, 8), (4, 4, 4, 4, 4, 4), (1, 1, 1), 256, 2, 3, memory=8),
)

# Below it: 12 digits a token, most of them nothing.
DETAIL = DetailConfig((1, 4, 4), (7,) * 6 + (5,) * 6)

# The usual single-level video tokenizer, 0.0625 bits per pixel, to compare the hierarchy with:
# as many parameters, and the same memory as far as it goes without a coarser level to read
# stillness off.
SINGLE_LEVEL = (LevelConfig((4, 8, 8), (4,) * 8, (1, 1, 1), 320, 4, 6, memory=1),)

LAYOUTS = {"hierarchy": MINI_LEVELS, "single": SINGLE_LEVEL}


@dataclass(frozen=True)
class TokenizerConfig:
    """The whole tokenizer; ``levels`` run coarse to fine: a ladder, and detail below it or not."""

    levels: tuple[LevelConfig | DetailConfig, ...] = field(default=MINI_LEVELS)

    def __post_init__(self) -> None:
        ladder = self.ladder
        if not ladder:
            raise HiTVideoError("A tokenizer needs at least one level.")
        if len(ladder) + (self.detail is not None) != len(self.levels):
            raise HiTVideoError("Only the finest level can be one of detail.")
        if ladder[-1].pool != (1, 1, 1):
            raise HiTVideoError("The ladder's last level must see the video at full resolution.")
        for coarse, fine in pairwise(ladder):
            for a, b in ((coarse.stride, fine.stride), (coarse.pool, fine.pool)):
                if any(x % y for x, y in zip(a, b, strict=True)):
                    raise HiTVideoError("Each level's stride and pool must divide the coarser one.")
        if self.detail and any(
            x % y for x, y in zip(ladder[-1].stride, self.detail.stride, strict=True)
        ):
            raise HiTVideoError("The stride of detail must divide the coarser one.")

    @property
    def ladder(self) -> tuple[LevelConfig, ...]:
        return tuple(level for level in self.levels if isinstance(level, LevelConfig))

    @property
    def detail(self) -> DetailConfig | None:
        last = self.levels[-1]
        return last if isinstance(last, DetailConfig) else None

    @property
    def depth(self) -> int:
        return len(self.levels)

    @property
    def multiple(self) -> tuple[int, int, int]:
        """Sizes (t, h, w) are padded up to multiples of this."""
        return GROUP, self.levels[0].stride[1], self.levels[0].stride[2]

    def bpp(self, depth: int | None = None) -> float:
        """Nominal bits per pixel of the first ``depth`` levels (all of them by default)."""
        return sum(level.bpp for level in self.levels[:depth])

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TokenizerConfig:
        """The inverse of ``to_dict``; raises HiTVideoError for anything that does not fit."""
        try:
            return cls(tuple(_level(tuples(level)) for level in data["levels"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise HiTVideoError(f"The tokenizer's config.json does not fit: {error}.") from error


def _level(data: dict[str, Any]) -> LevelConfig | DetailConfig:
    return LevelConfig(**data) if "pool" in data else DetailConfig(**data)


def tuples(level: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows lists only."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in level.items()}
