"""x264 beside the levels: honest bytes, honest quality, and no number where there is none."""

import math
from itertools import pairwise

import numpy as np
import pytest

from hitvideo.evaluation.codecs import (
    MAX_CRF,
    Point,
    payload_bytes,
    quality_at,
    resize,
    upper_hull,
    x264,
    x264_points,
)
from hitvideo.evaluation.colour import to_rgb, to_yuv420
from hitvideo.evaluation.metrics import psnr


def gradient(frames: int = 8, side: int = 32) -> np.ndarray:
    """A smooth pattern that drifts to the right."""
    t, y, x = np.meshgrid(np.arange(frames), np.arange(side), np.arange(side), indexing="ij")
    waves = [np.sin((x - t) / 5), np.cos(y / 4), np.sin((x + y - t) / 7)]
    return (np.stack(waves, -1) * 100 + 128).round().astype(np.uint8)


def points(*pairs: tuple[int, float]) -> list[Point]:
    return [Point(size, quality, crf=0, scale=1) for size, quality in pairs]


def test_a_lower_crf_costs_more_and_looks_better() -> None:
    clip = gradient()
    coarse, fine = x264(clip, 45), x264(clip, 15)
    assert coarse[1].shape == fine[1].shape == clip.shape
    assert coarse[0] < fine[0]
    assert psnr(clip, coarse[1]) + 3 < psnr(clip, fine[1])
    assert psnr(clip, fine[1]) > 33  # the colours went through and came back


def test_colours_survive_the_planes() -> None:
    clip = gradient()
    planes = to_yuv420(clip)
    assert planes.shape == (8, 48, 32)
    assert psnr(clip, to_rgb(planes)) > 38
    colours = np.array([(0, 0, 0), (255, 255, 255), (255, 0, 0), (12, 200, 99)], np.uint8)
    flat = np.broadcast_to(colours[:, None, None], (4, 4, 4, 3))
    assert np.abs(to_rgb(to_yuv420(flat)).astype(int) - flat).max() <= 2
    black, white = to_yuv420(flat)[:2]
    assert (set(black[:4].flat), set(white[:4].flat)) == ({16}, {235})


def test_the_encoders_text_and_the_containers_part_do_not_count() -> None:
    black = np.zeros((8, 32, 32, 3), np.uint8)
    size, _ = x264(black, MAX_CRF)
    assert 8 * 5 < size < 200  # the text alone takes over 600
    units = [b"\x67sequence", b"\x68picture", b"\x06text", b"\x65slice", b"\x41more"]
    packet = b"".join(b"\0\0\0\1" + unit for unit in units[:3])
    packet += b"".join(b"\0\0\1" + unit for unit in units[3:])
    assert payload_bytes(packet) == (4 + len(units[3])) + (4 + len(units[4]))


def test_the_ladder_goes_just_beyond_the_bytes_asked_for_at_both_resolutions() -> None:
    ladder = x264_points(gradient(), 300)
    for scale in (1, 2):
        sizes = [p.bytes for p in ladder if p.scale == scale]
        crfs = [p.crf for p in ladder if p.scale == scale]
        assert crfs[0] == MAX_CRF
        assert max(sizes[:-1], default=0) <= 300 < sizes[-1] or crfs[-1] == 0


def test_quality_lies_on_the_line_over_log_bytes() -> None:
    line = points((100, 20.0), (400, 30.0))
    assert quality_at(line, 200) == pytest.approx(25)
    assert quality_at(line, 100) == 20
    assert quality_at(line, 99.9) is None
    assert quality_at(line, 10**6) == 30


def test_the_hull_keeps_only_what_nothing_beats() -> None:
    worse = points((200, 19.0), (200, 21.0), (300, 24.0))
    best = points((100, 20.0), (250, 28.0), (800, 30.0))
    assert upper_hull(worse + best) == best
    slopes = [(b.psnr - a.psnr) / math.log(b.bytes / a.bytes) for a, b in pairwise(best)]
    assert slopes == sorted(slopes, reverse=True)


def test_resizing_keeps_flat_colours_and_the_place_of_things() -> None:
    flat = np.full((2, 16, 16, 3), (10, 200, 255), np.uint8)
    np.testing.assert_array_equal(resize(flat, 0.5), flat[:, :8, :8])
    np.testing.assert_array_equal(resize(flat, 2), np.tile(flat, (1, 2, 2, 1)))
    clip = gradient()
    assert psnr(clip, resize(resize(clip, 0.5), 2)) > 30
