"""What both ends of a token file must share: the tokenizer's layout, its name, its entropy tables.

Turns the codes of one level in one block into a payload and back. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hitvideo.bitstream.context import Context, Past
from hitvideo.bitstream.entropy import Tables, decode_level, encode_level, information
from hitvideo.bitstream.header import CODED, NAME_BYTES, PACKED
from hitvideo.bitstream.layout import Layout
from hitvideo.bitstream.packing import pack, unpack
from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer import HiTVideoTokenizer, TokenizerConfig, fingerprint

BlockCodes = tuple[np.ndarray, ...]  # codes of one block, coarse to fine, int64 (t, h, w) each


@dataclass(frozen=True)
class Release:
    """A tokenizer as token files know it.

    model: the first 4 bytes of the tokenizer's fingerprint. tables: to write with, and to read
    files that were; None writes and reads plain packed bits.
    """

    config: TokenizerConfig
    model: bytes
    tables: Tables | None

    @classmethod
    def packed(cls, tokenizer: HiTVideoTokenizer) -> Release:
        return cls(tokenizer.config, bytes.fromhex(fingerprint(tokenizer))[:NAME_BYTES], None)

    @classmethod
    def load(cls, folder: Path, tokenizer: HiTVideoTokenizer) -> Release:
        """With the tables in ``folder``, if there is one; HiTVideoError unless they belong here."""
        release = cls.packed(tokenizer)
        if not folder.exists():
            return release
        tables = Tables.load(folder, tokenizer.config)
        if tables.tokenizer != fingerprint(tokenizer):
            raise HiTVideoError(f"The entropy tables in {folder} belong to another tokenizer.")
        return replace(release, tables=tables)

    @property
    def coding(self) -> int:
        return CODED if self.tables else PACKED

    @property
    def tables_name(self) -> bytes:
        """The first 4 bytes of the tables' hash, or zeros."""
        return self.tables.name[:NAME_BYTES] if self.tables else bytes(NAME_BYTES)

    def layout(self, frames: int, height: int, width: int) -> Layout:
        return Layout(self.config, frames, height, width)


class BlockCoder:
    """Codes of block after block to payloads, or back; remembers what the next block builds on.

    tables: None for packed bits. grids: height and width of every level's grid.
    """

    def __init__(
        self, config: TokenizerConfig, tables: Tables | None, grids: Sequence[tuple[int, int]]
    ) -> None:
        self.levels, self.tables, self.grids = config.levels, tables, grids
        self.pasts = [Past.none(grid) for grid in grids]

    def encode(self, codes: BlockCodes) -> list[bytes]:
        """One payload per level; the block is not remembered yet (see `remember`)."""
        if self.tables is None:
            return [pack(c, k.codebook_size) for c, k in zip(codes, self.levels, strict=False)]
        return [
            encode_level(network, self._context(codes[:k]), self.pasts[k], codes[k])
            for k, network in enumerate(self.tables.networks[: len(codes)])
        ]

    def bits(self, codes: BlockCodes) -> list[np.ndarray]:
        """What every code of the block takes, shaped as the codes are."""
        if self.tables is None:
            return [
                np.full(c.shape, float((k.codebook_size - 1).bit_length()))
                for c, k in zip(codes, self.levels, strict=False)
            ]
        return [
            information(network, self._context(codes[:k]), self.pasts[k], codes[k])
            for k, network in enumerate(self.tables.networks[: len(codes)])
        ]

    def decode(self, payloads: Sequence[bytes], shapes: Sequence[tuple[int, ...]]) -> BlockCodes:
        """The codes of a block; HiTVideoError for payloads that cannot be right."""
        codes: BlockCodes = ()
        for k, (payload, shape) in enumerate(zip(payloads, shapes, strict=True)):
            if self.tables is None:
                part = unpack(payload, shape, self.levels[k].codebook_size)
            else:
                network, context = self.tables.networks[k], self._context(codes)
                part = decode_level(network, context, self.pasts[k], shape, payload)
            codes = (*codes, part)
        return codes

    def remember(self, codes: BlockCodes) -> None:
        """What the block was in the end, cut to its depth."""
        for k, grid in enumerate(self.grids):
            after = self.pasts[k].after(codes[k]) if k < len(codes) else Past.none(grid)
            self.pasts[k] = after

    def _context(self, coarse: BlockCodes) -> Context:
        count = len(coarse) + 1
        return Context(self.levels[:count], self.pasts[:count], coarse)
