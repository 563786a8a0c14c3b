"""The result of encoding: one grid of integer codes per level, and the size they stand for.

Knows nothing of how codes are made or stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from hitvideo.errors import HiTVideoError


@dataclass(frozen=True)
class VideoCodes:
    """Codes of a batch of clips.

    levels: coarse to fine, LongTensors ``(B, t, h, w)`` with t = ceil(frames / 8) * 8 / stride_t,
        h and w counted on the padded size.
    frames, height, width: size in frames and pixels of the clip itself, before padding.
    """

    levels: tuple[Tensor, ...]
    frames: int
    height: int
    width: int

    @property
    def depth(self) -> int:
        return len(self.levels)

    def truncate(self, depth: int) -> VideoCodes:
        """The same clip with its first ``depth`` levels only (1..depth)."""
        if not 1 <= depth <= self.depth:
            raise HiTVideoError(f"The depth must be between 1 and {self.depth}, not {depth}.")
        return replace(self, levels=self.levels[:depth])
