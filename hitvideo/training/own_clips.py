"""Learning from its own clips: a judge says how each of their tokens should change.

Likelihood teaches the model to go on from true tokens; what becomes of its own it learns only by
writing. So some steps write clips, decode them roughly, have a judge read them, and follow the
gradient of its log-probability of the caption's words back to the quantized values of every token.
To first order around the clip, the expected gain is that gradient times the mean value that the
model expects of each digit, which is what the step raises: rewards as gradients (arXiv 2309.17400),
straight through the draws (arXiv 1308.3432).

The judge must be another one than alignment is measured by. Toon captions only, since a judge knows
no others. Knows nothing of optimizers.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hitvideo.errors import HiTVideoError
from hitvideo.generator.config import kinds_of
from hitvideo.generator.generate import write
from hitvideo.generator.order import Size, TokenOrder
from hitvideo.generator.sampling import Sampling
from hitvideo.judge.model import FRAMES, Judge, prepare
from hitvideo.plan.codes import from_codes
from hitvideo.plan.tracks import groups_from
from hitvideo.tokenizer import HiTVideoTokenizer, fingerprint
from hitvideo.toon import ATTRIBUTES, Scene, caption, classes, labels
from hitvideo.toon.seeds import OWN_CLIPS
from hitvideo.training.scenes import draw_scene, plan_codes
from hitvideo.training.text_to_tokens import Batch, TextToTokens, by_digit

TRIES = 4  # clips of one caption, which is read once for them
UNLIKELY = -6.0  # a word less likely than exp of this pulls no more
ANSWERS = 0.25  # on average at most: the share of positions that a step learns from


@dataclass(frozen=True)
class Rollout:
    """What own clips a step writes.

    share: of such steps. single_group: of 8 frames, where no motion shows. depth: levels; 0 is all.
    captions: how many, for every clip of the run's batches.
    """

    share: float
    single_group: bool
    depth: int
    captions: float


ROLLOUTS = (
    Rollout(0.5, single_group=True, depth=0, captions=2),
    Rollout(0.25, single_group=False, depth=0, captions=0.5),
    Rollout(0.25, single_group=False, depth=1, captions=1),  # level 1 decides what happens
)


class OwnClips:
    """Writes clips and has them read. batch, size: of a run's clips."""

    def __init__(
        self,
        model: TextToTokens,
        tokenizer: HiTVideoTokenizer,
        judge: Judge,
        batch: int,
        size: Size,
    ) -> None:
        self.model, self.judge = model, judge
        self.tokenizer = tokenizer.requires_grad_(False)
        self.batch, self.size = batch, size

    def sample(self, common: random.Random, rng: random.Random) -> tuple[Batch, float]:
        """Clips with their reward gradient, and the mean probability of their captions' words.

        What kind of clips they are is drawn from ``common``, all else from ``rng``.
        """
        rollout = common.choices(ROLLOUTS, [rollout.share for rollout in ROLLOUTS])[0]
        generator, text = self.model.generator, self.model.text
        frames, height, width = self.size
        if rollout.single_group:
            frames = generator.order(self.size).strides[0][0]
        size = frames, height, width
        order = generator.order(size)
        depth = rollout.depth or len(order.counts)
        count = max(1, round(self.batch * rollout.captions))
        scenes = [draw_scene(rng, OWN_CLIPS) for _ in range(count)]
        words = [caption(scene, rng.getrandbits(32)) for scene in scenes]
        device = self.judge.places.device
        ids, mask = (x.to(device) for x in text.tokenize(words))
        plan = None
        if generator.config.plan:
            plan = self._plans(scenes, order, rng).to(device).repeat_interleave(TRIES, 0)
        names = [name for name in ATTRIBUTES if not (rollout.single_group and name == "motion")]
        right = classes([labels(scene) for scene in scenes]).to(device)
        with torch.autocast(device.type, enabled=False):  # as clips are written and judged later
            codes = self._write(ids, mask, rng, depth, size, plan)
            gradients, shown = self._read(
                order.revert(codes), right.repeat_interleave(TRIES, 0), names
            )
        digits = generator.digits.split(codes, order.level[: codes.shape[1]].to(device))
        conditioned = torch.ones(count, dtype=torch.bool, device=device)
        kinds = kinds_of(generator.config.mode, len(order.counts))
        gradient = thinned(by_digit(gradients, order, digits.shape[-1]), rng)
        batch = Batch(digits, digits, ids, mask, conditioned, kinds, size)
        return batch._replace(reward_gradient=gradient, plan=plan), shown

    def _plans(self, scenes: Sequence[Scene], order: TokenOrder, rng: random.Random) -> Tensor:
        """The scenes' plans, of clips as long as the order's, from anywhere in them.

        From where the main thing is within the frame, as long as it ever is: nobody could read it
        elsewhere.
        """
        codes = plan_codes(scenes, self.size, self.model.generator.config.fps)
        starts, count = [], order.grids[0][0]
        for places in from_codes(codes)[..., 0, 1:3]:
            seen = (places.abs() < 1).flatten(1).all(1)[: len(places) - count + 1]
            fit = seen.nonzero().flatten().tolist()
            starts.append(rng.choice(fit or range(len(seen))))
        return from_codes(groups_from(codes, starts, count))

    def _write(
        self,
        ids: Tensor,
        mask: Tensor,
        rng: random.Random,
        depth: int,
        size: Size,
        plan: Tensor | None,
    ) -> Tensor:
        """Codes ``(captions * TRIES, n)`` of the first levels."""
        generator = self.model.generator
        with torch.no_grad():
            read = self.model.text(ids, mask).repeat_interleave(TRIES, 0)
        mask = mask.repeat_interleave(TRIES, 0)
        seeds = [rng.getrandbits(32) for _ in range(len(mask))]
        codes = None
        mode = generator.config.mode
        steps = write(generator, read, mask, seeds, Sampling(), mode, depth, size, plan)
        for written in steps:
            codes = written.codes
        assert codes is not None  # the last step finishes a level
        return codes.clone()  # one made in inference mode cannot be learned from

    def _read(
        self, levels: Sequence[Tensor], right: Tensor, names: Sequence[str]
    ) -> tuple[list[Tensor], float]:
        """Of every level's values ``(B, t, h, w, dims)``, and how much is shown, 0 to 1.

        right: class indices ``(B, attributes)``; names: of the attributes that count.
        """
        values = [
            level.quantizer.values(codes).requires_grad_()
            for level, codes in zip(self.tokenizer.ladder, levels, strict=False)
        ]
        video = preview(self.tokenizer, values, self.size[1:])
        repeats = max(1, FRAMES // video.shape[2])  # to read each of them once is enough
        logits = self.judge(prepare(video)[:, ::repeats])
        each = [
            logits[name].log_softmax(-1).gather(1, right[:, [index]])
            for index, name in enumerate(ATTRIBUTES)
            if name in names
        ]
        likely = torch.cat(each, 1)
        gradients = torch.autograd.grad(likely.clamp_min(UNLIKELY).sum(), values)
        size = torch.cat([gradient.flatten() for gradient in gradients]).square().mean().sqrt()
        return [
            gradient / size.clamp_min(1e-12) for gradient in gradients
        ], likely.exp().mean().item()


def thinned(gradient: Tensor, rng: random.Random) -> Tensor:
    """Gradients ``(B, N, count)`` of a few positions, drawn by their size; the mean stays the same.

    Most positions hardly matter, and answering costs the most of a step. (Importance sampling.)
    """
    size = gradient.norm(dim=-1, keepdim=True)
    chance = (ANSWERS * size / size.mean().clamp_min(1e-12)).clamp_max(1)
    generator = torch.Generator(gradient.device).manual_seed(rng.getrandbits(60))
    drawn = torch.rand(chance.shape, generator=generator, device=gradient.device) < chance
    return torch.where(drawn, gradient / chance.clamp_min(1e-12), 0)


def check_teacher(judge: Judge, measuring: Judge) -> None:
    """Raises HiTVideoError unless the judges are known to have learned from other scenes."""
    if fingerprint(judge) == fingerprint(measuring):
        raise HiTVideoError("Own clips need another judge than the one that measures.")
    if not (judge.seeds and measuring.seeds):
        raise HiTVideoError(
            "One of the two judges does not say which scenes it was trained on, "
            "so they may be too much alike; train-judge makes one that does."
        )
    if max(judge.seeds.start, measuring.seeds.start) < min(judge.seeds.stop, measuring.seeds.stop):
        raise HiTVideoError(
            "Own clips need a judge that was trained on other scenes than the one that measures: "
            "choose another --seed of train-judge."
        )


def preview(
    tokenizer: HiTVideoTokenizer, values: Sequence[Tensor], shape: tuple[int, int]
) -> Tensor:
    """What the first levels alone show, at the last one's scale ``(B, 3, t, h, w)``.

    values: quantized ones ``(B, t, h, w, dims)``, coarse to fine. shape: height and width of the
    clip in pixels. Rough, in a twentieth of the time in which all levels' networks decode.
    """
    state, groups = tokenizer.initial_state, []
    count = values[0].shape[1]
    for number in range(count):
        codes = [level.unflatten(1, (count, -1))[:, number] for level in values]
        full = len(values[0]), *shape
        result = tokenizer.step(state, full, codes=codes, levels=len(values))
        state = result.state
        groups.append(result.video)
    return torch.cat(groups, 2).clamp(-1, 1)
