"""The batches of a generator's training, each by the number of its step alone.

What a step is about differs: whole clips or single groups of frames, all levels or the first ones,
one position at a time or many. Knows nothing of losses and optimizers.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from hitvideo.data.token_shards import TokenSet
from hitvideo.generator.config import KINDS
from hitvideo.generator.head import Digits
from hitvideo.generator.order import TokenOrder
from hitvideo.plan.codes import from_codes, to_codes
from hitvideo.plan.tracks import groups_from
from hitvideo.training.generator_settings import GeneratorSettings
from hitvideo.training.own_clips import OwnClips
from hitvideo.training.scenes import draw_scenes
from hitvideo.training.text_to_tokens import Batch, TextOnly, TextToTokens, by_digit

KIND_SHARES = (0.65, 0.35)  # how often each of KINDS is trained, for every level on its own
DROP_PLAN = 0.1  # share of the clips whose plan is not told, as nobody may know it
SCENES = 24  # without a clip, at every step
SINGLE_GROUP_CLIPS = 2  # times as many clips in a batch of single groups, which are quickly read,
BRIEF_GROUPS = 4  # and as many pieces of each, which share the reading of its caption


class Batches:
    """Draws them from ``tokens``, and some of clips that the model writes.

    rank: of the process, which has batches of its own.
    """

    def __init__(
        self,
        config: GeneratorSettings,
        tokens: TokenSet,
        model: TextToTokens,
        own: OwnClips | None,
        rank: int,
        device: torch.device,
    ) -> None:
        self.config, self.tokens, self.model, self.own = config, tokens, model, own
        self.digits, self.order = model.generator.digits, model.generator.order
        self.rank, self.device = rank, device
        self.masked = tokens.subject_mask.float().mean().item() / 255

    def sample(self, step: int) -> tuple[Batch, str]:
        """The batch of a step, and a word on it.

        All of a run's processes have the same kind of batch there.
        """
        config = self.config
        # All processes share kinds and length, or the fast ones would wait for the slow.
        common = random.Random(config.seed * 7919 + step)
        rng = random.Random((config.seed * 1_000_003 + step) * 1024 + self.rank)
        batch, word = self._clips(common, rng)
        if self.model.planner is not None:
            batch = batch._replace(text_only=self._scenes(rng))
        return batch, word

    def _scenes(self, rng: random.Random) -> TextOnly:
        config = self.config
        size = config.frames, config.size, config.size
        captions, *rest = draw_scenes(SCENES, size, config.fps, rng)
        return TextOnly(*(x.to(self.device) for x in (*self.model.text.tokenize(captions), *rest)))

    def _clips(self, common: random.Random, rng: random.Random) -> tuple[Batch, str]:
        config = self.config
        if self.own and common.random() < config.own_clips:
            batch, visible = self.own.sample(common, rng)
            return batch, f"{visible:.2f} shown"
        kinds = common.choices([*KINDS], KIND_SHARES, k=config.levels)
        depth = config.levels
        if depth > 1 and common.random() < config.short:
            depth = common.randrange(1, depth)
        # Most of what a caption says shows in any group of frames; in a whole clip the later ones
        # repeat it, and the few tokens that the caption decides drown in the others.
        whole, clips, pieces = self.order(), config.batch, 1
        frames = config.frames
        if common.random() < config.single_group:
            frames, clips = whole.strides[0][0], SINGLE_GROUP_CLIPS * clips
            pieces = min(BRIEF_GROUPS, whole.grids[0][0])
        size = frames, config.size, config.size
        order = self.order(size)
        length = order.end(depth)
        chosen = rng.choices(range(len(self.tokens)), k=clips)
        first = range(whole.grids[0][0] - order.grids[0][0] + 1)
        starts = [start for _ in chosen for start in rng.sample(first, pieces)]
        shown = [clip for clip in chosen for _ in range(pieces)]
        levels = cut([level[shown].long() for level in self.tokens.levels], starts, whole, order)
        digits = self.digits.split(order.build(levels), order.level)[:, :length].to(self.device)
        words = [rng.choice(self.tokens.captions[i]) for i in chosen]
        ids, mask = (x.to(self.device) for x in self.model.text.tokenize(words))
        conditioned = torch.tensor([rng.random() >= config.drop_text for _ in chosen]).to(
            self.device
        )
        generator = torch.Generator(self.device).manual_seed(rng.getrandbits(60))
        known = self._corrupt(digits, order, generator)
        masks = cut(self._subject_masks(shown), starts, whole, order)
        weight = digit_weights(masks, order, self.digits, config.focus)[:, :length]
        weight = weight.to(self.device) / (1 + config.focus * self.masked)  # about 1 on the whole
        batch = Batch(digits, known, ids, mask, conditioned, kinds, size, weight)
        if self.model.planner is not None:
            plan_codes = to_codes(self.tokens.plan[chosen]).repeat_interleave(pieces, 0)
            plan = from_codes(groups_from(plan_codes, starts, order.grids[0][0]))
            untold = torch.rand(len(plan), generator=generator, device=self.device) < DROP_PLAN
            plan = plan.to(self.device).masked_fill(untold.view(-1, 1, 1, 1, 1), 0)
            batch = batch._replace(plan=plan)
        if common.random() < config.own_tokens:
            batch = self.model.with_own_tokens(batch, rng)
        return batch, "of true clips"

    def _subject_masks(self, chosen: list[int]) -> list[Tensor]:
        """How far every level's tokens show what the captions are about, 0 to 1."""
        finest = self.tokens.subject_mask[chosen].float() / 255
        grids = self.order().token_grids[: len(self.tokens.levels)]
        return [F.adaptive_avg_pool3d(finest.unsqueeze(1), grid)[:, 0] for grid in grids]

    def _corrupt(self, digits: Tensor, order: TokenOrder, generator: torch.Generator) -> Tensor:
        """Some digits replaced: the model must not trust its own past blindly."""
        steps = self.digits.steps(order.level[: digits.shape[1]].to(digits.device))
        noise = torch.rand(digits.shape, generator=generator, device=digits.device)
        other = torch.rand(digits.shape, generator=generator, device=digits.device)
        # How much is corrupted differs from clip to clip, up to twice the share.
        share = torch.rand(len(digits), 1, 1, generator=generator, device=digits.device) * 2
        wrong = noise < self.config.corrupt * share
        return torch.where(wrong, (other * steps).long(), digits)


def cut(
    levels: list[Tensor], starts: Sequence[int], whole: TokenOrder, order: TokenOrder
) -> list[Tensor]:
    """Of every clip's grids ``(n, t, h, w)`` the latent frames that a shorter clip has.

    starts: which latent frame of level 1 each begins with.
    """
    parts = []
    for grid, all_, some in zip(levels, whole.grids, order.grids, strict=True):
        ratio = all_[0] // whole.grids[0][0]
        first = torch.tensor(starts)[:, None] * ratio
        index = first + torch.arange(some[0])
        parts.append(grid[torch.arange(len(grid))[:, None], index])
    return parts


def digit_weights(
    masks: Sequence[Tensor], order: TokenOrder, digits: Digits, focus: float
) -> Tensor:
    """What each digit counts ``(B, N, count)``: 1, and 1 + focus where its token shows the subject.

    masks: of every level's tokens ``(B, t, h, w)``, 0 to 1.
    """
    grids = []
    for k, mask in enumerate(masks):
        dims = len(digits.of(k)) // order.patches[k] ** 2
        grids.append((1 + focus * mask).unsqueeze(-1).expand(*mask.shape, dims))
    return by_digit(grids, order, digits.count)
