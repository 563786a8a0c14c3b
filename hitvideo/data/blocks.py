"""Blocks of new samples without end, the next one drawn beside while one is learned from.

Knows nothing of what a sample is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, Generic, TypeVar

import torch

from hitvideo.processes import begin_worker

T = TypeVar("T")
Draw = Callable[[Sequence[int]], list[T]]  # seeds to samples, one each

_FAR = 1_000_003  # seeds between the first ones of two runs that follow each other
_AT_ONCE = 4  # samples that a worker is asked for


class Blocks(Generic[T]):
    """Which samples a block holds hangs on its number and on the run's seed alone.

    source: makes what draws, in every worker anew, so it must travel between processes. seeds: of
    which `count` are drawn for a block. workers: processes; 0 draws in this one when a block is
    asked for.
    """

    def __init__(
        self, source: Callable[[], Draw[T]], seeds: range, count: int, workers: int, seed: int
    ) -> None:
        self.seeds, self.count, self.seed = seeds, count, seed
        self.waiting: dict[int, list[Future[list[T]]]] = {}
        self.held: tuple[int, list[T]] = (-1, [])
        self.draw: Draw[T] | None = None if workers else source()
        self.pool = None
        if workers:
            self.pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin, (source,))

    def __getitem__(self, number: int) -> list[T]:
        if self.held[0] != number:
            if self.draw is not None:
                self.held = number, self.draw(self._seeds(number))
            else:
                self._order(number)
                samples = [s for part in self.waiting.pop(number) for s in part.result()]
                self.held = number, samples
                self._order(number + 1)
        return self.held[1]

    def close(self) -> None:
        if self.pool is not None:
            self.pool.shutdown(wait=False, cancel_futures=True)

    def _seeds(self, number: int) -> range:
        # A run that goes on from another's weights sees other scenes.
        first = self.seed * _FAR + number * self.count
        return self.seeds[first % (len(self.seeds) - self.count) :][: self.count]

    def _order(self, number: int) -> None:
        assert self.pool is not None
        if number not in self.waiting:
            seeds = self._seeds(number)
            parts: Iterator[range] = (
                seeds[k : k + _AT_ONCE] for k in range(0, len(seeds), _AT_ONCE)
            )
            self.waiting[number] = [self.pool.submit(_draw, part) for part in parts]


_drawing: Draw[Any] | None = None


def _begin(source: Callable[[], Draw[Any]]) -> None:
    global _drawing
    begin_worker()
    torch.set_num_threads(1)
    _drawing = source()


def _draw(seeds: Sequence[int]) -> list[Any]:
    assert _drawing is not None
    return _drawing(seeds)
