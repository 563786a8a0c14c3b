"""Codes to the bytes of a token file and back: the whole-clip door to `hitvideo.bitstream`.

Knows nothing of pixels: `encode` and `decode` join token files with the tokenizer.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from hitvideo.bitstream.container import ContainerReader
from hitvideo.bitstream.files import TokenReader, TokenWriter
from hitvideo.bitstream.release import BlockCoder, Release
from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer import HiTVideoTokenizer, VideoCodes
from hitvideo.tokenizer.streaming import check_codes

MAX_CODES = 1 << 27  # of one clip in memory: 1 GiB


@dataclass(frozen=True)
class TokenFile:
    """What a token file holds.

    codes: of the levels that are there. Where a block has fewer than the deepest one, the rest of
        its codes are zeros that mean nothing. fps: frames per second. depths: levels held by every
        block of 64 frames. complete: whether that is all the file was written with. note: one
        sentence on what is missing, or "".
    """

    codes: VideoCodes
    fps: float
    depths: tuple[int, ...]
    complete: bool
    note: str


class TokenCoder:
    """Writes and reads token files of one release: a tokenizer and its entropy tables.

    Without tables it writes plain packed bits, and reads only those. Any number of threads may use
    one at once.
    """

    def __init__(self, release: Release) -> None:
        self.release = release

    @classmethod
    def packed(cls, tokenizer: HiTVideoTokenizer) -> TokenCoder:
        """A coder without entropy tables."""
        return cls(Release.packed(tokenizer))

    @classmethod
    def from_pretrained(cls, folder: str | Path, tokenizer: HiTVideoTokenizer) -> TokenCoder:
        """The coder of a model folder: reads ``folder/entropy``, or packs bits where it has none.

        Raises HiTVideoError for tables that are broken or belong to another tokenizer.
        """
        return cls(Release.load(Path(folder) / "entropy", tokenizer))

    def dumps(self, codes: VideoCodes, fps: float, depths: Sequence[int] | None = None) -> bytes:
        """The token file of one clip (a batch of 1).

        fps: frames per second. depths: levels to keep of every block of 64 frames; None keeps all
        that ``codes`` has. Raises HiTVideoError for codes, depths or rates that do not fit.
        """
        self._check(codes)
        writer = TokenWriter(self.release, codes.height, codes.width, fps)
        layout = self.release.layout(codes.frames, codes.height, codes.width)
        kept = [codes.depth] * layout.blocks if depths is None else list(depths)
        if len(kept) != layout.blocks or not all(1 <= d <= codes.depth for d in kept):
            raise HiTVideoError(
                f"There must be one depth of 1 to {codes.depth} for each of the "
                f"{layout.blocks} blocks of this clip."
            )
        grids = [level[0].cpu().numpy() for level in codes.levels]
        with writer:
            for block, depth in enumerate(kept):
                parts = tuple(g[layout.slots(block, k)] for k, g in enumerate(grids[:depth]))
                writer.add(parts, writer.payloads(parts), layout.block_frames(block))
            out = io.BytesIO()
            writer.finish(out)
        return out.getvalue()

    def loads(self, data: bytes) -> TokenFile:
        """The inverse of ``dumps``, as far as the file goes.

        Raises HiTVideoError for anything that is not a sound token file of this very release.
        """
        reader = TokenReader(self.release, io.BytesIO(data))
        layout = reader.layout
        shapes = [layout.whole_shape(k) for k in range(max(reader.depths))]
        if sum(map(math.prod, shapes)) > MAX_CODES:
            raise HiTVideoError("That token file is too large to be read in one piece.")
        grids = [np.zeros(shape, np.int64) for shape in shapes]
        for block, parts in enumerate(reader.blocks()):
            for k, part in enumerate(parts):
                grids[k][layout.slots(block, k)] = part
        levels = tuple(torch.from_numpy(grid).unsqueeze(0) for grid in grids)
        codes = VideoCodes(levels, layout.frames, layout.height, layout.width)
        return TokenFile(codes, reader.fps, reader.depths, not reader.note, reader.note)

    def bits(self, codes: VideoCodes) -> tuple[np.ndarray, ...]:
        """What every code of one clip takes in its token file, in bits: ``(t, h, w)`` a level.

        How surprising it is to the entropy model; without tables, all codes of a level alike.
        """
        self._check(codes)
        layout = self.release.layout(codes.frames, codes.height, codes.width)
        coder = BlockCoder(self.release.config, self.release.tables, layout.grids)
        grids = [level[0].cpu().numpy() for level in codes.levels]
        found: list[list[np.ndarray]] = [[] for _ in grids]
        for block in range(layout.blocks):
            parts = tuple(g[layout.slots(block, k)] for k, g in enumerate(grids))
            for level, bits in zip(found, coder.bits(parts), strict=True):
                level.append(bits)
            coder.remember(parts)
        return tuple(np.concatenate(level) for level in found)

    def level_sizes(self, data: bytes) -> tuple[int, ...]:
        """Bytes of the file when cut after level 1, after level 2, ..., header included."""
        return ContainerReader(io.BytesIO(data)).sizes

    def _check(self, codes: VideoCodes) -> None:
        if codes.levels and codes.levels[0].shape[0] != 1:
            raise HiTVideoError("A token file holds one clip, not a batch.")
        check_codes(self.release.config, codes)
