"""A release of the tiny tokenizer with random entropy tables, and random codes for it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TINY

from hitvideo.bitstream import TokenCoder
from hitvideo.bitstream.context import input_count
from hitvideo.bitstream.entropy import save_tables
from hitvideo.bitstream.layout import Layout
from hitvideo.bitstream.network import LevelNetwork
from hitvideo.tokenizer import HiTVideoTokenizer, VideoCodes, fingerprint

MakeCodes = Callable[..., VideoCodes]


def random_network(level: int, seed: int) -> LevelNetwork:
    """Weights of any size, so that probabilities reach from even to all but certain."""
    rng = np.random.default_rng(seed + level)
    levels = TINY.levels[: level + 1]
    steps, hidden = levels[-1].steps, 8
    outputs = sum(steps)

    def integers(limit: int, shape: tuple[int, ...], kind: type) -> np.ndarray:
        return rng.integers(-limit, limit + 1, shape).astype(kind)

    return LevelNetwork(
        steps=steps,
        hidden_weight=integers(2000, (hidden, input_count(levels)), np.int16),
        hidden_bias=integers(5000, (hidden,), np.int32),
        hidden_shift=4,
        output_weight=integers(5000, (outputs, hidden), np.int16),
        output_bias=integers(50_000, (outputs,), np.int32),
        output_shift=10,
        earlier=integers(500_000, (outputs, outputs), np.int32),
    )


@pytest.fixture(scope="session")
def release_folder(tiny: HiTVideoTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder: the tiny tokenizer and its tables."""
    folder = tmp_path_factory.mktemp("release")
    tiny.save_pretrained(folder / "tokenizer")
    networks = [random_network(level, seed=0) for level in range(TINY.depth)]
    save_tables(folder / "entropy", networks, fingerprint(tiny))
    return folder


@pytest.fixture(scope="session")
def coder(tiny: HiTVideoTokenizer, release_folder: Path) -> TokenCoder:
    return TokenCoder.from_pretrained(release_folder, tiny)


@pytest.fixture(scope="session")
def packing(tiny: HiTVideoTokenizer) -> TokenCoder:
    return TokenCoder.packed(tiny)


@pytest.fixture(scope="session")
def make_codes() -> MakeCodes:
    def make(frames: int, height: int, width: int, depth: int = 3, seed: int = 0) -> VideoCodes:
        layout = Layout(TINY, frames, height, width)
        rng = torch.Generator().manual_seed(seed)
        levels = []
        for k, level in enumerate(TINY.levels[:depth]):
            shape = 1, layout.slots(layout.blocks - 1, k).stop, *layout.grid(k)
            levels.append(torch.randint(0, level.codebook_size, shape, generator=rng))
        return VideoCodes(tuple(levels), frames, height, width)

    return make


def kept(codes: VideoCodes, depths: tuple[int, ...]) -> VideoCodes:
    """The codes with zeros wherever a block is not as deep."""
    layout = Layout(TINY, codes.frames, codes.height, codes.width)
    levels = [level.clone() for level in codes.levels[: max(depths)]]
    for block, depth in enumerate(depths):
        for k in range(depth, len(levels)):
            levels[k][:, layout.slots(block, k)] = 0
    return replace(codes, levels=tuple(levels))
