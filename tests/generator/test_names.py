"""Names: what each thing of a plan reads from the text, and what that tells the places on it."""

import random

import pytest
import torch
from tiny_generator import tiny_config, tiny_generator

from hitvideo.generator import HiTVideoGenerator
from hitvideo.generator.names import Brush
from hitvideo.generator.presets import planner
from hitvideo.generator.relations import RELATIONS
from hitvideo.generator.text import new_text_encoder
from hitvideo.plan.codes import from_codes
from hitvideo.plan.tracks import MOMENTS, THINGS, unknown
from hitvideo.toon.captions import ADJECTIVES, NOUNS
from hitvideo.training.scenes import CALLED, NO_THING, Scenes, draw_scenes
from hitvideo.training.text_to_tokens import TextToTokens

Read = tuple[torch.Tensor, torch.Tensor]


@pytest.fixture(scope="module")
def told() -> HiTVideoGenerator:
    return tiny_generator(plan=True)


@pytest.fixture(scope="module")
def heard() -> Scenes:
    return draw_scenes(64, (64, 128, 128), 8.0, random.Random(0))


def test_names_hang_on_the_words_that_are_told_and_on_their_order(
    told: HiTVideoGenerator, read: Read
) -> None:
    assert told.names is not None
    text, mask = read[0], read[1].bool()
    with torch.no_grad():
        names = told.names(text, mask)
        assert names.shape == (len(text), THINGS, 64)
        assert not torch.allclose(names[:, 0], names[:, 1], atol=1e-3)
        padded = torch.cat([text, torch.randn_like(text)], 1)
        more = torch.cat([mask, torch.zeros_like(mask)], 1)
        torch.testing.assert_close(told.names(padded, more), names)
        assert (told.names(text, torch.zeros_like(mask)) == 0).all()
        turned = told.names(text[:1, :5].flip(1), mask[:1, :5])
        assert not torch.allclose(turned, told.names(text[:1, :5], mask[:1, :5]), atol=1e-3)
        # Longer than any prompt that the encoder of ours reads.
        assert told.names(text.repeat(1, 30, 1), mask.repeat(1, 30)).isfinite().all()


def test_a_place_is_told_of_things_that_are_there_and_have_a_name() -> None:
    torch.manual_seed(0)
    brush = Brush(16)
    torch.nn.init.normal_(brush.paint.weight)
    places, names = torch.rand(2, 7, RELATIONS), torch.randn(2, THINGS, 16)
    with torch.no_grad():
        assert (brush(torch.zeros_like(places), names) == 0).all()
        assert (brush(places, torch.zeros_like(names)) == 0).all()
        # Which is the first thing makes no difference, as long as it keeps its name.
        each = places.unflatten(-1, (MOMENTS, THINGS, -1))
        swapped = brush(each.flip(3).flatten(2), names.flip(1))
        torch.testing.assert_close(swapped, brush(places, names))
        assert not torch.allclose(swapped, brush(places, names.flip(1)), atol=1e-2)


def test_a_name_tells_more_where_its_thing_is(told: HiTVideoGenerator) -> None:
    order = told.order()
    plan = unknown(16).unsqueeze(0)
    plan[..., 0, :] = torch.tensor([1.0, -0.6, 0.0, 0.3, 0.0])  # to the left
    plan[..., 1, :] = torch.tensor([1.0, 0.6, 0.0, 0.3, 0.0])
    names = torch.randn(1, THINGS, 64)
    other = torch.stack([names[:, 0], torch.randn(1, 64)], 1)
    with torch.no_grad():
        change = (told.embed_plan(order, plan, other) - told.embed_plan(order, plan, names))[
            0
        ].norm(dim=-1)
    finest = order.level == order.level.max()
    x = order.coordinates[:, 2] * order.strides[-1][2]
    assert change[finest & (x > 24)].mean() > 1.3 * change[finest & (x < 16)].mean()


def test_scenes_say_first_what_is_first_and_plan_what_they_say(heard: Scenes) -> None:
    there = from_codes(heard.plan)[..., 0].abs().flatten(1, 2).amax(1)
    assert torch.equal(there > 0, heard.called[..., 0] != NO_THING)
    assert 0.25 < there[:, 1].mean() < 0.75  # many scenes of two
    kinds, colours = CALLED
    for words, called in zip(heard.captions, heard.called.tolist(), strict=True):
        at = []
        for kind, colour in called:
            if kind == NO_THING:
                continue
            names = [
                f" {adjective} {noun} "
                for adjective in ADJECTIVES[colours[colour]]
                for noun in NOUNS[kinds[kind]]
            ]
            at.append(max(f" {words} ".find(name) for name in names))
        assert min(at) >= 0 and at == sorted(at), words


def test_a_new_model_tells_things_apart_and_is_told_nothing_of_them() -> None:
    model = HiTVideoGenerator(tiny_config(plan=True))
    assert model.names is not None
    assert model.names.asks.weight.std() > 0.8 and 0.08 < model.names.where.weight.std() < 0.12
    silent = [*model.laid, *(brush.paint for brush in model.brushes)]
    assert all((table.weight == 0).all() for table in silent)
    assert all(brush.place.weight.std() > 0.08 for brush in model.brushes)


def test_two_things_learn_which_words_are_theirs() -> None:
    torch.manual_seed(0)
    scenes = [draw_scenes(n, (8, 64, 64), 8.0, random.Random(n)) for n in (384, 96)]
    text = new_text_encoder(scenes[0].captions)  # stays as chance has made it
    planner_ = HiTVideoGenerator(planner(text.width, 8))
    model = TextToTokens(text, HiTVideoGenerator(tiny_config(plan=True)), planner_)
    assert model.generator.names is not None
    learned = [*model.generator.names.parameters(), *model.say.parameters()]
    optimizer = torch.optim.AdamW(learned, lr=5e-3)
    with torch.no_grad():
        (read, mask), (unseen, there) = (text.encode(heard.captions) for heard in scenes)
    called = scenes[0].called
    for step in range(120):
        some = torch.arange(64) * 6 + step % 6
        model.name_bits(read[some], mask[some], called[some]).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    called = scenes[1].called
    two = called[:, 1, 0] != NO_THING
    with torch.no_grad():
        right, swapped = (
            model.name_bits(unseen[two], there[two], each[two]).unflatten(0, (-1, 2)).sum(1)
            for each in (called, called.flip(1))
        )
    assert (right < swapped).float().mean() > 0.75
