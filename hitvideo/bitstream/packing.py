"""Codes as plain bits: every code in as many bits as the largest one needs.

The measure that entropy coding is held against, and what a model without entropy tables uses.
"""

from __future__ import annotations

import numpy as np

from hitvideo.errors import HiTVideoError


def pack(codes: np.ndarray, codebook_size: int) -> bytes:
    """Integers in [0, codebook_size) to bits, highest first, the last byte filled with zeros."""
    bits = (codebook_size - 1).bit_length()
    spread = codes.reshape(-1, 1) >> np.arange(bits - 1, -1, -1) & 1
    return np.packbits(spread.astype(np.uint8)).tobytes()


def unpack(data: bytes, shape: tuple[int, ...], codebook_size: int) -> np.ndarray:
    """What `pack` was given, as int64; HiTVideoError for anything else."""
    bits = (codebook_size - 1).bit_length()
    count = int(np.prod(shape))
    if len(data) != -(-count * bits // 8):
        raise HiTVideoError("The token file holds too many or too few codes.")
    spread = np.unpackbits(np.frombuffer(data, np.uint8), count=count * bits).reshape(count, bits)
    codes = np.zeros(count, np.int64)
    for column in range(bits):
        codes = codes << 1 | spread[:, column]
    if codes.size and codes.max() >= codebook_size:
        raise HiTVideoError("The token file holds codes that its model does not have.")
    return codes.reshape(shape)
