"""What a group autoencoder is made of: strides, codebooks and widths, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer.config import GROUP, tuples

PATCH = 8  # pixels (h, w) of a frame at one position of the finest maps


@dataclass(frozen=True)
class LevelConfig:
    """One level of the hierarchy.

    stride: pixels (t, h, w) that one token covers; t divides the group, h and w are alike.
    steps: FSQ steps per dimension; their product is the codebook size.
    blocks: residual blocks after the codes.
    memory: whether it starts from what the level knew of the group before. A level without memory
        describes each group by itself, which is what a language model reads and writes.
    """

    stride: tuple[int, int, int]
    steps: tuple[int, ...]
    blocks: int
    memory: bool

    @property
    def slots(self) -> int:
        """Tokens per grid position in one group."""
        return GROUP // self.stride[0]

    @property
    def dims(self) -> int:
        """Digits per grid position in one group."""
        return self.slots * len(self.steps)


LEVELS = (
    LevelConfig((8, 32, 32), (8, 8, 4, 4, 4), 2, memory=False),
    LevelConfig((8, 16, 16), (4,) * 6, 2, memory=False),
    LevelConfig((4, 16, 16), (4, 4, 4, 4, 4, 3), 2, memory=True),
    LevelConfig((4, 8, 8), (4,) * 6, 3, memory=True),
)


@dataclass(frozen=True)
class AutoencoderConfig:
    """levels: coarse to fine. widths: channels of a group's maps at every stride of a level, coarse
    to fine, down to PATCH. frame_width: channels of a frame's map at PATCH pixels a position.
    encoder_blocks: at every stride. frame_blocks: (encoder, decoder)."""

    levels: tuple[LevelConfig, ...] = LEVELS
    widths: tuple[int, ...] = (256, 256, 256)
    frame_width: int = 96
    encoder_blocks: int = 2
    frame_blocks: tuple[int, int] = (1, 2)

    def __post_init__(self) -> None:
        strides = self.strides
        if not self.levels or strides[-1] != PATCH or len(strides) != len(self.widths):
            raise HiTVideoError(f"Strides end with {PATCH} pixels, and every one has its width.")
        for coarse, fine in pairwise(strides):
            if coarse != 2 * fine:
                raise HiTVideoError("Every stride is half of the one before.")
        if any(level.stride[1] != level.stride[2] for level in self.levels):
            raise HiTVideoError("A token covers as many rows as columns.")
        if any(GROUP % level.stride[0] for level in self.levels):
            raise HiTVideoError(f"A temporal stride must divide {GROUP}.")

    @property
    def strides(self) -> tuple[int, ...]:
        """Pixels (h, w) at a position of each kind of map, coarse to fine."""
        return tuple(sorted({level.stride[1] for level in self.levels}, reverse=True))

    @property
    def depth(self) -> int:
        return len(self.levels)

    @property
    def multiple(self) -> tuple[int, int, int]:
        """Sizes (t, h, w) are padded up to multiples of this."""
        return GROUP, self.strides[0], self.strides[0]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> AutoencoderConfig:
        """The inverse of ``to_dict``; raises HiTVideoError for anything that does not fit."""
        try:
            levels = tuple(LevelConfig(**tuples(level)) for level in data["levels"])
            return cls(**{**tuples(data), "levels": levels})
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise HiTVideoError(f"The tokenizer's config.json does not fit: {error}.") from error
