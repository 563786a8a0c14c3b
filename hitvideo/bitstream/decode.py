"""A token file to video, group by group, in memory that does not grow with the length.

Knows nothing of video files.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from hitvideo.bitstream.coder import TokenFile
from hitvideo.bitstream.files import TokenReader
from hitvideo.bitstream.layout import Layout
from hitvideo.bitstream.release import BlockCodes
from hitvideo.errors import HiTVideoError
from hitvideo.frames import video_to_frames
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.tokenizer.config import GROUP
from hitvideo.tokenizer.streaming import StreamDecoder, split_groups


def decode_video(
    tokenizer: HiTVideoTokenizer, source: TokenFile | TokenReader, depth: int | None = None
) -> Iterator[np.ndarray]:
    """The frames of a token file, uint8 RGB ``(H, W, 3)``, made 8 at a time as they are asked for.

    depth: levels to decode at most (None: all that every block holds). Raises HiTVideoError for a
    depth that the file does not hold.
    """
    held = max(source.depths)
    if depth is not None and not 1 <= depth <= held:
        raise HiTVideoError(f"The depth must be between 1 and {held}, not {depth}.")
    return _decode(tokenizer, source, depth)


def _decode(
    tokenizer: HiTVideoTokenizer, source: TokenFile | TokenReader, depth: int | None
) -> Iterator[np.ndarray]:
    if isinstance(source, TokenReader):
        layout, blocks = source.layout, source.blocks(depth)
    else:
        codes = source.codes
        layout = Layout(tokenizer.config, codes.frames, codes.height, codes.width)
        blocks = _blocks_in(source, layout, depth)
    decoder = StreamDecoder(tokenizer, layout.height, layout.width)
    for index, block in enumerate(blocks):
        left = layout.block_frames(index)
        levels = [torch.from_numpy(part).unsqueeze(0) for part in block]
        for group in split_groups(tokenizer.config, levels):
            yield from video_to_frames(decoder.push(group, min(GROUP, left)))
            left -= GROUP


def _blocks_in(file: TokenFile, layout: Layout, depth: int | None) -> Iterator[BlockCodes]:
    grids = [level[0].cpu().numpy() for level in file.codes.levels]
    for block, held in enumerate(file.depths):
        kept = held if depth is None else min(depth, held)
        yield tuple(grids[k][layout.slots(block, k)] for k in range(kept))
