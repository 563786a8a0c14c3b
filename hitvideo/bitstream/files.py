"""Token files block by block: a writer and a reader whose memory does not grow with the length.

Know nothing of pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import BinaryIO

from hitvideo.bitstream.container import ContainerReader, ContainerWriter
from hitvideo.bitstream.header import CODED, Header
from hitvideo.bitstream.release import BlockCoder, BlockCodes, Release
from hitvideo.errors import HiTVideoError
from hitvideo.rates import exact_rate


class TokenWriter(AbstractContextManager["TokenWriter"]):
    """Writes one token file; as a context manager, it takes its temporary files away with it."""

    def __init__(self, release: Release, height: int, width: int, fps: float) -> None:
        """height, width: pixels; fps: frames per second."""
        self.release = release
        self.height, self.width, self.fps = height, width, exact_rate(fps)
        self.frames = 0
        grids = release.layout(1, height, width).grids
        self.coder = BlockCoder(release.config, release.tables, grids)
        self.container = ContainerWriter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.container.close()

    def payloads(self, codes: BlockCodes) -> list[bytes]:
        """What the next block would take, one payload per level; nothing is written yet."""
        return self.coder.encode(codes)

    def add(self, codes: BlockCodes, payloads: Sequence[bytes], frames: int) -> None:
        """The next block: its codes and their payloads, both cut to its depth, and its frames."""
        self.container.add(payloads)
        self.coder.remember(codes)
        self.frames += frames

    def finish(self, out: BinaryIO) -> tuple[int, ...]:
        """Writes the file; returns its bytes when cut after level 1, after level 2, ..."""
        self.release.layout(self.frames, self.height, self.width)  # raises if it is too large
        header = Header(
            coding=self.release.coding,
            width=self.width,
            height=self.height,
            frames=self.frames,
            fps=self.fps,
            model=self.release.model,
            tables=self.release.tables_name,
            depths=(),
            sections=(),
        )
        return self.container.finish(header, out)


class TokenReader:
    """An opened token file.

    layout: where its codes lie. fps: frames per second. depths: whole levels held by every block.
    sizes: bytes of the whole file when cut after level 1, ... note: one sentence if it was cut.
    """

    def __init__(self, release: Release, file: BinaryIO) -> None:
        self.container = ContainerReader(file)
        header = self.container.header
        if header.model != release.model:
            raise HiTVideoError("This token file was made with another tokenizer.")
        if max(header.depths) > len(release.config.levels):
            raise HiTVideoError("The token file's header states an impossible depth.")
        if header.coding == CODED and header.tables != release.tables_name:
            raise HiTVideoError("This token file was made with other entropy tables.")
        self.tables = release.tables if header.coding == CODED else None
        self.layout = release.layout(header.frames, header.height, header.width)
        self.fps = float(header.fps)
        self.depths = tuple(min(depth, self.container.held) for depth in header.depths)
        self.sizes = self.container.sizes
        self.note = self.container.note

    def blocks(self, depth: int | None = None) -> Iterator[BlockCodes]:
        """The codes of every block, down to ``depth`` levels (None: all it has)."""
        coder = BlockCoder(self.layout.config, self.tables, self.layout.grids)
        for block, held in enumerate(self.depths):
            kept = held if depth is None else min(depth, held)
            shapes = [self.layout.shape(block, k) for k in range(kept)]
            codes = coder.decode(self.container.payloads(block, kept), shapes)
            coder.remember(codes)
            yield codes
