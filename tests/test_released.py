"""What the released weights write, held in `released.json`: no change of code may change it.

Beside each other stand what must be the same on every machine, the bytes of a token file, and what
sums that another processor rounds differently may change in a code or two.
`python -m tests.test_released` writes the file anew, for new weights.
"""

import json
import math
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hitvideo.frames import frames_to_video
from hitvideo.pipeline import DEFAULT_WEIGHTS, HiTVideoPipeline
from hitvideo.tokenizer import VideoCodes

HELD = Path(__file__).with_name("released.json")
SIZE = 16, 64, 64
PROMPTS = (
    "a red car drives to the left across a sandy desert",
    "a blue fish swims in circles under water",
    "a yellow balloon rises over a snowy field while it rains",
    "two green birds fly to the right above the sea",
    "a tiny purple rocket in space",
)
MODES = "token", "mixed"


def moving_clip(k: int) -> np.ndarray:
    """A clip ``SIZE + (3,)`` in whole numbers: no drawing that a machine could round otherwise."""
    t, y, x = np.meshgrid(*(np.arange(n) for n in SIZE), indexing="ij")
    waves = [(2 + k) * x + 3 * y + 8 * t, 4 * y - k * x + 5 * t, x + y + (3 * k + 1) * t]
    ball = (x - 4 * t) ** 2 + (y - 32) ** 2 < 16 * (6 + k)
    colours = [np.abs(wave % 256 - 128) + 64 for wave in waves]
    return np.where(ball[..., None], [240, 40 * k, 30], np.stack(colours, -1)).astype(np.uint8)


@torch.inference_mode()
def written(pipeline: HiTVideoPipeline) -> dict[str, Any]:
    """Codes and files of five clips, and codes of five prompts in two modes."""
    ladder = len(pipeline.tokenizer.ladder)
    videos = [frames_to_video(moving_clip(k)) for k in range(5)]
    # Detail goes on from its own frames: one code that a machine rounds otherwise changes many.
    clips = [pipeline.tokenizer.encode(video, ladder) for video in videos]
    prompts = {
        mode: [pipeline(p, 7, mode=mode, size=(8, 64, 64)).codes for p in PROMPTS] for mode in MODES
    }
    return {
        "clips": [listed(codes) for codes in clips],
        "files": [file_hash(pipeline, codes) for codes in clips],
        "prompts": {mode: [*map(listed, codes)] for mode, codes in prompts.items()},
    }


def listed(codes: VideoCodes) -> list[Any]:
    return [level[0].tolist() for level in codes.levels]


def file_hash(pipeline: HiTVideoPipeline, codes: VideoCodes) -> str:
    config = pipeline.tokenizer.config.levels[-1]
    _, height, width = (n // s for n, s in zip(SIZE, config.stride, strict=True))
    # Nearly all digits say nothing, as in a clip; some say anything.
    nothing = sum(n // 2 * p for n, p in zip(config.steps, places(config.steps), strict=True))
    number = torch.arange(SIZE[0] * height * width)
    some = number**2 * 1_000_003 % config.codebook_size
    detail = torch.where(number % 37 == 0, some, nothing).view(1, SIZE[0], height, width)
    whole = replace(codes, levels=(*codes.levels, detail))
    return sha256(pipeline.write_tokens(whole, 8)).hexdigest()


def places(steps: tuple[int, ...]) -> list[int]:
    """What one step of every digit adds to a code."""
    return [math.prod(steps[:k]) for k in range(len(steps))]


@pytest.fixture(scope="module")
def pipeline() -> HiTVideoPipeline:
    return HiTVideoPipeline.from_pretrained(DEFAULT_WEIGHTS, "cpu", None)


@pytest.fixture(scope="module")
def held() -> dict[str, Any]:
    return dict(json.loads(HELD.read_text()))


def test_the_same_codes_are_the_same_bytes(
    pipeline: HiTVideoPipeline, held: dict[str, Any]
) -> None:
    for levels, expected in zip(held["clips"], held["files"], strict=True):
        codes = VideoCodes(tuple(torch.tensor([level]) for level in levels), *SIZE)
        assert file_hash(pipeline, codes) == expected


def test_clips_and_prompts_give_the_same_codes(
    pipeline: HiTVideoPipeline, held: dict[str, Any]
) -> None:
    now = written(pipeline)
    same = [
        np.asarray(a) == np.asarray(b)
        for mine, theirs in zip(now["clips"], held["clips"], strict=True)
        for a, b in zip(mine, theirs, strict=True)
    ]
    assert np.concatenate([each.ravel() for each in same]).mean() > 0.997
    assert now["prompts"] == held["prompts"]


if __name__ == "__main__":
    release = HiTVideoPipeline.from_pretrained(DEFAULT_WEIGHTS, "cpu", None)
    HELD.write_text(json.dumps(written(release)) + "\n")
