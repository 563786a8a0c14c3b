"""A token file to video, group by group, in memory that does not grow with the length.

Knows nothing of video files.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from hitvideo.bitstream.files import TokenReader
from hitvideo.errors import HiTVideoError
from hitvideo.frames import video_to_frames
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.tokenizer.config import GROUP
from hitvideo.tokenizer.streaming import StreamDecoder, split_groups


def decode_video(
    tokenizer: HiTVideoTokenizer, reader: TokenReader, depth: int | None = None
) -> Iterator[np.ndarray]:
    """The frames of a token file, uint8 RGB ``(H, W, 3)``, made 8 at a time as they are asked for.

    depth: levels to decode at most (None: all that every block holds). Raises HiTVideoError for a
    depth that the file does not hold.
    """
    held = max(reader.depths)
    if depth is not None and not 1 <= depth <= held:
        raise HiTVideoError(f"The depth must be between 1 and {held}, not {depth}.")
    return _decode(tokenizer, reader, depth)


def _decode(
    tokenizer: HiTVideoTokenizer, reader: TokenReader, depth: int | None
) -> Iterator[np.ndarray]:
    layout = reader.layout
    decoder = StreamDecoder(tokenizer, layout.height, layout.width)
    for index, block in enumerate(reader.blocks(depth)):
        left = layout.block_frames(index)
        levels = [torch.from_numpy(part).unsqueeze(0) for part in block]
        for group in split_groups(tokenizer.config, levels):
            yield from video_to_frames(decoder.push(group, min(GROUP, left)))
            left -= GROUP
