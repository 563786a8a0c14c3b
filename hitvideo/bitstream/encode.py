"""Video to a token file, block by block, in memory that does not grow with the length.

Where a block is kept to fewer levels, the tokenizer goes on from the state that the decoder will
be in, so encoder and decoder never drift apart. Knows nothing of video files.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

from hitvideo.bitstream.coder import TokenCoder
from hitvideo.bitstream.files import TokenWriter
from hitvideo.bitstream.layout import BLOCK
from hitvideo.bitstream.release import BlockCodes
from hitvideo.errors import HiTVideoError
from hitvideo.files import PathLike, binary_output
from hitvideo.frames import check_frames, frames_to_video, video_to_frames
from hitvideo.rates import bits_per_pixel
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.tokenizer.config import GROUP
from hitvideo.tokenizer.group import State
from hitvideo.tokenizer.streaming import GroupCodes, StreamDecoder

MAX_PSNR = 100.0  # dB, the score of identical videos
# What the container may add at most, counted in full against `max_bpp`.
FILE_OVERHEAD = 40  # bytes
SECTION_OVERHEAD = 4  # bytes per block and level


@dataclass(frozen=True)
class EncodeReport:
    """What was written.

    frames, height, width: of the video. depths: levels kept of every block of 64 frames. sizes:
    bytes of the file when cut after level 1, after level 2, ... psnr: dB of the video as the whole
    file decodes, over all its pixels (at most 100). note: one sentence where blocks stay below
    the PSNR that was asked for, or "".
    """

    frames: int
    height: int
    width: int
    depths: tuple[int, ...]
    sizes: tuple[int, ...]
    psnr: float
    note: str

    @property
    def bpp(self) -> float:
        """Actual bits per pixel of the whole file."""
        return bits_per_pixel(8 * self.sizes[-1], (self.frames, self.height, self.width))


@dataclass(frozen=True)
class _Wish:
    """How deep a block may go: ``depth`` at most, within ``max_bpp``, no deeper than it needs."""

    depth: int
    max_bpp: float
    min_psnr: float


@dataclass(frozen=True)
class _Pass:
    """A block coded to some depth: its codes by group, its squared error, the state after it."""

    codes: list[GroupCodes]
    error: int
    state: State


def encode_video(
    coder: TokenCoder,
    tokenizer: HiTVideoTokenizer,
    frames: Iterable[np.ndarray],
    fps: float,
    out: BinaryIO | str | Path,
    *,
    depth: int | None = None,
    max_bpp: float | None = None,
    min_psnr: float | None = None,
    inputs: Iterable[PathLike] = (),
) -> EncodeReport:
    """Writes the token file of a video that arrives frame by frame.

    frames: uint8 RGB ``(H, W, 3)`` each, all of one size. fps: frames per second. out: a binary
    file, or a path, which gets a complete file or none. depth: levels to keep (None: all).
    max_bpp: every block of 64 frames keeps as many levels as fit into these actual bits per pixel,
    container included, and at least one. min_psnr: every block keeps the fewest levels that reach
    this many dB, or all if none do, which the report then says. Of several limits the shallowest
    counts. inputs: files that the frames are made from, which ``out`` never replaces.

    Raises HiTVideoError for frames and limits that do not fit.
    """
    levels = len(tokenizer.config.levels)
    if depth is not None and not 1 <= depth <= levels:
        raise HiTVideoError(f"The depth must be between 1 and {levels}, not {depth}.")
    if max_bpp is not None and not 0 < max_bpp < math.inf:  # false for nan too
        raise HiTVideoError(f"The bits per pixel must be a number more than 0, not {max_bpp:g}.")
    if min_psnr is not None and not math.isfinite(min_psnr):
        raise HiTVideoError(f"The PSNR must be a number of dB, not {min_psnr:g}.")
    wish = _Wish(
        depth or levels,
        math.inf if max_bpp is None else max_bpp,
        math.inf if min_psnr is None else min_psnr,
    )
    with binary_output(out, inputs) if isinstance(out, str | Path) else nullcontext(out) as file:
        return _encode(coder, tokenizer, frames, fps, file, wish)


def _encode(
    coder: TokenCoder,
    tokenizer: HiTVideoTokenizer,
    frames: Iterable[np.ndarray],
    fps: float,
    out: BinaryIO,
    wish: _Wish,
) -> EncodeReport:
    blocks = _blocks_of(frames)
    first = next(blocks, None)
    if first is None:
        raise HiTVideoError("There are no frames to encode.")
    _, height, width, _ = first.shape
    coder.release.layout(len(first), height, width)  # raises if it is too large
    state, error, missed = tokenizer.initial_state, 0, 0
    depths: list[int] = []
    with TokenWriter(coder.release, height, width, fps) as writer:
        block: np.ndarray | None = first
        while block is not None:
            deepest = _encode_block(tokenizer, state, block)
            codes = _join(deepest.codes)
            payloads = writer.payloads(codes)
            depth = min(wish.depth, _fitting(payloads, block, wish.max_bpp, not depths))
            kept = _shallowest(tokenizer, state, block, deepest, depth, wish.min_psnr)
            depth = len(kept.codes[0])
            writer.add(codes[:depth], payloads[:depth], len(block))
            state, error = kept.state, error + kept.error
            missed += math.isfinite(wish.min_psnr) and _psnr(kept.error, block.size) < wish.min_psnr
            depths.append(depth)
            block = next(blocks, None)
        sizes = writer.finish(out)
        pixels = writer.frames * height * width
        note = ""
        if missed:
            note = f"{missed} of {len(depths)} blocks of {BLOCK} frames stay below "
            note += f"{wish.min_psnr:g} dB even with all the levels that they may have."
        psnr = _psnr(error, 3 * pixels)
        return EncodeReport(writer.frames, height, width, tuple(depths), sizes, psnr, note)


def _blocks_of(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Frames gathered into blocks, uint8 ``(T, H, W, 3)`` with T up to 64."""
    waiting: list[np.ndarray] = []
    shape: tuple[int, ...] | None = None
    for frame in frames:
        check_frames(frame[None])
        shape = shape or frame.shape
        if frame.shape != shape:
            raise HiTVideoError("All frames of a video must have the same size.")
        waiting.append(frame)
        if len(waiting) == BLOCK:
            yield np.stack(waiting)
            waiting = []
    if waiting:
        yield np.stack(waiting)


@torch.no_grad()
def _encode_block(tokenizer: HiTVideoTokenizer, state: State, block: np.ndarray) -> _Pass:
    """The block at full depth."""
    _, height, width, _ = block.shape
    codes, error = [], 0
    for start in range(0, len(block), GROUP):
        original = block[start : start + GROUP]
        group = tokenizer.pad(frames_to_video(original).to(tokenizer.device))
        result = tokenizer.step(state, (1, group.shape[3], group.shape[4]), group=group)
        state = result.state
        codes.append(result.codes)
        shown = result.video[:, :, : len(original), :height, :width]
        error += _squared_error(original, video_to_frames(shown))
    return _Pass(codes, error, state)


def _decode_block(
    tokenizer: HiTVideoTokenizer,
    state: State,
    block: np.ndarray,
    codes: list[GroupCodes],
) -> _Pass:
    """The block from its codes, as the decoder will see it."""
    _, height, width, _ = block.shape
    decoder, error = StreamDecoder(tokenizer, height, width, state), 0
    for index, group in enumerate(codes):
        original = block[index * GROUP : (index + 1) * GROUP]
        shown = decoder.push(group, len(original))
        error += _squared_error(original, video_to_frames(shown))
    return _Pass(codes, error, decoder.state)


def _shallowest(
    tokenizer: HiTVideoTokenizer,
    state: State,
    block: np.ndarray,
    deepest: _Pass,
    depth: int,
    min_psnr: float,
) -> _Pass:
    """The fewest levels up to ``depth`` that reach ``min_psnr``, or ``depth`` of them."""
    for kept in range(1 if math.isfinite(min_psnr) else depth, depth + 1):
        if kept == len(deepest.codes[0]):
            return deepest
        found = _decode_block(tokenizer, state, block, [codes[:kept] for codes in deepest.codes])
        if kept == depth or _psnr(found.error, block.size) >= min_psnr:
            return found
    raise AssertionError("the loop ends at its last depth")


def _fitting(payloads: list[bytes], block: np.ndarray, max_bpp: float, first: bool) -> int:
    """As many levels as fit into ``max_bpp``, and at least one."""
    budget = max_bpp * (block.size // 3) / 8
    size = FILE_OVERHEAD if first else 0
    for depth, payload in enumerate(payloads):
        size += SECTION_OVERHEAD + len(payload)
        if size > budget:
            return max(depth, 1)
    return len(payloads)


def _join(groups: list[GroupCodes]) -> BlockCodes:
    return tuple(torch.cat(level, 1)[0].cpu().numpy() for level in zip(*groups, strict=True))


def _squared_error(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.square(a.astype(np.int32) - b).sum(dtype=np.int64))


def _psnr(error: int, values: int) -> float:
    return min(MAX_PSNR, 10 * math.log10(255**2 * values / error)) if error else MAX_PSNR
