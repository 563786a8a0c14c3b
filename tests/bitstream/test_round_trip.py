"""Any codes come back as they were, whole or cut, and a cut file says so."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitvideo.bitstream import TokenCoder
from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer import HiTVideoTokenizer, VideoCodes

from .conftest import MakeCodes, kept

# Frames, height, width, seed and the depths of at most three blocks.
CLIPS = st.tuples(st.integers(1, 192), st.integers(1, 40), st.integers(1, 40), st.integers(0, 99))
DEPTHS = st.lists(st.integers(1, 3), min_size=3, max_size=3)
RATES = st.sampled_from([8, 0.01, 1000, 29.97, 12.5, 30000 / 1001, 1 / 3])


def assert_same(codes: VideoCodes, expected: VideoCodes) -> None:
    size = (codes.frames, codes.height, codes.width)
    assert size == (expected.frames, expected.height, expected.width)
    assert len(codes.levels) == len(expected.levels)
    for grid, expected_grid in zip(codes.levels, expected.levels, strict=True):
        assert grid.dtype == expected_grid.dtype
        assert torch.equal(grid, expected_grid)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(clip=CLIPS, depths=DEPTHS, fps=RATES, coded=st.booleans())
def test_any_codes_come_back(
    coder: TokenCoder,
    packing: TokenCoder,
    make_codes: MakeCodes,
    clip: tuple[int, int, int, int],
    depths: list[int],
    fps: float,
    coded: bool,
) -> None:
    frames, height, width, seed = clip
    blocks = tuple(depths[: -(-frames // 64)])
    codes = make_codes(frames, height, width, depth=max(blocks), seed=seed)
    writer = coder if coded else packing
    data = writer.dumps(codes, fps, blocks)
    file = coder.loads(data)
    assert_same(file.codes, kept(codes, blocks))
    assert (file.depths, file.complete, file.note) == (blocks, True, "")
    assert abs(file.fps / fps - 1) < 1e-6
    payloads = len(data) - overhead(writer, data)
    assert overhead(writer, data) <= 40 + 4 * sum(blocks)
    assert payloads > 0


def overhead(coder: TokenCoder, data: bytes) -> int:
    """Bytes of the file that are no payload."""
    import io

    from hitvideo.bitstream.container import ContainerReader

    reader = ContainerReader(io.BytesIO(data))
    return len(data) - sum(p.length for level in reader.index for p in level.values())


@pytest.mark.parametrize("coded", [True, False])
def test_a_file_cut_anywhere_gives_its_whole_levels(
    coder: TokenCoder, packing: TokenCoder, make_codes: MakeCodes, coded: bool
) -> None:
    writer = coder if coded else packing
    codes, depths = make_codes(130, 20, 30), (3, 1, 2)
    data = writer.dumps(codes, 8, depths)
    sizes = writer.level_sizes(data)
    assert sizes[-1] == len(data) and len(sizes) == 3
    assert sizes == writer.level_sizes(data[: sizes[0]])
    for end in {*range(sizes[0], len(data), 7), *sizes[:-1], *(size - 1 for size in sizes[1:])}:
        whole = sum(size <= end for size in sizes)
        file = coder.loads(data[:end])
        assert file.depths == tuple(min(depth, whole) for depth in depths)
        assert not file.complete
        assert_same(file.codes, kept(codes, file.depths))
        if end in sizes:
            assert file.note == f"The file ends after level {whole} of 3."
        else:
            assert f"ends inside level {whole + 1};" in file.note
    for end in range(sizes[0]):
        with pytest.raises(HiTVideoError):
            coder.loads(data[:end])


def test_dumps_refuses_what_does_not_fit(coder: TokenCoder, make_codes: MakeCodes) -> None:
    codes = make_codes(70, 16, 16)
    batch = VideoCodes(tuple(level.repeat(2, 1, 1, 1) for level in codes.levels), 70, 16, 16)
    with pytest.raises(HiTVideoError, match="not a batch"):
        coder.dumps(batch, 8)
    for depths in ((3,), (3, 3, 3), (0, 3), (4, 3)):
        with pytest.raises(HiTVideoError, match="one depth of 1 to 3 for each of the 2 blocks"):
            coder.dumps(codes, 8, depths)
    with pytest.raises(HiTVideoError, match="frame rate"):
        coder.dumps(codes, 0)
    wrong = VideoCodes((codes.levels[0] + 60, *codes.levels[1:]), 70, 16, 16)
    with pytest.raises(HiTVideoError, match="outside 0"):
        coder.dumps(wrong, 8)


def test_threads_do_not_change_a_byte(coder: TokenCoder, make_codes: MakeCodes) -> None:
    codes = make_codes(64, 96, 96)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = coder.dumps(codes, 8)
        torch.set_num_threads(2)
        assert coder.dumps(codes, 8) == alone
    finally:
        torch.set_num_threads(before)
    assert_same(coder.loads(alone).codes, codes)


def test_a_file_of_another_release(
    coder: TokenCoder, packing: TokenCoder, tiny: HiTVideoTokenizer, make_codes: MakeCodes
) -> None:
    codes = make_codes(8, 16, 16)
    other = HiTVideoTokenizer(tiny.config)
    with pytest.raises(HiTVideoError, match="another tokenizer"):
        TokenCoder.packed(other).loads(coder.dumps(codes, 8))
    with pytest.raises(HiTVideoError, match="other entropy tables"):
        packing.loads(coder.dumps(codes, 8))


@pytest.mark.parametrize("coded", [True, False])
def test_the_bits_of_all_codes_are_those_of_the_file(
    coder: TokenCoder, packing: TokenCoder, make_codes: MakeCodes, coded: bool
) -> None:
    writer, codes = coder if coded else packing, make_codes(130, 20, 30)
    bits = writer.bits(codes)
    assert [b.shape for b in bits] == [tuple(level.shape[1:]) for level in codes.levels]
    data = writer.dumps(codes, 8)
    payloads = 8 * (len(data) - overhead(writer, data))
    # A payload ends with a word, or less than a byte, that is not full.
    assert sum(b.sum() for b in bits) <= payloads <= sum(b.sum() for b in bits) + 9 * 64
    assert bits[0].min() >= 0
