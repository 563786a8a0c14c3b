"""Tokens of a video that arrives in pieces, and a video from tokens group by group.

Every caller's chunks are cut into groups of 8 frames before anything is computed, so the chunk plan
cannot change a token. Memory does not grow with the length. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer.codes import VideoCodes
from hitvideo.tokenizer.config import GROUP, TokenizerConfig
from hitvideo.tokenizer.model import HiTVideoTokenizer, State, check_video

GroupCodes = tuple[Tensor, ...]  # codes of one group, coarse to fine, (B, 8/stride_t, h, w) each


class StreamEncoder:
    """Push chunks of any length, then flush; each yields the codes of the groups it completed.

    depth: how many levels to write (None: all).
    """

    def __init__(self, tokenizer: HiTVideoTokenizer, depth: int | None = None) -> None:
        if depth is not None and not 1 <= depth <= tokenizer.config.depth:
            raise HiTVideoError(
                f"The depth must be between 1 and {tokenizer.config.depth}, not {depth}."
            )
        self.tokenizer = tokenizer
        self.depth = depth
        self.state: State = tokenizer.initial_state
        self.waiting: Tensor | None = None

    def push(self, chunk: Tensor) -> Iterator[GroupCodes]:
        """Takes ``(B, 3, t, H, W)`` in [-1, 1]; batch and size must stay the same all along."""
        check_video(chunk)
        waiting = chunk
        if self.waiting is not None:
            if self.waiting.shape[:2] + self.waiting.shape[3:] != chunk.shape[:2] + chunk.shape[3:]:
                raise HiTVideoError("All chunks of a video must have the same size.")
            waiting = torch.cat([self.waiting, chunk], 2)
        while waiting.shape[2] >= GROUP:
            yield self._encode(waiting[:, :, :GROUP])
            waiting = waiting[:, :, GROUP:]
        self.waiting = waiting.clone()  # not a view that would keep the whole chunk alive

    def flush(self) -> Iterator[GroupCodes]:
        """Ends the stream: a last group that is not full is filled by repeating its last frame."""
        if self.waiting is not None and self.waiting.shape[2]:
            yield self._encode(self.waiting)
        self.waiting = None

    @torch.no_grad()
    def _encode(self, group: Tensor) -> GroupCodes:
        padded = self.tokenizer.pad(group.to(self.tokenizer.device))
        batch, _, _, height, width = padded.shape
        shape = batch, height, width
        result = self.tokenizer.step(self.state, shape, group=padded, levels=self.depth)
        self.state = result.state
        return result.codes


@torch.no_grad()
def decode_stream(
    tokenizer: HiTVideoTokenizer, codes: VideoCodes, depth: int | None = None
) -> Iterator[Tensor]:
    """The clip as pieces ``(B, 3, 8, H, W)`` in [-1, 1], the last one as short as the clip ends."""
    if depth is not None:
        codes = codes.truncate(depth)
    check_codes(tokenizer.config, codes)
    _, mh, mw = tokenizer.config.multiple
    batch = codes.levels[0].shape[0]
    shape = batch, -(-codes.height // mh) * mh, -(-codes.width // mw) * mw
    state = tokenizer.initial_state
    for start in range(0, codes.frames, GROUP):
        index = start // GROUP
        group = [
            level[:, index * config.slots : (index + 1) * config.slots].to(tokenizer.device)
            for level, config in zip(codes.levels, tokenizer.config.levels, strict=False)
        ]
        result = tokenizer.step(state, shape, codes=group)
        state = result.state
        piece = result.video[:, :, : codes.frames - start, : codes.height, : codes.width]
        yield piece.clamp(-1, 1)


def check_codes(config: TokenizerConfig, codes: VideoCodes) -> None:
    """Raises HiTVideoError unless the codes' count, shapes and values suit the tokenizer."""
    levels = config.levels
    if not 1 <= codes.depth <= len(levels):
        raise HiTVideoError(f"This tokenizer has {len(levels)} levels, the codes {codes.depth}.")
    if min(codes.frames, codes.height, codes.width) < 1:
        raise HiTVideoError("A clip has at least one frame of one pixel.")
    groups = -(-codes.frames // GROUP)
    _, mh, mw = config.multiple
    height, width = -(-codes.height // mh) * mh, -(-codes.width // mw) * mw
    for k, (grid, level) in enumerate(zip(codes.levels, levels, strict=False), start=1):
        expected = groups * level.slots, height // level.stride[1], width // level.stride[2]
        if grid.shape[1:] != expected:
            raise HiTVideoError(
                f"Level {k} should have {expected} codes, not {tuple(grid.shape[1:])}."
            )
        if grid.numel() and not (int(grid.min()) >= 0 and int(grid.max()) < level.codebook_size):
            raise HiTVideoError(f"Level {k} has codes outside 0..{level.codebook_size - 1}.")
