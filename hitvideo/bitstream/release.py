"""What both ends of a token file must share: the tokenizer's layout, its name, its entropy tables.

Turns the codes of one level in one block into a payload and back. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hitvideo.bitstream.header import NAME_BYTES, PACKED
from hitvideo.bitstream.layout import Layout
from hitvideo.bitstream.packing import pack, packed_bytes, unpack
from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer import HiTVideoTokenizer, TokenizerConfig, fingerprint

BlockCodes = tuple[np.ndarray, ...]  # codes of one block, coarse to fine, int64 (t, h, w) each


@dataclass(frozen=True)
class Release:
    """A tokenizer as token files know it.

    model: the first 4 bytes of the tokenizer's fingerprint.
    """

    config: TokenizerConfig
    model: bytes

    @classmethod
    def of(cls, tokenizer: HiTVideoTokenizer) -> Release:
        return cls(tokenizer.config, bytes.fromhex(fingerprint(tokenizer))[:NAME_BYTES])

    @property
    def coding(self) -> int:
        return PACKED

    @property
    def tables_name(self) -> bytes:
        """The first 4 bytes of the tables' hash, or zeros."""
        return bytes(NAME_BYTES)

    def layout(self, frames: int, height: int, width: int) -> Layout:
        return Layout(self.config, frames, height, width)


class BlockCoder:
    """Codes of block after block to payloads, or back; remembers what the next block builds on."""

    def __init__(self, release: Release, coding: int) -> None:
        self.levels = release.config.levels
        self.coding = coding

    def encode(self, codes: BlockCodes) -> list[bytes]:
        """One payload per level; the block is not remembered yet (see `remember`)."""
        return [
            pack(part, level.codebook_size) for part, level in zip(codes, self.levels, strict=False)
        ]

    def decode(self, payloads: Sequence[bytes], shapes: Sequence[tuple[int, ...]]) -> BlockCodes:
        """The codes of a block; HiTVideoError for payloads that cannot be right."""
        found = []
        for payload, shape, level in zip(payloads, shapes, self.levels, strict=False):
            if len(payload) != packed_bytes(int(np.prod(shape)), level.codebook_size):
                raise HiTVideoError("The token file holds too many or too few codes.")
            found.append(unpack(payload, shape, level.codebook_size))
        return tuple(found)

    def remember(self, codes: BlockCodes) -> None:
        """What the block was in the end, cut to its depth."""
