"""Any length and any size goes in and comes back in the same size."""

import pytest
import torch
from conftest import moving_video

from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer import HiTVideoTokenizer, StreamEncoder, VideoCodes


@pytest.mark.parametrize("frames", [1, 7, 8, 9, 64, 160])
def test_lengths(tiny: HiTVideoTokenizer, frames: int) -> None:
    codes = tiny.encode(moving_video(frames, 32, 32))
    groups = -(-frames // 8)
    assert [grid.shape[1] for grid in codes.levels] == [groups, 2 * groups, 2 * groups]
    assert tiny.decode(codes).shape == (1, 3, frames, 32, 32)


@pytest.mark.parametrize(("height", "width"), [(96, 160), (127, 255), (480, 270), (1, 1)])
def test_sizes(shipped: HiTVideoTokenizer, height: int, width: int) -> None:
    video = moving_video(8, height, width)
    codes = shipped.encode(video)
    assert codes.levels[0].shape[2:] == (-(-height // 32), -(-width // 32))
    out = shipped.decode(codes)
    assert out.shape == video.shape
    assert out.isfinite().all()
    assert out.abs().max() <= 1


def test_padding_never_shows(tiny: HiTVideoTokenizer) -> None:
    """What is decoded is what padding by hand, coding and cropping gives."""
    video = moving_video(11, 40, 52)
    padded = tiny.pad(video)
    assert padded.shape[2:] == (16, 48, 64)
    assert torch.equal(
        padded[..., 40:, :52],
        video[:, :, [*range(11), *[10] * 5], 39:40].expand_as(padded[..., 40:, :52]),
    )
    by_hand = tiny.decode(tiny.encode(padded))[:, :, :11, :40, :52]
    assert (tiny.decode(tiny.encode(video)) - by_hand).abs().max() < 1e-5


def test_a_batch_is_its_clips(tiny: HiTVideoTokenizer) -> None:
    video = moving_video(16, 32, 32, batch=3)
    together = tiny.decode(tiny.encode(video))
    alone = torch.cat([tiny.decode(tiny.encode(clip)) for clip in video.split(1)])
    assert (together - alone).abs().max() < 1e-3


@pytest.mark.parametrize("shape", [(3, 8, 32, 32), (1, 1, 8, 32, 32), (1, 3, 0, 32, 32)])
def test_wrong_shapes_are_refused(tiny: HiTVideoTokenizer, shape: tuple[int, ...]) -> None:
    with pytest.raises(HiTVideoError, match="tensor"):
        tiny.encode(torch.zeros(shape))


def test_a_stream_keeps_its_size(tiny: HiTVideoTokenizer) -> None:
    encoder = StreamEncoder(tiny)
    list(encoder.push(torch.zeros(1, 3, 4, 32, 32)))
    with pytest.raises(HiTVideoError, match="same size"):
        list(encoder.push(torch.zeros(1, 3, 4, 32, 48)))


def test_codes_that_do_not_fit_are_refused(tiny: HiTVideoTokenizer) -> None:
    codes = tiny.encode(moving_video(8, 32, 32))
    too_big = (codes.levels[0] + 60, *codes.levels[1:])
    with pytest.raises(HiTVideoError, match="outside"):
        tiny.decode(VideoCodes(too_big, 8, 32, 32))
    with pytest.raises(HiTVideoError, match="Level 1 should have"):
        tiny.decode(VideoCodes(codes.levels, 8, 64, 32))
    with pytest.raises(HiTVideoError, match="depth"):
        tiny.decode(codes, depth=4)
    with pytest.raises(HiTVideoError, match="depth"):
        tiny.decode(codes, depth=0)
