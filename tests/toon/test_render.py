"""Rendering: repeatable, the same at every size and length, every word drawn and told apart."""

from itertools import combinations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from hitvideo.errors import HiTVideoError
from hitvideo.toon import (
    BACKDROPS,
    CAMERAS,
    COLOURS,
    SUBJECTS,
    WEATHERS,
    Actor,
    Scene,
    render,
    render_with_mask,
    sample_scene,
    toon_clip,
)


def scene(
    kind: str = "fish",
    colour: str = "red",
    backdrop: str = "sky",
    weather: str = "clear",
    camera: str = "still",
) -> Scene:
    subject = Actor(kind, colour, "stay", "medium", 0.5, 0.0, 0.0, 1, 0.1)
    subject = Actor(kind, colour, "stay", "medium", 0.5, 0.0, 0.43 * subject.grounded, 1, 0.1)
    return Scene(backdrop, (subject,), weather, camera, 11)


def difference(first: Tensor, second: Tensor) -> float:
    return float((first.float() - second.float()).abs().mean())


def test_a_seed_is_a_clip() -> None:
    first, again, other = (toon_clip(seed, frames=4) for seed in (21, 21, 22))
    assert torch.equal(first.frames, again.frames) and first.caption == again.caption
    assert difference(first.frames, other.frames) > 5
    assert first.frames.shape == (4, 128, 128, 3) and first.frames.dtype == torch.uint8
    assert first.fps == 8.0 and first.scene == sample_scene(21)


def test_the_cover_is_where_the_subjects_are() -> None:
    with_subject = scene(backdrop="room")
    frames, mask = render_with_mask(with_subject, 2, 64, 64, 8.0)
    assert torch.equal(frames, render(with_subject, 2, 64, 64))
    without = render(Scene("room", (), "clear", "still", 11), 2, 64, 64)
    changed = (frames.int() - without.int()).abs().amax(-1)
    assert mask.shape == (2, 64, 64) and mask.dtype == torch.uint8
    assert 0.05 < (mask == 255).float().mean() < 0.5
    assert changed[mask == 255].float().mean() > 30  # shadows and halos change others a little
    assert changed[mask == 0].float().mean() < 10


def test_rendering_leaves_the_global_random_state_alone() -> None:
    before = torch.random.get_rng_state()
    toon_clip(3, frames=2, height=32, width=32)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("seed", range(6))
def test_small_is_large_made_smaller(seed: int) -> None:
    large, small = (
        toon_clip(seed, frames=10, height=size, width=size).frames[::3].permute(0, 3, 1, 2).float()
        for size in (128, 64)
    )
    error = (F.avg_pool2d(large, 2) - small).square().mean()
    assert 10 * torch.log10(255**2 / error) > 26


@pytest.mark.parametrize("camera", CAMERAS)
def test_fewer_frames_are_a_prefix(camera: str) -> None:
    drawn = scene(weather="snow", camera=camera)
    long, short = render(drawn, 20, 48, 48), render(drawn, 3, 48, 48)
    assert int((long[:3].int() - short.int()).abs().max()) <= 1


@pytest.mark.parametrize(("height", "width"), [(48, 96), (96, 48), (37, 65)])
def test_other_shapes_show_the_same_subject(height: int, width: int) -> None:
    clip = render(scene(), 2, height, width)
    assert clip.shape == (2, height, width, 3)
    middle = clip[0, height // 2 - 4 : height // 2 + 4, width // 2 : width // 2 + 8].float()
    red = middle.mean((0, 1))
    assert red[0] > red[1] + 60


def test_impossible_sizes_are_refused() -> None:
    for frames, size, fps in ((0, 64, 8.0), (4, 4, 8.0), (4, 64, 0.0)):
        with pytest.raises(HiTVideoError):
            render(scene(), frames, size, size, fps)


def test_every_subject_has_a_shape_of_its_own() -> None:
    empty = render(Scene("sky", (), "clear", "still", 11), 1, 64, 64)[0].float()
    masks = {}
    for kind in SUBJECTS:
        shown = render(scene(kind), 1, 64, 64)[0].float()
        masks[kind] = (shown - empty).abs().amax(-1) > 30
        assert 0.06 < float(masks[kind].float().mean()) < 0.5, kind
    for one, two in combinations(SUBJECTS, 2):
        overlap = (masks[one] & masks[two]).sum() / (masks[one] | masks[two]).sum()
        assert overlap < 0.85, (one, two)


@pytest.mark.parametrize("kind", SUBJECTS)
def test_colours_can_be_read_off_every_subject(kind: str) -> None:
    """Most of the pixels that carry the colour are nearest to the one asked for."""
    names = list(COLOURS)
    palette = torch.tensor([COLOURS[name] for name in names]).float()
    shown = {name: render(scene(kind, name), 1, 64, 64)[0].float() for name in names}
    for name in names:
        # Only where the colour shows: accents are the same in every colour.
        others = torch.stack([shown[other] for other in names if other != name])
        body = (others - shown[name]).abs().sum(-1).amin(0) > 24
        assert body.sum() > 40, name
        nearest = torch.cdist(shown[name][body], palette).argmin(1)
        assert names[int(nearest.mode().values)] == name


def test_backdrops_differ_from_each_other_and_keep_their_details_by_seed() -> None:
    clips = {name: render(Scene(name, (), "clear", "still", 1), 1, 48, 48) for name in BACKDROPS}
    for one, two in combinations(BACKDROPS, 2):
        assert difference(clips[one], clips[two]) > 15, (one, two)
    for name in BACKDROPS:
        other = render(Scene(name, (), "clear", "still", 2), 1, 48, 48)
        assert 0.5 < difference(clips[name], other) < 40, name


def test_weather_shows() -> None:
    clear = render(scene(backdrop="meadow"), 6, 64, 64)
    for weather in WEATHERS:
        changed = difference(render(scene(backdrop="meadow", weather=weather), 6, 64, 64), clear)
        assert (changed == 0) if weather == "clear" else (changed > 0.4), weather


def test_the_camera_moves_the_backdrop_and_not_the_actor() -> None:
    def slide(camera: str) -> Tensor:
        return render(Scene("city", (), "clear", camera, 4), 64, 64, 64)[::63, :, :, 2].float()

    still = slide("still")
    assert difference(still[0], still[1]) < 4  # only the stars may twinkle
    for camera, shift in (("pan left", 6), ("pan right", -6)):
        first, last = slide(camera)
        there = difference(first.roll(shift, 1)[:, 12:-12], last[:, 12:-12])
        back = difference(first.roll(-shift, 1)[:, 12:-12], last[:, 12:-12])
        assert there < back, camera
    for camera in ("zoom in", "zoom out"):
        assert difference(*slide(camera)) > 4


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_gpu_and_cpu_agree_up_to_rounding() -> None:
    for seed in range(4):
        drawn = sample_scene(seed)
        there = render(drawn, 8, 64, 64, device="cuda").cpu()
        assert difference(there, render(drawn, 8, 64, 64)) < 0.05
