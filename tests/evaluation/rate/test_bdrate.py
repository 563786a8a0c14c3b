"""Curves and BD-rate, against published figures and values worked out by hand."""

import math
from itertools import pairwise

import pytest

from hitvideo.evaluation.rate.bdrate import (
    BdRate,
    NoBdRate,
    bd_rate,
    quality_at,
    rate_at,
    rising,
    upper_hull,
)

# Points of JCTVC-E137 and their BD-rates, as the tests of Netflix's VMAF publish them
# (python/test/bd_rate_calculator_test.py, BDrateCalculatorJCTVCTest).
PUBLISHED = [
    (
        [(108048.8736, 43.6471), (61279.976, 40.3953), (33905.6656, 37.247), (18883.6928, 34.2911)],
        [
            (108061.2784, 43.6768),
            (61299.9936, 40.4232),
            (33928.7472, 37.2761),
            (18910.912, 34.3147),
        ],
        -0.465215420752807,
    ),
    (
        [(40433.8848, 37.5761), (7622.7456, 35.3756), (2394.488, 33.8977), (1017.6184, 32.0603)],
        [(40370.12, 37.5982), (7587.0024, 35.4025), (2390.0944, 33.9194), (1017.0984, 32.0822)],
        -1.8779823450567612,
    ),
]


@pytest.mark.parametrize(("anchor", "test", "percent"), PUBLISHED)
def test_published_examples(
    anchor: list[tuple[float, float]], test: list[tuple[float, float]], percent: float
) -> None:
    rate = bd_rate(anchor, test)
    assert isinstance(rate, BdRate)
    assert rate.percent == pytest.approx(percent, abs=1e-9)
    assert rate.overlap == (test[-1][1], anchor[0][1])


def test_half_the_bytes_are_minus_fifty_percent_over_the_common_range_alone() -> None:
    anchor = [(100.0 * 2**k, 20.0 + 2 * k) for k in range(5)]
    half = [(rate / 2, quality) for rate, quality in anchor[1:]] + [(10**6, 40.0)]
    rate = bd_rate(anchor, half[:-1])
    assert isinstance(rate, BdRate)
    assert rate.percent == pytest.approx(-50)
    assert rate.overlap == (22, 28)
    back = bd_rate(half[:-1], anchor)
    assert isinstance(back, BdRate) and back.percent == pytest.approx(100)


def test_curves_that_cannot_be_compared_say_why() -> None:
    low, high = [(1.0, 1.0), (2.0, 2.0)], [(1.0, 3.0), (2.0, 4.0)]
    apart = bd_rate(low, high)
    assert isinstance(apart, NoBdRate) and "in common" in apart.reason
    for single in ([(1.0, 1.5)], [(1.0, 1.5), (2.0, 1.5)], []):
        alone = bd_rate(low, single)
        assert isinstance(alone, NoBdRate) and "two points" in alone.reason


def test_quality_lies_on_the_line_over_log_bytes_and_back() -> None:
    line = [(100, 20.0), (400, 30.0)]
    assert quality_at(line, 200) == pytest.approx(25)
    assert quality_at(line, 100) == 20
    assert quality_at(line, 99.9) is None
    assert quality_at(line, 10**6) == 30
    assert rate_at(line, 25) == pytest.approx(200)
    assert rate_at(line, 30.1) is None
    assert rate_at(line, 10) == pytest.approx(100)


def test_only_what_is_better_than_everything_smaller_counts() -> None:
    assert rising([(3, 2.0), (1, 1.0), (2, 1.0), (1, 0.5), (4, 1.5)]) == [(1, 1.0), (3, 2.0)]


def test_the_hull_keeps_only_what_nothing_beats() -> None:
    worse = [(200, 19.0), (200, 21.0), (300, 24.0)]
    best = [(100, 20.0), (250, 28.0), (800, 30.0)]
    assert upper_hull(worse + best, lambda point: point) == best
    slopes = [(q - p) / math.log(b / a) for (a, p), (b, q) in pairwise(best)]
    assert slopes == sorted(slopes, reverse=True)
