"""Learning from its own clips: what a judge reads off them decides which become likelier.

Likelihood teaches the model to go on from true tokens; what it makes of its own it learns only by
writing. So some steps write several clips of every caption, have a judge read them, and make those
likelier that show more of their caption than the others do: group relative policy optimization
(arXiv 2402.03300), on fresh clips only and without dividing by each group's deviation (arXiv
2503.20783). The judge must be another one than alignment is measured by. Toon captions only, since
a judge knows no others. Knows nothing of optimizers.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from hitvideo.data.toon import ATTRIBUTES, caption, classes, labels, sample_scene
from hitvideo.evaluation.judge import Judge, prepare
from hitvideo.generator.config import kinds_of
from hitvideo.generator.decode import write
from hitvideo.generator.order import Kinds, Size
from hitvideo.generator.sampling import Sampling
from hitvideo.tokenizer import HiTVideoTokenizer

if TYPE_CHECKING:
    from hitvideo.training.generator import TextToTokens

SEEDS = range(100_000_000, 200_000_000)  # of the captions: scenes that nothing else renders
TRIES = 8  # clips of one caption, which are compared


@dataclass(frozen=True)
class Lesson:
    """What own clips a step writes.

    brief: a single group of frames, where no motion shows. depth: levels; 0 is all. captions: how
    many, as a share of those of the others.
    """

    share: float
    brief: bool
    depth: int
    captions: float


LESSONS = (
    Lesson(0.5, brief=False, depth=1, captions=1),  # level 1 decides what happens
    Lesson(0.3, brief=True, depth=0, captions=1),
    Lesson(0.2, brief=False, depth=0, captions=0.25),  # these take four times as long
)


@dataclass(frozen=True)
class OwnBatch:
    """Clips just written.

    digits: ``(B, n, count)``. ids, mask: their captions, of TRIES clips each. worth: ``(B,)``, above
    zero for clips that show more of their caption than its other ones; mean 0. reward: the mean
    probability of the caption's words.
    """

    digits: Tensor
    ids: Tensor
    mask: Tensor
    worth: Tensor
    reward: float
    kinds: Kinds
    size: Size


class OwnClips:
    """Writes and judges clips by step.

    captions: per step and process. size: of whole clips.
    """

    def __init__(
        self,
        model: TextToTokens,
        tokenizer: HiTVideoTokenizer,
        judge: Judge,
        captions: int,
        size: Size,
    ) -> None:
        self.model, self.tokenizer, self.judge = model, tokenizer, judge
        self.captions, self.size = captions, size

    def sample(self, common: random.Random, rng: random.Random) -> OwnBatch:
        """A batch; what kind of clips they are is drawn from ``common``, all else from ``rng``."""
        lesson = common.choices(LESSONS, [lesson.share for lesson in LESSONS])[0]
        generator, text = self.model.generator, self.model.text
        frames, height, width = self.size
        if lesson.brief:
            frames = generator.order(self.size).strides[0][0]
        size = frames, height, width
        depth = lesson.depth or len(generator.config.levels)
        mode = generator.config.mode
        count = max(1, round(self.captions * lesson.captions))
        scenes = [sample_scene(rng.choice(SEEDS)) for _ in range(count)]
        words = [caption(scene, rng.getrandbits(32)) for scene in scenes]
        device = self.judge.places.device
        ids, mask = (x.to(device) for x in text.tokenize(words))
        with torch.no_grad():
            read = text(ids, mask)
        seeds = [rng.getrandbits(32) for _ in range(count * TRIES)]
        codes = None
        for written in write(
            generator,
            read.repeat_interleave(TRIES, 0),
            mask.repeat_interleave(TRIES, 0),
            seeds,
            Sampling(),
            mode,
            depth,
            size,
        ):
            codes = written.codes
        assert codes is not None  # the last step finishes a level
        codes = codes.clone()  # one made in inference mode cannot be learned from
        order = generator.order(size)
        video = preview(self.tokenizer, order.revert(codes), (height, width))
        names = [name for name in ATTRIBUTES if not (lesson.brief and name == "motion")]
        shown = self._shown(video, [labels(scene) for scene in scenes], names)
        digits = generator.digits.split(codes, order.level[: codes.shape[1]].to(device))
        kinds = kinds_of(mode, len(order.counts))
        return OwnBatch(digits, ids, mask, worth(shown), shown.mean().item(), kinds, size)

    @torch.no_grad()
    def _shown(
        self, video: Tensor, words: Sequence[dict[str, str]], names: Sequence[str]
    ) -> Tensor:
        """The mean probability of the named attributes' words ``(captions, TRIES)``."""
        right = classes(words).to(video.device).repeat_interleave(TRIES, 0)
        logits = self.judge(prepare(video))
        each = [
            logits[name].softmax(-1).gather(1, right[:, [index]])
            for index, name in enumerate(ATTRIBUTES)
            if name in names
        ]
        return torch.cat(each, 1).mean(1).view(-1, TRIES)


def worth(rewards: Tensor) -> Tensor:
    """How much better than the mean of its caption's clips each is ``(captions * tries,)``.

    rewards: ``(captions, tries)``. In units of the whole batch's deviation, so captions on which
    all clips are alike teach little.
    """
    better = rewards - rewards.mean(1, keepdim=True)
    return (better / better.square().mean().sqrt().clamp_min(1e-3)).flatten()


@torch.no_grad()
def preview(
    tokenizer: HiTVideoTokenizer, levels: Sequence[Tensor], shape: tuple[int, int]
) -> Tensor:
    """What the levels alone show, at the last one's scale ``(B, 3, t, h, w)``: a rough decoding.

    levels: grids of codes ``(B, t, h, w)``, coarse to fine. shape: height and width of the clip in
    pixels. It takes a twentieth of the time in which all levels' networks decode.
    """
    state, groups = tokenizer.initial_state, []
    for number in range(levels[0].shape[1]):
        codes = [
            level.unflatten(1, (levels[0].shape[1], -1))[:, number] for level in levels
        ]
        result = tokenizer.step(
            state, (len(levels[0]), *shape), codes=codes, levels=len(levels)
        )
        state = result.state
        groups.append(result.video)
    return torch.cat(groups, 2)
