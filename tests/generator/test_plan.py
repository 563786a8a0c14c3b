"""Plans: what codes keep of them, how places lie to things, and what a generator makes of it."""

import math

import pytest
import torch
from tiny_generator import tiny_generator

from hitvideo.generator import MODES, HiTVideoGenerator
from hitvideo.generator.config import kinds_of
from hitvideo.generator.generate import write, write_plan
from hitvideo.generator.presets import planner
from hitvideo.generator.relations import BUMPS, relations
from hitvideo.generator.sampling import Sampling
from hitvideo.plan.codes import from_codes, to_codes
from hitvideo.plan.tracks import MOMENTS, THINGS, at_frames, mirror_plan, moments, unknown
from hitvideo.toon import render_with_mask, sample_scene, scene_plan

SCENES = [sample_scene(seed) for seed in range(200)]
PLANS = torch.stack([scene_plan(scene) for scene in SCENES])


def test_codes_keep_a_layout_within_half_a_step() -> None:
    codes = to_codes(PLANS)
    back = from_codes(codes)
    assert torch.equal(to_codes(back), codes)
    there = PLANS[..., 0] != 0
    assert torch.equal(back[..., 0], PLANS[..., 0])
    assert (back[~there] == 0).all()
    error = (back - PLANS)[there]
    assert error[:, 1:3].abs().max() < 0.05  # of half a frame: three pixels of 128
    grown = PLANS[..., 3][there] > 0.08
    assert (back[..., 3][there] / PLANS[..., 3][there]).log()[grown].abs().max() < 0.08
    turned = torch.remainder(error[:, 4] + math.pi, 2 * math.pi) - math.pi
    assert turned.abs().max() < math.pi / 16 + 1e-4


def test_a_mirror_changes_sides_and_senses_and_back() -> None:
    other = mirror_plan(PLANS)
    assert torch.equal(mirror_plan(other), PLANS)
    assert torch.equal(other[..., 1], -PLANS[..., 1]) and torch.equal(other[..., 2], PLANS[..., 2])


@pytest.mark.parametrize("size", [(64, 64), (48, 96)])
def test_a_layout_says_where_the_drawn_subject_is(size: tuple[int, int]) -> None:
    """The middle of what is covered lies by the told centre, at the told moments."""
    height, width = size
    checked = 0
    for scene in SCENES[:24]:
        if len(scene.subjects) > 1:
            continue
        told = scene_plan(scene, 64, height, width).flatten(0, 1)[:, 0]
        _, mask = render_with_mask(scene, 64, height, width, 8.0)
        for moment, seconds in enumerate(moments(64, 8.0).tolist()):
            facing, x, y, scale, _ = told[moment].tolist()
            seen = mask[[math.floor(seconds * 8), math.ceil(seconds * 8)]].float().mean(0)
            side = min(height, width) / 2
            room = 1 - 1.3 * scale * side / (width / 2), 1 - 1.3 * scale * side / (height / 2)
            if abs(x) > room[0] or abs(y) > room[1]:
                continue  # partly outside
            rows = (seen.sum(1) * torch.arange(height)).sum() / seen.sum() + 0.5
            columns = (seen.sum(0) * torch.arange(width)).sum() / seen.sum() + 0.5
            assert facing in (-1, 1)
            assert abs(columns - (x + 1) * width / 2) < 0.8 * scale * side
            assert abs(rows - (y + 1) * height / 2) < 0.8 * scale * side
            checked += 1
    assert checked > 100


def test_relations_follow_a_thing_wherever_it_goes() -> None:
    """What a place shows of a thing is the same after both have moved, turned and grown."""
    plan = unknown(8).unsqueeze(0).repeat(2, 1, 1, 1, 1)
    plan[0, ..., 0, :] = torch.tensor([1.0, 0.0, 0.0, 0.25, 0.0])
    plan[1, ..., 0, :] = torch.tensor([1.0, 0.5, -0.25, 0.5, math.pi / 2])
    # Ahead of it by its own size: to the right at first, then, turned clockwise, below.
    ahead = torch.tensor([[0.0, 64.0, 80.0]]), torch.tensor([[0.0, 48.0 + 32.0, 96.0]])
    first = relations(plan[:1], ahead[0], 128, 128)
    second = relations(plan[1:], ahead[1], 128, 128)
    own = BUMPS**2  # those in the thing's own eyes come first
    torch.testing.assert_close(first[..., :own], second[..., :own])
    assert first[..., :own].max() > 0.9
    assert not torch.allclose(first[..., own : 2 * own], second[..., own : 2 * own], atol=0.1)


def test_places_and_things_share_a_frame_that_no_patch_divides(told: HiTVideoGenerator) -> None:
    """The tiny model's clip is 48 wide, its coarsest patches reach to 64."""
    order, seen = told.order(), []

    def note(plan: torch.Tensor, places: torch.Tensor, *size: int) -> torch.Tensor:
        seen.append((places, size))
        return relations(plan, places, *size)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hitvideo.generator.model.relations", note)
        told.embed_plan(order, PLANS[:1, :2], torch.zeros(1, THINGS, 64))
    ((places, size),) = seen
    assert size == (32, 48)
    assert places[:, 1].max() < 32 + 16 and places[0].tolist() == [0, 16, 16]
    assert places[:, 0].unique().tolist() == [0, 1]


def test_plans_do_not_hang_on_the_chance_of_the_tokens(
    read: tuple[torch.Tensor, torch.Tensor],
) -> None:
    torch.manual_seed(0)
    model = HiTVideoGenerator(planner(256, 64)).eval()
    order = model.order((64, MOMENTS, THINGS))
    *_, same = write(model, *read, [1, 2, 3], Sampling(), size=(64, MOMENTS, THINGS))
    assert same.codes is not None and same.codes.shape[1] == len(order)
    written = from_codes(same.codes.unflatten(1, (-1, MOMENTS, THINGS)))
    assert not torch.equal(written, write_plan(model, *read, [1, 2, 3], 64))
    # Without chance, no seed matters.
    first, second = (
        write_plan(model, *read, seeds, 64, likeliest=True) for seeds in ([1, 2, 3], [4, 5, 6])
    )
    assert torch.equal(first, second)


def test_nothing_known_is_nothing_told() -> None:
    places = torch.tensor([[0.0, 16.0, 16.0], [1.0, 100.0, 3.0]])
    assert (relations(unknown(16)[None], places, 128, 128) == 0).all()


@pytest.fixture(scope="module")
def told() -> HiTVideoGenerator:
    return tiny_generator(plan=True)


@pytest.mark.parametrize("mode", MODES)
def test_cached_and_full_pass_agree_on_a_layout(
    told: HiTVideoGenerator, read: tuple[torch.Tensor, torch.Tensor], mode: str
) -> None:
    text, mask = read
    plan = PLANS[:3, :2]
    *_, last = write(told, text, mask, [1, 2, 3], Sampling(1.0, 0.0), mode, plan=plan)
    assert last.codes is not None
    order, kinds = told.order(), kinds_of(mode, 3)
    digits = told.digits.split(last.codes, order.level)
    with torch.no_grad():
        full = told(digits, text, mask, kinds, plan=plan)
        other = told(digits, text, mask, kinds)
    real = (told.digits.steps(order.level) > 1).expand_as(digits)
    # At temperature 0 the digits written are the likeliest ones of the full pass.
    assert (full.argmax(-1) == digits)[real].float().mean() > 0.999
    assert (other.argmax(-1) == digits)[real].float().mean() < 0.99


def test_guidance_leaves_the_layout_told_and_its_things_unnamed(
    told: HiTVideoGenerator, read: tuple[torch.Tensor, torch.Tensor]
) -> None:
    text, mask = read
    plan = PLANS[:3, :2]
    *_, last = write(told, text, mask, [1, 2, 3], Sampling(2.0, 0.0), plan=plan)
    assert last.codes is not None
    order, kinds = told.order(), kinds_of("token", 3)
    digits = told.digits.split(last.codes, order.level)
    with torch.no_grad():
        with_text, without = (
            told(digits, text, seen, kinds, plan=plan) for seen in (mask, torch.zeros_like(mask))
        )
    guided = (without + 2.0 * (with_text - without)).nan_to_num(-torch.inf)  # no such value
    real = (told.digits.steps(order.level) > 1).expand_as(digits)
    assert (guided.argmax(-1) == digits)[real].float().mean() > 0.999
    assert (with_text.argmax(-1) == digits)[real].float().mean() < 0.99


def test_a_level_is_told_the_same_however_many_follow(
    told: HiTVideoGenerator, read: tuple[torch.Tensor, torch.Tensor]
) -> None:
    plan = PLANS[:3, :2]
    results = []
    for depth in (1, 3):
        *_, last = write(told, *read, [1, 2, 3], Sampling(2.0), depth=depth, plan=plan)
        assert last.codes is not None
        results.append(last.codes)
    assert torch.equal(results[0], results[1][:, : results[0].shape[1]])


def test_a_planner_writes_layouts_of_any_length(
    read: tuple[torch.Tensor, torch.Tensor],
) -> None:
    torch.manual_seed(0)
    model = HiTVideoGenerator(planner(256, 64)).eval()
    for frames in (8, 64, 100):
        plan = write_plan(model, *read, [1, 2, 3], frames)
        assert plan.shape == (3, -(-frames // 8), MOMENTS, THINGS, 5)
        assert torch.equal(plan, write_plan(model, *read, [1, 2, 3], frames))
    assert not torch.equal(plan, write_plan(model, *read, [4, 5, 6], 100))


def test_between_moments_things_go_evenly_and_jump_where_they_leave() -> None:
    jumps = 0
    for scene, plan in zip(SCENES, PLANS, strict=True):
        if scene.subjects[0].motion not in ("left", "right", "up", "down"):
            continue
        frames = at_frames(plan, 64)[:, 0]
        # At 32 frames a second every other moment lies by one of our frames.
        told = scene_plan(scene, 4 * 64, fps=32.0).flatten(0, 1)[::2, 0]
        off = (frames - told)[:, 1:3].abs().amax(-1)
        # Either where it is, or already, or still, on the other side: never halfway.
        assert ((off < 0.12) | (off > 1.5)).all(), scene
        jumps += int((off > 1.5).sum())
    assert 0 < jumps < 100


def test_a_planner_knows_word_order_which_the_generator_takes_from_the_encoder(
    told: HiTVideoGenerator, read: tuple[torch.Tensor, torch.Tensor]
) -> None:
    text, mask = read[0][:1, :5], read[1][:1, :5]
    turned = text.flip(1)
    torch.manual_seed(0)
    model = HiTVideoGenerator(planner(256, 8)).eval()
    for writer, size, same in ((model, (8, MOMENTS, THINGS), False), (told, (8, 32, 48), True)):
        order = writer.order(size)
        digits = torch.zeros(1, len(order), writer.digits.count, dtype=torch.long)
        kinds = ["token"] * len(order.counts)
        with torch.no_grad():
            first, second = (writer(digits, t, mask, kinds, size=size) for t in (text, turned))
        real = writer.digits.steps(order.level)[None, ..., None] > 1
        differs = ((first.softmax(-1) - second.softmax(-1)).abs() * real).max()
        assert (differs < 1e-4) == same
