"""The decode loop against the model itself: same logits, same tokens, whoever else is written."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from hitvideo.generator import MODES, HiTVideoGenerator
from hitvideo.generator.config import kinds_of
from hitvideo.generator.generate import Written, write
from hitvideo.generator.sampling import Sampling

Read = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Recording(Sampling):
    """Keeps the logits of both branches."""

    logits: list[Tensor] = field(default_factory=list)

    def choose(self, logits: Tensor, noise: Tensor) -> Tensor:
        self.logits.append(logits.flatten(0, 1).clone())
        return super().choose(logits, noise)


def codes(steps: list[Written]) -> Tensor:
    assert steps[-1].codes is not None
    return steps[-1].codes


def run(model: HiTVideoGenerator, read: Read, seeds: list[int], **options: object) -> Tensor:
    sampling = options.pop("sampling", Sampling(3.0))
    return codes(list(write(model, *read, seeds, sampling, **options)))


@pytest.mark.parametrize("mode", MODES)
def test_cached_logits_are_those_of_one_full_pass(
    generator: HiTVideoGenerator, read: Read, mode: str
) -> None:
    text, mask = read
    recording = Recording(3.0)
    result = run(generator, read, [1, 2, 3], sampling=recording, mode=mode)
    order = generator.order()
    kinds = kinds_of(mode, 3)
    with torch.no_grad():
        full = generator(
            generator.digits.split(result, order.level).repeat(2, 1, 1),
            text.repeat(2, 1, 1),
            torch.cat([mask, torch.zeros_like(mask)]),
            kinds,
        )
    logits = iter(recording.logits)
    for first, end in order.blocks(kinds):
        for digit, steps in enumerate(generator.digits.of(int(order.level[first]))):
            torch.testing.assert_close(
                next(logits), full[:, first:end, digit, :steps], rtol=0, atol=1e-3
            )
    assert next(logits, None) is None


def test_every_token_is_a_code_of_its_level(generator: HiTVideoGenerator, read: Read) -> None:
    many = read[0].repeat(8, 1, 1), read[1].repeat(8, 1)
    result = run(generator, many, list(range(24)), mode="frame", sampling=Sampling(1.0, 10.0))
    levels = generator.order().revert(result)
    for level, size in zip(levels, (60, 64, 64), strict=True):
        assert (level < size).all() and (level >= 0).all()
        # As hot as that, most of the codebook is visited.
        assert level.numel() >= 3 * size and len(level.unique()) > size * 0.7


@pytest.mark.parametrize("mode", MODES)
def test_a_clip_does_not_depend_on_who_else_is_in_the_batch(
    generator: HiTVideoGenerator, read: Read, mode: str
) -> None:
    text, mask = read
    together = run(generator, read, [1, 2, 3], mode=mode)
    for row, seed in enumerate([1, 2, 3]):
        length = int(mask[row].sum())
        alone = text[row : row + 1, :length], mask[row : row + 1, :length]
        assert torch.equal(run(generator, alone, [seed], mode=mode)[0], together[row])


def test_a_seed_is_a_clip(generator: HiTVideoGenerator, read: Read) -> None:
    text, mask = read
    same = text[:1].expand(3, -1, -1), mask[:1].expand(3, -1)
    first, second, third = run(generator, same, [7, 7, 8], mode="frame")
    assert torch.equal(first, second)
    assert not torch.equal(first, third)


@pytest.mark.parametrize("mode", MODES)
def test_levels_do_not_depend_on_how_many_follow(
    generator: HiTVideoGenerator, read: Read, mode: str
) -> None:
    whole = run(generator, read, [1, 2, 3], mode=mode)
    for depth in (1, 2):
        part = run(generator, read, [1, 2, 3], mode=mode, depth=depth)
        assert torch.equal(part, whole[:, : part.shape[1]])


def test_steps_count_up_and_each_level_is_handed_out_once(
    generator: HiTVideoGenerator, read: Read
) -> None:
    order = generator.order()
    steps = list(write(generator, *read, [1, 2, 3], Sampling(), "mixed"))
    assert [step.step for step in steps] == list(range(1, len(steps) + 1))
    assert [step.tokens for step in steps if step.codes is not None] == [
        sum(order.tokens[:depth]) for depth in (1, 2, 3)
    ]
    pace = [b.tokens - a.tokens for a, b in pairwise(steps)]
    assert min(pace) > 0 and len(steps) == len(order.blocks(kinds_of("mixed", 3)))
    assert steps[-1].step == steps[-1].steps and steps[-1].tokens == steps[-1].total
    finished = [step for step in steps if step.codes is not None]
    assert [step.writing for step in finished] == [1, 2, 3]
    for depth, step in enumerate(finished, start=1):
        assert step.codes is not None
        assert torch.equal(step.codes, codes(steps)[:, : order.end(depth)])
    seconds = [step.seconds for step in steps]
    assert seconds == sorted(seconds)


def test_the_text_matters_and_guidance_scales_what_it_says(
    generator: HiTVideoGenerator, read: Read
) -> None:
    text, mask = read
    prompts = text[:2], mask[:2]
    cold = {g: run(generator, prompts, [1, 1], sampling=Sampling(g)) for g in (0.0, 1.0, 5.0)}
    assert torch.equal(cold[0.0][0], cold[0.0][1])  # the prompt is not read
    assert not torch.equal(cold[1.0][0], cold[1.0][1])
    assert not torch.equal(cold[5.0][0], cold[1.0][0])


def test_another_size_is_only_another_order(generator: HiTVideoGenerator, read: Read) -> None:
    size = (24, 17, 16)
    result = run(generator, read, [1, 2, 3], mode="frame", size=size)
    assert result.shape == (3, len(generator.order(size)))


@torch.no_grad()
def test_a_short_clip_is_the_start_of_a_long_one(generator: HiTVideoGenerator) -> None:
    whole, short = generator.order(), generator.order((8, 32, 48))
    kinds = kinds_of("token", 3)
    for level in range(3):
        here, there = short.starts[level], whole.starts[level]
        count = short.counts[level]
        assert count < whole.counts[level]
        part = generator.static_inputs(short, kinds)[here : here + count]
        assert torch.allclose(
            part, generator.static_inputs(whole, kinds)[there : there + count], atol=1e-5
        )


@torch.no_grad()
def test_clips_that_share_a_caption_do_not_see_each_other(
    generator: HiTVideoGenerator, read: Read
) -> None:
    text, mask = read
    result = run(generator, read, [1, 2, 3], mode="frame")
    order = generator.order()
    digits = generator.digits.split(result, order.level)
    pieces = torch.stack([digits, digits.roll(1, 0)], 1).flatten(0, 1)  # two for every caption
    kinds = kinds_of("mixed", 3)
    shared = generator(pieces, text, mask, kinds)
    alone = generator(pieces, *(x.repeat_interleave(2, 0) for x in read), kinds)
    torch.testing.assert_close(shared, alone, rtol=0, atol=1e-4)
