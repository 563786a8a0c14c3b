"""The level of detail: the ladder does not know it, and both sides go on from the same frame."""

from pathlib import Path

import pytest
import torch
from conftest import TINY, moving_video

from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer import (
    DetailConfig,
    HiTVideoTokenizer,
    TokenizerConfig,
    VideoCodes,
    fingerprint,
    ladder_fingerprint,
)
from hitvideo.tokenizer.streaming import split_groups

VIDEO = moving_video(20, 40, 32)


def test_the_ladder_and_its_fingerprint_are_as_without_it(
    tiny: HiTVideoTokenizer, detailed: HiTVideoTokenizer
) -> None:
    codes, plain = detailed.encode(VIDEO), tiny.encode(VIDEO)
    assert codes.depth == 4 and codes.levels[3].shape == (1, 24, 12, 8)
    for grid, expected in zip(codes.levels, plain.levels, strict=False):
        assert torch.equal(grid, expected)
    assert torch.equal(detailed.decode(codes, 3), tiny.decode(plain))
    assert not torch.equal(detailed.decode(codes), tiny.decode(plain))
    for depth in (1, 2, 3):
        assert detailed.encode(VIDEO, depth).depth == depth
    assert ladder_fingerprint(detailed) == ladder_fingerprint(tiny) == fingerprint(tiny)
    assert fingerprint(detailed) != fingerprint(tiny)


def test_the_encoder_foresees_every_frame_of_the_decoder(detailed: HiTVideoTokenizer) -> None:
    state, seen = detailed.initial_state, []
    padded = detailed.pad(VIDEO)
    with torch.no_grad():
        for group in padded.split(8, 2):
            result = detailed.step(state, (1, *padded.shape[3:]), group=group)
            state = result.state
            seen.append(result.video)
    shown = torch.cat(seen, 2)[:, :, :20, :40, :32].clamp(-1, 1)
    assert (detailed.decode(detailed.encode(VIDEO)) - shown).abs().max() < 1e-4


def test_after_a_group_without_it_detail_begins_anew(detailed: HiTVideoTokenizer) -> None:
    codes = detailed.encode(VIDEO)
    groups = [tuple(level[:, g * n : (g + 1) * n] for level, n in
              zip(codes.levels, (1, 2, 2, 8), strict=True)) for g in range(2)]  # fmt: skip
    state = detailed.initial_state
    shape = (1, 48, 32)
    with torch.no_grad():
        first = detailed.step(state, shape, codes=groups[0])
        assert first.state.detail is not None
        bare = detailed.step(first.state, shape, codes=groups[1][:3])
        assert bare.state.detail is None and bare.detail is None
        fresh = first.state._replace(detail=None)
        after, anew = (detailed.step(s, shape, codes=groups[1]) for s in (first.state, fresh))
    assert not torch.equal(after.video, anew.video)


def test_no_codes_make_it_grow_for_ever(detailed: HiTVideoTokenizer) -> None:
    sizes = [level.codebook_size for level in detailed.config.levels]
    shapes = [(1, n, 32 // s, 32 // s) for n, s in ((40, 16), (80, 16), (80, 8), (320, 4))]
    levels = tuple(torch.full(shape, size - 1) for shape, size in zip(shapes, sizes, strict=True))
    assert detailed.detail is not None
    state = detailed.initial_state
    with torch.no_grad():
        for group in split_groups(detailed.config, levels):
            state = detailed.step(state, (1, 32, 32), codes=group).state
            assert state.detail is not None and state.detail.decoded.abs().max() <= 4
    assert detailed.decode(VideoCodes(levels, 320, 32, 32)).isfinite().all()


def test_it_is_stored_and_read_again(detailed: HiTVideoTokenizer, tmp_path: Path) -> None:
    detailed.save_pretrained(tmp_path)
    again = HiTVideoTokenizer.from_pretrained(tmp_path)
    assert again.config == detailed.config and fingerprint(again) == fingerprint(detailed)


@pytest.mark.parametrize("stride", [(2, 8, 8), (1, 8, 4), (1, 16, 16), (1, 2, 2)])
def test_a_token_of_detail_covers_a_square_of_one_frame(stride: tuple[int, int, int]) -> None:
    with pytest.raises(HiTVideoError, match="one frame"):
        DetailConfig(stride, (5, 5))


def test_only_the_finest_level_is_one_of_detail() -> None:
    detail = DetailConfig((1, 4, 4), (5, 5))
    with pytest.raises(HiTVideoError, match="finest"):
        TokenizerConfig((detail, *TINY.levels))
    with pytest.raises(HiTVideoError, match="finest"):
        TokenizerConfig((*TINY.levels, detail, detail))
    with pytest.raises(HiTVideoError, match="at least one"):
        TokenizerConfig((detail,))
    with pytest.raises(HiTVideoError, match="63 bits"):
        DetailConfig((1, 4, 4), (9,) * 24)
