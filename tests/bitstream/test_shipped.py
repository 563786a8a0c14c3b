"""The shipped entropy tables belong to the shipped tokenizer and do what they are there for."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from conftest import WEIGHTS

from hitvideo.bitstream import TokenCoder
from hitvideo.errors import HiTVideoError
from hitvideo.frames import frames_to_video
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.toon import toon_clip
from hitvideo.toon.seeds import VALIDATION

TABLES = WEIGHTS / "entropy" / "tables.safetensors"


def share_saved(shipped: HiTVideoTokenizer, seeds: Iterable[int]) -> float:
    """How much smaller files of Toon clips, without detail, are than nominal, all included."""
    coder = TokenCoder.from_pretrained(WEIGHTS, shipped)
    actual = nominal = 0.0
    for seed in seeds:
        codes = shipped.encode(frames_to_video(toon_clip(seed).frames.numpy()), 4)
        actual += len(coder.dumps(codes, 8))
        for grid, level in zip(codes.levels, shipped.config.ladder, strict=True):
            nominal += grid.numel() * level.bits / 8
    return 1 - actual / nominal


def test_a_toon_clip_takes_less_than_nominal(shipped: HiTVideoTokenizer) -> None:
    assert share_saved(shipped, VALIDATION[:1]) > 0.2


@pytest.mark.slow
def test_toon_takes_a_quarter_less_than_nominal(shipped: HiTVideoTokenizer) -> None:
    assert share_saved(shipped, VALIDATION) > 0.25


def test_digits_of_detail_cost_little(shipped: HiTVideoTokenizer) -> None:
    coder = TokenCoder.from_pretrained(WEIGHTS, shipped)
    codes = shipped.encode(frames_to_video(toon_clip(VALIDATION[0], frames=24).frames.numpy()))
    assert 8 * len(coder.dumps(codes, 8)) / (24 * 128 * 128) < 0.4  # of 1.99 nominal ones


def test_the_shipped_tables_are_small() -> None:
    assert TABLES.stat().st_size < 1_500_000


def test_tables_of_another_tokenizer(tiny: HiTVideoTokenizer, tmp_path: Path) -> None:
    with pytest.raises(HiTVideoError, match="do not fit"):
        TokenCoder.from_pretrained(WEIGHTS, tiny)
    other = HiTVideoTokenizer(tiny.config)
    (tmp_path / "entropy").mkdir()
    broken = tmp_path / "entropy" / "tables.safetensors"
    for content in (b"", b"{}", TABLES.read_bytes()[:-1]):
        broken.write_bytes(content)
        with pytest.raises(HiTVideoError, match="missing, broken or do not fit"):
            TokenCoder.from_pretrained(tmp_path, other)


def test_tables_of_other_weights(tiny: HiTVideoTokenizer, release_folder: Path) -> None:
    other = HiTVideoTokenizer(tiny.config)
    with pytest.raises(HiTVideoError, match="belong to another tokenizer"):
        TokenCoder.from_pretrained(release_folder, other)
