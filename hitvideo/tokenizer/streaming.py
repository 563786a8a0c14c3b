"""Tokens of a video that arrives in pieces, and a video from tokens group by group.

Every caller's chunks are cut into groups of 8 frames before anything is computed, so the chunk plan
cannot change a token. Memory does not grow with the length. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from hitvideo.errors import HiTVideoError
from hitvideo.frames import check_video
from hitvideo.tokenizer.codes import VideoCodes
from hitvideo.tokenizer.config import GROUP, TokenizerConfig
from hitvideo.tokenizer.group import GroupTokenizer, State

GroupCodes = tuple[Tensor, ...]  # codes of one group, coarse to fine, (B, 8/stride_t, h, w) each


class StreamEncoder:
    """Push chunks of any length, then flush; each returns the codes of the groups it completed.

    depth: how many levels to write (None: all).
    """

    def __init__(self, tokenizer: GroupTokenizer, depth: int | None = None) -> None:
        if depth is not None and not 1 <= depth <= tokenizer.config.depth:
            raise HiTVideoError(
                f"The depth must be between 1 and {tokenizer.config.depth}, not {depth}."
            )
        self.tokenizer = tokenizer
        self.depth = depth
        self.state: State = tokenizer.initial_state
        self.waiting: Tensor | None = None
        self.ended = False

    def push(self, chunk: Tensor) -> list[GroupCodes]:
        """Takes ``(B, 3, t, H, W)`` in [-1, 1]; batch and size must stay the same all along."""
        check_video(chunk)
        if chunk.dtype != torch.float32 or not chunk.isfinite().all():
            raise HiTVideoError("A video is made of finite float32 numbers in [-1, 1].")
        if self.ended:
            raise HiTVideoError("This stream has ended; another video needs another encoder.")
        waiting = chunk
        if self.waiting is not None:
            if self.waiting.shape[:2] + self.waiting.shape[3:] != chunk.shape[:2] + chunk.shape[3:]:
                raise HiTVideoError("All chunks of a video must have the same size.")
            waiting = torch.cat([self.waiting, chunk], 2)
        whole = waiting.shape[2] // GROUP * GROUP
        self.waiting = waiting[:, :, whole:].clone()  # not a view that keeps the whole chunk alive
        return [self._encode(waiting[:, :, i : i + GROUP]) for i in range(0, whole, GROUP)]

    def flush(self) -> list[GroupCodes]:
        """Ends the stream: a last group that is not full is filled by repeating its last frame."""
        waiting, self.waiting, self.ended = self.waiting, None, True
        return [] if waiting is None or not waiting.shape[2] else [self._encode(waiting)]

    @torch.no_grad()
    def _encode(self, group: Tensor) -> GroupCodes:
        padded = self.tokenizer.pad(group.to(self.tokenizer.device))
        batch, _, _, height, width = padded.shape
        shape = batch, height, width
        result = self.tokenizer.step(self.state, shape, group=padded, levels=self.depth)
        self.state = result.state
        return result.codes


class StreamDecoder:
    """Push the codes of group after group; each gives the frames of that group.

    height, width: of the video, in pixels. state: of a decoder that has already come so far (None:
    the video begins here); it never changes in place, so it may be kept and used again.
    """

    def __init__(
        self, tokenizer: GroupTokenizer, height: int, width: int, state: State | None = None
    ) -> None:
        self.tokenizer, self.height, self.width = tokenizer, height, width
        self.state: State = tokenizer.initial_state if state is None else state

    @torch.no_grad()
    def push(self, group: GroupCodes, frames: int = GROUP) -> Tensor:
        """The first ``frames`` of the group: ``(B, 3, frames, height, width)`` in [-1, 1].

        group: codes of as many levels as are to be decoded, which may differ from group to group.
        """
        _, mh, mw = self.tokenizer.config.multiple
        shape = len(group[0]), -(-self.height // mh) * mh, -(-self.width // mw) * mw
        codes = [level.to(self.tokenizer.device) for level in group]
        result = self.tokenizer.step(self.state, shape, codes=codes)
        self.state = result.state
        return result.video[:, :, :frames, : self.height, : self.width].clamp(-1, 1)


def decode_stream(
    tokenizer: GroupTokenizer, codes: VideoCodes, depth: int | None = None
) -> Iterator[Tensor]:
    """The clip as pieces ``(B, 3, 8, H, W)`` in [-1, 1], the last one as short as the clip ends."""
    if depth is not None:
        codes = codes.truncate(depth)
    check_codes(tokenizer.config, codes)
    decoder = StreamDecoder(tokenizer, codes.height, codes.width)
    groups = split_groups(tokenizer.config, codes.levels)
    for start, group in zip(range(0, codes.frames, GROUP), groups, strict=True):
        yield decoder.push(group, min(GROUP, codes.frames - start))


def split_groups(config: TokenizerConfig, levels: Sequence[Tensor]) -> Iterator[GroupCodes]:
    """Grids ``(B, t, h, w)`` of whole groups, coarse to fine, group by group."""
    slots = [level.slots for level in config.levels]
    for group in range(levels[0].shape[1] // slots[0]):
        yield tuple(
            level[:, group * n : (group + 1) * n] for level, n in zip(levels, slots, strict=False)
        )


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
