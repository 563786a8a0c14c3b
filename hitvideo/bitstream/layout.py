"""Where every code of a video lies in a token file: blocks of 64 frames, levels, grids.

Plain arithmetic; knows nothing of bytes, coders or tensors.
"""

from __future__ import annotations

from dataclasses import dataclass

from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer.config import GROUP, TokenizerConfig

BLOCK = 64  # frames: 8 seconds at 8 frames per second
MAX_SIDE = 4096  # pixels
MAX_FRAMES = 216_000  # seven and a half hours at 8 frames per second


@dataclass(frozen=True)
class Layout:
    """The grids of codes of one video.

    frames, height, width: of the video itself, before padding.
    """

    config: TokenizerConfig
    frames: int
    height: int
    width: int

    def __post_init__(self) -> None:
        if not (1 <= self.height <= MAX_SIDE and 1 <= self.width <= MAX_SIDE):
            raise HiTVideoError(
                f"A token file holds pictures of 1 to {MAX_SIDE} pixels a side, "
                f"not {self.width}x{self.height}."
            )
        if not 1 <= self.frames <= MAX_FRAMES:
            raise HiTVideoError(f"A token file holds 1 to {MAX_FRAMES} frames, not {self.frames}.")

    @property
    def blocks(self) -> int:
        return -(-self.frames // BLOCK)

    def block_frames(self, block: int) -> int:
        """Frames of a block: 64, or fewer in the last one."""
        return min(BLOCK, self.frames - block * BLOCK)

    def slots(self, block: int, level: int) -> slice:
        """The latent frames of a block in a level's grid (levels from 0)."""
        slots = self.config.levels[level].slots
        start = block * (BLOCK // GROUP) * slots
        groups = -(-self.block_frames(block) // GROUP)
        return slice(start, start + groups * slots)

    def grid(self, level: int) -> tuple[int, int]:
        """Height and width of a level's grid, on the padded size."""
        _, mh, mw = self.config.multiple
        _, sh, sw = self.config.levels[level].stride
        return -(-self.height // mh) * mh // sh, -(-self.width // mw) * mw // sw

    @property
    def grids(self) -> list[tuple[int, int]]:
        """Height and width of every level's grid, coarse first."""
        return [self.grid(level) for level in range(self.config.depth)]

    def shape(self, block: int, level: int) -> tuple[int, int, int]:
        """Shape ``(t, h, w)`` of a block's codes at a level."""
        slots = self.slots(block, level)
        return slots.stop - slots.start, *self.grid(level)

    def whole_shape(self, level: int) -> tuple[int, int, int]:
        """Shape ``(t, h, w)`` of all the video's codes at a level."""
        return self.slots(self.blocks - 1, level).stop, *self.grid(level)
