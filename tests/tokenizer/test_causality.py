"""What streaming rests on: no token and no pixel knows the future or the chunk plan."""

import pytest
import torch
from conftest import moving_video

from hitvideo.tokenizer import HiTVideoTokenizer, StreamEncoder, decode_stream

MODELS = ["tiny", "shipped"]


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> HiTVideoTokenizer:
    return request.getfixturevalue(request.param)


def encode_in_chunks(
    model: HiTVideoTokenizer, video: torch.Tensor, plan: list[int]
) -> list[torch.Tensor]:
    encoder = StreamEncoder(model)
    parts = []
    for chunk in video.split(plan, 2):
        parts += list(encoder.push(chunk))
    parts += list(encoder.flush())
    return [torch.cat(level, 1) for level in zip(*parts, strict=True)]


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
def test_every_chunk_plan_gives_the_same_tokens(model: HiTVideoTokenizer, plan: list[int]) -> None:
    video = moving_video(64, 64, 96)
    whole = model.encode(video)
    for grid, expected in zip(encode_in_chunks(model, video, plan), whole.levels, strict=True):
        assert torch.equal(grid, expected)


def test_decoding_in_pieces_equals_decoding_at_once(model: HiTVideoTokenizer) -> None:
    codes = model.encode(moving_video(30, 64, 64))
    for depth in range(1, model.config.depth + 1):
        pieces = torch.cat(list(decode_stream(model, codes, depth)), 2)
        assert (pieces - model.decode(codes, depth)).abs().max() <= 1e-4
        assert pieces.shape == (1, 3, 30, 64, 64)


def test_tokens_of_a_clip_begin_the_tokens_of_a_longer_one(model: HiTVideoTokenizer) -> None:
    long = moving_video(40, 64, 64)
    short_codes, long_codes = model.encode(long[:, :, :16]), model.encode(long)
    for short, full in zip(short_codes.levels, long_codes.levels, strict=True):
        assert torch.equal(short, full[:, : short.shape[1]])


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
