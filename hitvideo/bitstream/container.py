"""The token file's container: sections by level, blocks within them, their index and checksums.

Payloads are opaque bytes here; what they mean is the coder's business. Nothing is held in memory
beyond one block: sections wait in temporary files while a file is written.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import IO, BinaryIO
from zlib import crc32

from hitvideo.bitstream.header import CRC_BYTES, MAX_HEADER, Cursor, Header, varint
from hitvideo.errors import HiTVideoError

CHUNK = 1 << 20  # bytes read at a time
IN_MEMORY = 1 << 20  # bytes of a section that wait in memory before they go to disk


class ContainerWriter:
    """Takes the payloads of block after block, then writes the whole file."""

    def __init__(self) -> None:
        self.depths: list[int] = []
        self.lengths: list[list[int]] = []
        self.spools: list[IO[bytes]] = []

    def add(self, payloads: Sequence[bytes]) -> None:
        """The next block's payloads, coarse first; as many as the block has levels."""
        self.depths.append(len(payloads))
        while len(self.spools) < len(payloads):
            self.spools.append(tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115
            self.lengths.append([])
        for spool, lengths, payload in zip(self.spools, self.lengths, payloads, strict=False):
            spool.write(payload)
            lengths.append(len(payload))

    def finish(self, header: Header, out: BinaryIO) -> tuple[int, ...]:
        """Writes ``header``, its depths and sections filled in, and all sections to ``out``.

        Returns the bytes of the file when cut after level 1, after level 2, and so on.
        """
        indexes = [b"".join(map(varint, lengths[:-1])) for lengths in self.lengths]
        sections = [
            len(index) + sum(lengths) + CRC_BYTES
            for index, lengths in zip(indexes, self.lengths, strict=True)
        ]
        start = replace(header, depths=tuple(self.depths), sections=tuple(sections)).to_bytes()
        out.write(start)
        for index, spool in zip(indexes, self.spools, strict=True):
            out.write(index)
            checksum = crc32(index)
            spool.seek(0)
            while piece := spool.read(CHUNK):
                out.write(piece)
                checksum = crc32(piece, checksum)
            out.write(checksum.to_bytes(CRC_BYTES, "little"))
        return cut_sizes(len(start), sections)

    def close(self) -> None:
        for spool in self.spools:
            spool.close()


def cut_sizes(start: int, sections: Sequence[int]) -> tuple[int, ...]:
    """Bytes up to the end of every section, when the header takes ``start``."""
    return tuple(start + sum(sections[: k + 1]) for k in range(len(sections)))


@dataclass(frozen=True)
class Payload:
    """Where a block's payload of one level lies in the file, in bytes."""

    offset: int
    length: int


class ContainerReader:
    """A token file, its checksums verified, whose payloads can be read in any order.

    header: what the file says of itself. held: how many whole levels it has. note: one sentence
    where that is fewer than the header promises, else "".
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        size = file.seek(0, 2)
        file.seek(0)
        self.header, start = Header.parse(file.read(MAX_HEADER))
        self.sizes = cut_sizes(start, self.header.sections)
        if size > self.sizes[-1]:
            raise HiTVideoError("The token file goes on after its end.")
        self.held = sum(end <= size for end in self.sizes)
        self.note = self._note(size)
        if not self.held:
            raise HiTVideoError("The token file ends before its first level is complete.")
        starts = [start, *self.sizes]
        self.index = [self._index(k, starts[k]) for k in range(self.held)]

    def payloads(self, block: int, depth: int) -> list[bytes]:
        """A block's payloads, coarse first: of ``depth`` levels, or of those it has if fewer."""
        found = []
        for level in self.index[:depth]:
            if block in level:
                self.file.seek(level[block].offset)
                found.append(self.file.read(level[block].length))
        return found

    def _note(self, size: int) -> str:
        if self.held == len(self.sizes):
            return ""
        if self.held and size == self.sizes[self.held - 1]:
            return f"The file ends after level {self.held} of {len(self.sizes)}."
        read = "level 1 was" if self.held == 1 else f"levels 1 to {self.held} were"
        return f"The file ends inside level {self.held + 1}; {read} read."

    def _index(self, level: int, start: int) -> dict[int, Payload]:
        """Every block's payload in a section (levels from 0), which must fill it exactly."""
        blocks = [b for b, depth in enumerate(self.header.depths) if depth > level]
        end = self.sizes[level] - CRC_BYTES
        broken = HiTVideoError(f"Level {level + 1} of the token file is damaged.")
        self._verify(start, end, broken)
        self.file.seek(start)
        cursor = Cursor(self.file.read(min(5 * len(blocks), end - start)), 0, str(broken))
        lengths = [cursor.varint() for _ in blocks[1:]]
        offset = start + cursor.position
        lengths.append(end - offset - sum(lengths))
        index = {}
        for block, length in zip(blocks, lengths, strict=True):
            if length < 1:
                raise broken
            index[block] = Payload(offset, length)
            offset += length
        return index

    def _verify(self, start: int, end: int, broken: HiTVideoError) -> None:
        if end <= start:
            raise broken
        self.file.seek(start)
        checksum, left = 0, end - start
        while left:
            piece = self.file.read(min(CHUNK, left))
            if not piece:
                raise broken
            checksum, left = crc32(piece, checksum), left - len(piece)
        if self.file.read(CRC_BYTES) != checksum.to_bytes(CRC_BYTES, "little"):
            raise broken
