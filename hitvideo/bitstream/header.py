"""The header of a token file: what it says, byte by byte (docs/format.md).

Knows nothing of codes. Everything read is checked before it is believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from zlib import crc32

from hitvideo.bitstream.layout import BLOCK, MAX_FRAMES, MAX_SIDE
from hitvideo.errors import HiTVideoError

MAGIC = b"HTV"
VERSION = 1
PACKED, CODED = 0, 1  # how sections are written: plain bits, or entropy-coded
NAME_BYTES = 4  # of the model's and the tables' hashes
CRC_BYTES = 4
MAX_DEPTH = 16  # levels
MAX_HEADER = 1 << 12  # bytes: 216,000 frames make 3375 blocks of one byte each


@dataclass(frozen=True)
class Header:
    """What a token file says of itself.

    coding: PACKED or CODED. width, height: pixels. frames: of the whole video. fps: frames per
    second. model, tables: the first 4 bytes of the hashes of tokenizer and entropy tables (zeros
    where there are no tables). depths: levels of every block of 64 frames. sections: bytes of every
    level's section, coarse first.
    """

    coding: int
    width: int
    height: int
    frames: int
    fps: Fraction
    model: bytes
    tables: bytes
    depths: tuple[int, ...]
    sections: tuple[int, ...]

    def to_bytes(self) -> bytes:
        numbers = self.width, self.height, self.frames, self.fps.numerator, self.fps.denominator
        body = b"".join(
            [
                MAGIC,
                bytes([VERSION << 4 | self.coding]),
                *map(varint, numbers),
                self.model,
                self.tables,
                bytes(self.depths),
                *map(varint, self.sections),
            ]
        )
        return body + crc32(body).to_bytes(CRC_BYTES, "little")

    @classmethod
    def parse(cls, data: bytes) -> tuple[Header, int]:
        """The header at the start of ``data`` and its length in bytes.

        Raises HiTVideoError unless all is as it must be.
        """
        if data[:3] != MAGIC:
            raise HiTVideoError("This is not a HiTVideo token file.")
        cursor = Cursor(data, 3, "The token file ends inside its header.")
        version, coding = divmod(cursor.take(1)[0], 16)
        if version != VERSION:
            raise HiTVideoError(
                f"This token file is of version {version}, and only version {VERSION} is read."
            )
        if coding not in (PACKED, CODED):
            raise damaged()
        width, height, frames, rate, per = (cursor.varint() for _ in range(5))
        if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE and 1 <= frames <= MAX_FRAMES):
            raise HiTVideoError("The token file's header states an impossible size.")
        if not (rate and per):
            raise damaged()
        model, tables = cursor.take(NAME_BYTES), cursor.take(NAME_BYTES)
        depths = tuple(cursor.take(-(-frames // BLOCK)))
        if not (min(depths) >= 1 and max(depths) <= MAX_DEPTH):
            raise HiTVideoError("The token file's header states an impossible depth.")
        sections = tuple(cursor.varint() for _ in range(max(depths)))
        body = data[: cursor.position]
        if cursor.take(CRC_BYTES) != crc32(body).to_bytes(CRC_BYTES, "little"):
            raise damaged()
        fps = Fraction(rate, per)
        header = cls(coding, width, height, frames, fps, model, tables, depths, sections)
        return header, cursor.position


class Cursor:
    """Reads numbers and bytes one after the other; running out of them is ``ended``."""

    def __init__(self, data: bytes, position: int, ended: str) -> None:
        self.data, self.position, self.ended = data, position, ended

    def take(self, count: int) -> bytes:
        piece = self.data[self.position : self.position + count]
        if len(piece) < count:
            raise HiTVideoError(self.ended)
        self.position += count
        return piece

    def varint(self) -> int:
        """LEB128: 7 bits a byte, lowest first, the high bit set on all but the last; 5 at most."""
        value = 0
        for shift in range(0, 35, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise damaged()


def varint(value: int) -> bytes:
    """A number from 0 to 2^35 - 1 in as few bytes as it needs; see `Cursor.varint`."""
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def damaged() -> HiTVideoError:
    return HiTVideoError("The token file's header is damaged.")
