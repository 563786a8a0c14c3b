"""The codecs beside the levels: honest bytes, honest quality, the same every time."""

from itertools import pairwise

import numpy as np
import pytest

from hitvideo.evaluation.colour import to_rgb, to_yuv420
from hitvideo.evaluation.rate.codecs import (
    CODECS,
    CRF_STEP,
    Codec,
    av1_payload,
    best,
    decode,
    encode,
    h264_payload,
    hevc_payload,
    ladder,
    resize,
)
from hitvideo.metrics import psnr
from hitvideo.toon import toon_clip

each_codec = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)


def gradient(frames: int = 8, side: int = 64) -> np.ndarray:
    """A smooth pattern that drifts to the right."""
    t, y, x = np.meshgrid(np.arange(frames), np.arange(side), np.arange(side), indexing="ij")
    waves = [np.sin((x - t) / 5), np.cos(y / 4), np.sin((x + y - t) / 7)]
    return (np.stack(waves, -1) * 100 + 128).round().astype(np.uint8)


@each_codec
def test_a_lower_crf_costs_more_and_looks_better(codec: Codec) -> None:
    clip = gradient()
    planes = to_yuv420(clip)
    sizes, qualities = [], []
    for crf in (codec.max_crf, 40, 28, 15):
        packets = encode(codec, planes, crf)
        shown = to_rgb(decode(codec, packets))
        assert shown.shape == clip.shape
        sizes.append(sum(map(codec.payload, packets)))
        qualities.append(psnr(clip, shown))
    assert all(a < b for a, b in pairwise(sizes))
    assert all(a < b for a, b in pairwise(qualities))
    assert qualities[-1] > 33  # the colours went through and came back


@each_codec
@pytest.mark.parametrize("side", [32, 64])
def test_the_same_clip_gives_the_same_bytes_every_time(codec: Codec, side: int) -> None:
    # Unlike the libraries' defaults, which read memory that they never wrote at such sizes.
    planes = to_yuv420(toon_clip(3, frames=24, height=side, width=side).frames.numpy())
    for crf in (codec.max_crf, 40):
        assert len({b"".join(encode(codec, planes, crf)) for _ in range(5)}) == 1


@each_codec
def test_the_encoders_text_and_headers_do_not_count(codec: Codec) -> None:
    packets = encode(codec, to_yuv420(np.zeros((8, 32, 32, 3), np.uint8)), codec.max_crf)
    size = sum(map(codec.payload, packets))
    assert len(packets) <= size < 200
    assert sum(map(len, packets)) > size + 10


def test_only_slices_of_h264_and_h265_are_counted() -> None:
    for payload, header, slices in (
        (h264_payload, [b"\x67sequence", b"\x68picture", b"\x06text"], [b"\x65key", b"\x41more"]),
        (hevc_payload, [b"\x40\1v", b"\x42\1s", b"\x44\1p", b"\x4e\1text"], [b"\x26\1k", b"\2\1m"]),
    ):
        packet = b"".join(b"\0\0\0\1" + unit for unit in header)
        packet += b"".join(b"\0\0\1" + unit for unit in slices)
        assert payload(packet) == sum(4 + len(unit) for unit in slices)


def test_only_frames_of_av1_are_counted() -> None:
    delimiter, sequence = b"\x12\0", b"\x0a\3abc"
    frame = b"\x32\x81\1" + bytes(129)  # a length of two bytes
    extended, unsized = b"\x36\0\2xy", b"\x30rest"
    assert av1_payload(delimiter + sequence + frame + extended) == len(frame) + len(extended)
    assert av1_payload(delimiter + unsized) == len(unsized)


@each_codec
def test_the_ladder_goes_just_beyond_the_bytes_asked_for_at_both_resolutions(codec: Codec) -> None:
    encodes = list(ladder(codec, gradient(), 400))
    for scale in (1, 2):
        rungs = [e for e in encodes if e.scale == scale]
        assert [e.crf for e in rungs] == [codec.max_crf - CRF_STEP * i for i in range(len(rungs))]
        assert max((e.bytes for e in rungs[:-1]), default=0) <= 400 < rungs[-1].bytes
    hull = best(encodes)
    assert [e.bytes for e in hull] == sorted({e.bytes for e in hull})
    assert [e.psnr for e in hull] == sorted({e.psnr for e in hull})
    assert psnr(gradient(), hull[-1].frames()) == hull[-1].psnr


@pytest.mark.parametrize(("height", "width"), [(37, 50), (9, 64)])
def test_any_size_can_be_encoded(height: int, width: int) -> None:
    clip = gradient()[:, :height, :width]
    for codec in CODECS.values():
        encodes = list(ladder(codec, clip, 0))
        assert {e.scale for e in encodes} == ({1, 2} if height > 36 else {1})
        assert all(e.frames().shape == clip.shape for e in encodes)


def test_colours_survive_the_planes() -> None:
    clip = gradient(side=32)
    planes = to_yuv420(clip)
    assert planes.shape == (8, 48, 32)
    assert psnr(clip, to_rgb(planes)) > 38
    colours = np.array([(0, 0, 0), (255, 255, 255), (255, 0, 0), (12, 200, 99)], np.uint8)
    flat = np.broadcast_to(colours[:, None, None], (4, 4, 4, 3))
    assert np.abs(to_rgb(to_yuv420(flat)).astype(int) - flat).max() <= 2
    black, white = to_yuv420(flat)[:2]
    assert (set(black[:4].flat), set(white[:4].flat)) == ({16}, {235})


def test_resizing_keeps_flat_colours_and_the_place_of_things() -> None:
    flat = np.full((2, 16, 16, 3), (10, 200, 255), np.uint8)
    np.testing.assert_array_equal(resize(flat, 0.5), flat[:, :8, :8])
    np.testing.assert_array_equal(resize(flat, 2), np.tile(flat, (1, 2, 2, 1)))
    clip = gradient()
    assert psnr(clip, resize(resize(clip, 0.5), 2)) > 30
