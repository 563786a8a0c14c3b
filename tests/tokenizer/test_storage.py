"""Model folders: a round trip, and what is said of broken ones."""

import json
from pathlib import Path

import pytest
import torch
from conftest import moving_video

from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer import HiTVideoTokenizer


def test_round_trip_keeps_tokens_and_pixels(tiny: HiTVideoTokenizer, tmp_path: Path) -> None:
    tiny.save_pretrained(tmp_path)
    again = HiTVideoTokenizer.from_pretrained(tmp_path)
    video = moving_video(16, 32, 32)
    codes, expected = again.encode(video), tiny.encode(video)
    for grid, expected_grid in zip(codes.levels, expected.levels, strict=True):
        assert torch.equal(grid, expected_grid)
    assert torch.equal(again.decode(codes), tiny.decode(expected))


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(HiTVideoError, match=r"config\.json is missing"):
        HiTVideoTokenizer.from_pretrained(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
@pytest.mark.parametrize("content", [b"", b"{", b"\x00\xff" * 64, b"[]"])
def test_broken_files(tiny: HiTVideoTokenizer, tmp_path: Path, name: str, content: bytes) -> None:
    tiny.save_pretrained(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(HiTVideoError):
        HiTVideoTokenizer.from_pretrained(tmp_path)


def test_weights_of_another_layout(tiny: HiTVideoTokenizer, tmp_path: Path) -> None:
    tiny.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["levels"][0]["width"] = 24
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(HiTVideoError, match="do not fit"):
        HiTVideoTokenizer.from_pretrained(tmp_path)
