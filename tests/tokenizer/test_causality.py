"""What streaming rests on: no token and no pixel knows the future or the chunk plan."""

from collections.abc import Callable

import pytest
import torch
from conftest import moving_video

from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer import HiTVideoTokenizer, StreamDecoder, StreamEncoder, VideoCodes
from hitvideo.tokenizer.streaming import split_groups

MODELS = ["tiny", "detailed", "shipped"]


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest) -> HiTVideoTokenizer:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def whole(model: HiTVideoTokenizer) -> tuple[torch.Tensor, VideoCodes, list[torch.Tensor]]:
    """A video, its tokens, and what they show at every depth, made in one go."""
    video = moving_video(64, 64, 96)
    codes = model.encode(video)
    return video, codes, [model.decode(codes, d) for d in range(1, model.config.depth + 1)]


def test_the_future_changes_nothing_before_its_group(model: HiTVideoTokenizer) -> None:
    video = moving_video(24, 64, 64)
    changed = video.clone()
    changed[:, :, 17:] = -changed[:, :, 17:]  # groups 0 and 1 end before frame 16
    codes, other = model.encode(video), model.encode(changed)
    for grid, other_grid, level in zip(
        codes.levels, other.levels, model.config.levels, strict=True
    ):
        assert torch.equal(grid[:, : 2 * level.slots], other_grid[:, : 2 * level.slots])
    assert not torch.equal(codes.levels[-1], other.levels[-1])
    for depth in range(1, model.config.depth + 1):
        assert torch.equal(
            model.decode(codes, depth)[:, :, :16], model.decode(other, depth)[:, :, :16]
        )


@pytest.mark.parametrize("plan", [[8] * 8, [8, 16, 40], [64], [5, 1, 30, 28]])
def test_every_chunk_plan_gives_the_same_tokens_and_pixels(
    model: HiTVideoTokenizer,
    whole: tuple[torch.Tensor, VideoCodes, list[torch.Tensor]],
    plan: list[int],
) -> None:
    video, codes, decoded = whole
    encoder, groups = StreamEncoder(model), []
    decoders = [StreamDecoder(model, 64, 96) for _ in model.config.levels]
    shown: list[list[torch.Tensor]] = [[] for _ in decoders]
    for chunk in video.split(plan, 2):
        for group in encoder.push(chunk):  # shown as soon as it arrives, at every depth
            groups.append(group)
            for depth, decoder in enumerate(decoders, 1):
                shown[depth - 1].append(decoder.push(group[:depth]))
    assert list(encoder.flush()) == []
    for parts, expected in zip(zip(*groups, strict=True), codes.levels, strict=True):
        assert torch.equal(torch.cat(parts, 1), expected)
    for pieces, picture in zip(shown, decoded, strict=True):
        assert (torch.cat(pieces, 2) - picture).abs().max() <= 1e-4


def test_a_decoder_goes_on_from_where_another_one_was(model: HiTVideoTokenizer) -> None:
    codes = model.encode(moving_video(30, 64, 64))
    first, second, third, fourth = split_groups(model.config, codes.levels)
    decoder = StreamDecoder(model, 64, 64)
    pieces = [decoder.push(first), decoder.push(second)]
    other = StreamDecoder(model, 64, 64, decoder.state)
    again = decoder.push(third)
    pieces += [other.push(third), other.push(fourth, 6)]
    assert torch.equal(pieces[2], again)
    assert torch.equal(torch.cat(pieces, 2), model.decode(codes))


@pytest.mark.parametrize("frames", [16, 12])
def test_tokens_of_a_clip_begin_the_tokens_of_a_longer_one(
    model: HiTVideoTokenizer, frames: int
) -> None:
    """Up to its last whole group: what fills an unfinished one up is not what will come."""
    long = moving_video(40, 64, 64)
    short_codes, long_codes = model.encode(long[:, :, :frames]), model.encode(long)
    levels = zip(short_codes.levels, long_codes.levels, model.config.levels, strict=True)
    for short, full, level in levels:
        whole = frames // 8 * level.slots
        assert torch.equal(short[:, :whole], full[:, :whole])


def test_an_ended_stream_takes_nothing_more(model: HiTVideoTokenizer) -> None:
    encoder = StreamEncoder(model)
    video = moving_video(12, 64, 64)
    assert len([*encoder.push(video), *encoder.flush()]) == 2
    with pytest.raises(HiTVideoError, match="has ended"):
        list(encoder.push(video))


def test_a_result_that_nobody_looks_at_drops_no_frames(tiny: HiTVideoTokenizer) -> None:
    video = moving_video(20, 32, 48)
    encoder = StreamEncoder(tiny)
    encoder.push(video[:, :, :12])
    (second,) = encoder.push(video[:, :, 12:])
    encoder.flush()
    with pytest.raises(HiTVideoError, match="has ended"):
        encoder.push(video)
    for grid, whole, level in zip(
        second, tiny.encode(video).levels, tiny.config.levels, strict=True
    ):
        assert torch.equal(grid, whole[:, level.slots : 2 * level.slots])


@pytest.mark.parametrize("spoil", [torch.Tensor.double, torch.Tensor.byte, torch.log])
def test_what_is_no_video_is_refused(tiny: HiTVideoTokenizer, spoil: Callable) -> None:
    with pytest.raises(HiTVideoError, match="finite float32"):
        tiny.encode(spoil(moving_video(8, 32, 32)))


def test_two_streams_share_a_model_without_meeting(model: HiTVideoTokenizer) -> None:
    first, second = moving_video(16, 64, 64), moving_video(16, 64, 64).flip(-1)
    a, b = StreamEncoder(model), StreamEncoder(model)
    interleaved = []
    for chunk, other in zip(first.split(8, 2), second.split(8, 2), strict=True):
        interleaved += list(a.push(chunk))
        list(b.push(other))
    alone = list(StreamEncoder(model).push(first))
    for got, expected in zip(interleaved, alone, strict=True):
        for grid, expected_grid in zip(got, expected, strict=True):
            assert torch.equal(grid, expected_grid)


def test_fine_levels_never_reach_coarse_decoding(model: HiTVideoTokenizer) -> None:
    """Depth d is a function of the first d levels alone, memory included: no drift."""
    codes = model.encode(moving_video(24, 64, 64))
    for depth in range(1, model.config.depth):
        assert torch.equal(model.decode(codes, depth), model.decode(codes.truncate(depth)))


@pytest.mark.parametrize("depth", [1, 2])
def test_fewer_levels_are_the_same_codes(tiny: HiTVideoTokenizer, depth: int) -> None:
    video = moving_video(24, 32, 48)
    whole, few = tiny.encode(video), tiny.encode(video, depth)
    assert len(few.levels) == depth
    for a, b in zip(whole.levels, few.levels, strict=False):
        assert torch.equal(a, b)
