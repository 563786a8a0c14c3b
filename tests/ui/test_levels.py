"""What is said of a reconstruction is said of this clip."""

import numpy as np
import pytest
import torch

from hitvideo.pipeline.reconstruct import LevelResult
from hitvideo.tokenizer import VideoCodes
from hitvideo.ui.reconstruct.quality_table import summary

FRAMES = np.zeros((1, 1, 640, 3), np.uint8)
CODES = VideoCodes((torch.zeros(1, 1, 1, 1),), 1, 1, 1)


def result(level: int, bits: float, psnr: float) -> LevelResult:
    return LevelResult(
        level, FRAMES, CODES, 1, bits, bits, bits / 2400, psnr, 0.5, (psnr,), (0.5,), 2.0
    )


def test_every_level_is_said_to_add_what_it_adds_to_this_clip() -> None:
    results = [result(1, 30, 20.04), result(2, 120, 22.5), result(3, 240, 22.46)]
    told = summary(results, [1, 4, 8])
    assert told == (
        "Level 1 spends 12.5% of the bits and gives 20.0 dB of this clip; level 2 adds 2.5 dB, "
        "level 3 adds next to nothing. All 3 together need 240 times fewer bits than the "
        "frames uncompressed, at 22.5 dB."
    )


@pytest.mark.parametrize(
    ("second", "words"), [(19.5, "level 2 takes 0.5 dB away"), (20, "nothing")]
)
def test_a_level_that_adds_nothing_is_not_praised(second: float, words: str) -> None:
    assert words in summary([result(1, 30, 20), result(2, 120, second)], [1, 4])
    assert "adds" not in summary([result(1, 30, 20)], [1])
