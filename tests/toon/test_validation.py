"""The frozen validation set: its pixels may change only on purpose, together with this hash."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from hitvideo.toon import (
    is_withheld,
    render,
    sample_scene,
    thumbnails,
    toon_clip,
    validation_hash,
)
from hitvideo.toon.seeds import VALIDATION

THUMBNAILS = Path(__file__).parent / "validation.png"
FROZEN = "6a1e4ef241c91b6abf75ffcc78214ff87b7670925743e5da4abfc2ead0e837af"


@pytest.fixture(scope="module")
def clips() -> list[Tensor]:
    return [toon_clip(seed).frames for seed in VALIDATION]


def test_the_validation_set_is_frozen(clips: list[Tensor]) -> None:
    assert validation_hash(clips) == FROZEN


def test_every_clip_shows_the_same_things_at_the_same_place_and_time(clips: list[Tensor]) -> None:
    """A row a clip, a column a second; made with ``draw`` of the same clips."""
    frozen = np.asarray(Image.open(THUMBNAILS)).astype(float)
    assert np.abs(draw(clips) - frozen).max() <= 1
    # Seen are mirrored clips, reversed ones, and a second's difference in time.
    for other in (clips[3].flip(2), clips[3].flip(0), clips[3].roll(8, 0)):
        assert np.abs(draw([*clips[:3], other, *clips[4:]]) - frozen).max() > 20


def draw(clips: list[Tensor]) -> np.ndarray:
    rows = [torch.cat([*thumbnails(clip)], 1) for clip in clips]
    return torch.cat(rows).round().numpy()


def test_the_hash_forgives_rounding(clips: list[Tensor]) -> None:
    generator = torch.Generator().manual_seed(0)
    shaken = []
    for clip in clips:
        flips = torch.rand(clip.shape, generator=generator) < 0.01
        shaken.append((clip.int() + flips.int()).clamp(0, 255).to(torch.uint8))
    assert validation_hash(shaken) == validation_hash(clips)


def test_the_hash_sees_a_change_of_colour_order_and_number(clips: list[Tensor]) -> None:
    scene = sample_scene(VALIDATION[0])
    main = scene.subjects[0]
    colour = "green" if main.colour != "green" else "pink"
    repainted = replace(scene, subjects=(replace(main, colour=colour), *scene.subjects[1:]))
    frozen = validation_hash(clips)
    assert validation_hash([render(repainted), *clips[1:]]) != frozen
    assert validation_hash(clips[::-1]) != frozen
    assert validation_hash(clips[:-1]) != frozen


def test_validation_clips_are_of_trained_combinations() -> None:
    for seed in VALIDATION:
        for actor in sample_scene(seed).subjects:
            assert not is_withheld(actor.kind, actor.colour, actor.motion)
