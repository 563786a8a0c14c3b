"""Entropy coding of one level in one block: the networks' probabilities, a range coder's bytes.

Encoder and decoder take the same walk over latent frames and digits, so they cannot disagree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import constriction
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from hitvideo.bitstream.context import BEFORE, MISSING, Context, Past, digits, input_count, undigits
from hitvideo.bitstream.network import TOTAL_BITS, LevelNetwork
from hitvideo.errors import HiTVideoError
from hitvideo.files import binary_output
from hitvideo.tokenizer import TokenGrid, TokenizerConfig

FILE = "tables.safetensors"
MAX_TABLES = 1 << 26  # bytes that are read at most
# No payload is shorter than so many codes a byte, so that a small file cannot ask for endless work;
# of codes that cover fewer than LARGE pixels a byte may hold as many more.
CODES_PER_BYTE, LARGE = 16, 256

# One digit of a whole latent frame: given its latent frame, its place among the digits and the
# frequencies int64 (n, values), gives the digits (n,).
Code = Callable[[int, int, np.ndarray], np.ndarray]

# Categorical distributions are given as floats, but as whole numbers that add up to 2^24 less the
# number of values: the library then scales by exactly 1, and adds the 1 that every value has.
_MODEL = constriction.stream.model.Categorical(perfect=False)


@dataclass(frozen=True)
class Tables:
    """The entropy tables of a release: one network per level, coarse first.

    tokenizer: fingerprint of the tokenizer they belong to. name: SHA-256 of their file, in bytes.
    """

    networks: tuple[LevelNetwork, ...]
    tokenizer: str
    name: bytes

    @classmethod
    def load(cls, folder: Path, config: TokenizerConfig) -> Tables:
        """Reads what `save` wrote; HiTVideoError unless it fits a tokenizer of this layout."""
        path = folder / FILE
        unfit = f"The entropy tables in {folder} are missing, broken or do not fit."
        try:
            if path.stat().st_size > MAX_TABLES:
                raise HiTVideoError(unfit)
            name = sha256(path.read_bytes()).digest()
            with safe_open(path, "numpy") as file:
                arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
                tokenizer = file.metadata()["tokenizer"]
            networks = tuple(
                _network(arrays, k, config.levels[: k + 1]) for k in range(config.depth)
            )
        except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
            raise HiTVideoError(unfit) from error
        return cls(networks, tokenizer, name)


def save_tables(folder: Path, networks: Sequence[LevelNetwork], tokenizer: str) -> None:
    """Writes ``folder/tables.safetensors``, replacing only a complete one."""
    arrays: dict[str, np.ndarray] = {}
    for k, network in enumerate(networks, start=1):
        arrays[f"level{k}.hidden.weight"] = network.hidden_weight
        arrays[f"level{k}.hidden.bias"] = network.hidden_bias
        arrays[f"level{k}.output.weight"] = network.output_weight
        arrays[f"level{k}.output.bias"] = network.output_bias
        arrays[f"level{k}.earlier"] = network.earlier
        shifts = [network.hidden_shift, network.output_shift]
        arrays[f"level{k}.shifts"] = np.array(shifts, np.int32)
    folder.mkdir(parents=True, exist_ok=True)
    with binary_output(folder / FILE) as file:
        file.write(save(arrays, {"tokenizer": tokenizer}))


def _network(arrays: dict[str, np.ndarray], k: int, levels: Sequence[TokenGrid]) -> LevelNetwork:
    steps = levels[-1].steps
    outputs, inputs = sum(steps), input_count(levels)
    hidden = len(arrays[f"level{k + 1}.hidden.bias"])

    def array(name: str, shape: tuple[int, ...], kind: type) -> np.ndarray:
        found = arrays[f"level{k + 1}.{name}"]
        if found.shape != shape or found.dtype != kind:
            raise ValueError(name)
        return found

    shifts = array("shifts", (2,), np.int32).tolist()
    if not all(0 <= shift < 32 for shift in shifts):
        raise ValueError("shifts")
    return LevelNetwork(
        steps=steps,
        hidden_weight=array("hidden.weight", (hidden, inputs), np.int16),
        hidden_bias=array("hidden.bias", (hidden,), np.int32),
        hidden_shift=shifts[0],
        output_weight=array("output.weight", (outputs, hidden), np.int16),
        output_bias=array("output.bias", (outputs,), np.int32),
        output_shift=shifts[1],
        earlier=array("earlier", (outputs, outputs), np.int32),
    )


def encode_level(network: LevelNetwork, context: Context, past: Past, codes: np.ndarray) -> bytes:
    """The payload of one level's codes ``(t, h, w)`` in one block."""
    known = (
        digits(codes, network.steps).astype(np.int32).reshape(len(codes), -1, len(network.steps))
    )
    encoder = constriction.stream.queue.RangeEncoder()

    def code(frame: int, place: int, frequencies: np.ndarray) -> np.ndarray:
        symbols = np.ascontiguousarray(known[frame, :, place])
        encoder.encode(symbols, _MODEL, (frequencies - 1).astype(np.float64))
        return symbols

    _walk(network, context, past, codes.shape, code)
    payload: bytes = encoder.get_compressed().astype("<u4").tobytes()
    return payload.ljust(least_bytes(codes.size, context.level), b"\0")


def information(
    network: LevelNetwork, context: Context, past: Past, codes: np.ndarray
) -> np.ndarray:
    """What each of one level's codes ``(t, h, w)`` takes in one block, in bits, alike shaped."""
    known = digits(codes, network.steps).reshape(len(codes), -1, len(network.steps))
    taken = np.zeros(known.shape[:2])

    def code(frame: int, place: int, frequencies: np.ndarray) -> np.ndarray:
        symbols = known[frame, :, place]
        taken[frame] += TOTAL_BITS - np.log2(frequencies[np.arange(len(symbols)), symbols])
        return symbols

    _walk(network, context, past, codes.shape, code)
    return taken.reshape(codes.shape)


def decode_level(
    network: LevelNetwork, context: Context, past: Past, shape: tuple[int, ...], payload: bytes
) -> np.ndarray:
    """The inverse of `encode_level`; HiTVideoError for a payload that cannot be right."""
    damaged = HiTVideoError("The token file's codes are damaged.")
    if len(payload) < least_bytes(int(np.prod(shape)), context.level):
        raise damaged
    words = np.frombuffer(payload + bytes(-len(payload) % 4), "<u4").astype(np.uint32)
    decoder = constriction.stream.queue.RangeDecoder(words)

    def code(frame: int, place: int, frequencies: np.ndarray) -> np.ndarray:
        try:
            return decoder.decode(_MODEL, (frequencies - 1).astype(np.float64))
        except AssertionError as error:  # bits that no encoder writes
            raise damaged from error

    return _walk(network, context, past, shape, code)


def least_bytes(count: int, level: TokenGrid) -> int:
    """The fewest bytes a payload of ``count`` codes of a level has."""
    return max(1, -(-count // (CODES_PER_BYTE * max(1, LARGE // math.prod(level.stride)))))


def _walk(
    network: LevelNetwork, context: Context, past: Past, shape: tuple[int, ...], code: Code
) -> np.ndarray:
    """Latent frame by latent frame, digit by digit: the codes ``shape``, int64."""
    frames, height, width = shape
    own = np.concatenate([past.codes, np.full(shape, MISSING)])
    for frame in range(frames):
        outputs = network.outputs(context.inputs(own, frame))
        found = np.empty((height * width, len(network.steps)), np.int64)
        for place in range(len(network.steps)):
            frequencies = network.frequencies(outputs, found[:, :place])
            found[:, place] = code(frame, place, frequencies)
        own[BEFORE + frame] = undigits(found, network.steps).reshape(height, width)
    return own[BEFORE:]
