"""Blocks of samples: which seeds, in which process, and the next one ahead of time."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import pytest

from hitvideo.data.blocks import Blocks

SEEDS = range(100, 5_000_000)


def draw(seeds: Sequence[int]) -> list[tuple[int, int]]:
    return [(seed, os.getpid()) for seed in seeds]


def source() -> Callable[[Sequence[int]], list[tuple[int, int]]]:
    return draw


@pytest.fixture(params=[0, 1])
def blocks(request: pytest.FixtureRequest) -> Iterator[Blocks[tuple[int, int]]]:
    with closing(Blocks(source, SEEDS, 6, request.param, seed=0)) as blocks:
        yield blocks


def test_a_block_hangs_on_its_number_alone_wherever_it_is_drawn(
    blocks: Blocks[tuple[int, int]],
) -> None:
    for number in (2, 0, 1, 2):
        seeds, processes = zip(*blocks[number], strict=True)
        assert seeds == tuple(SEEDS[6 * number : 6 * number + 6])
        assert (set(processes) == {os.getpid()}) == (blocks.pool is None)


def test_the_next_block_is_drawn_while_one_is_in_use(blocks: Blocks[tuple[int, int]]) -> None:
    blocks[4]
    assert list(blocks.waiting) == ([] if blocks.pool is None else [5])


def test_another_run_sees_other_samples_and_a_long_one_begins_again() -> None:
    first, other = (Blocks(source, SEEDS, 6, 0, seed=seed) for seed in (0, 1))
    assert not {seed for n in range(50) for seed, _ in first[n]} & {seed for seed, _ in other[0]}
    short = Blocks(source, range(10), 4, 0, seed=0)
    assert [[seed for seed, _ in short[n]] for n in range(3)] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [2, 3, 4, 5],
    ]
