"""All trained networks as one: how well they guess the tokens of clips whose captions they read.

Knows what Toon calls things; nothing of where the clips come from, or of optimizers.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.files import folders_output
from hitvideo.generator import HiTVideoGenerator, TextEncoder
from hitvideo.generator.order import Kinds, Size, TokenOrder
from hitvideo.generator.score import cross_entropy_bits, plan_bits
from hitvideo.tokenizer import fingerprint
from hitvideo.training.scenes import CALLED, NO_THING

OWN_TOKENS = 0.4  # at most: the share of a clip's positions of which the model is told its own


class TextOnly(NamedTuple):
    """Captions ``ids``, ``mask`` ``(C, L)`` and what they tell: see `scenes.Scenes`."""

    ids: Tensor
    mask: Tensor
    plan: Tensor
    called: Tensor


class Batch(NamedTuple):
    """Clips, and what the model is told of them.

    codes, known: digits ``(B, N, count)``, the right ones and what is told of earlier ones. ids,
    mask: the captions ``(C, L)``, of one clip each or of as many as follow each other. conditioned:
    which captions are read ``(C,)``. kinds: what one step writes of every level. size: of the clips
    (None: the native one). weight: what each digit counts ``(B, N, count)`` (None: 1).
    reward_gradient: of own clips, which have no right codes, how much better a larger value of each
    digit would be. plan: where things are ``(B, t, MOMENTS, THINGS, 5)``, see `hitvideo.plan`;
    zeros if that is not told. text_only: scenes without a clip, for what only captions teach.
    """

    codes: Tensor
    known: Tensor
    ids: Tensor
    mask: Tensor
    conditioned: Tensor
    kinds: Kinds
    size: Size | None = None
    weight: Tensor | None = None
    reward_gradient: Tensor | None = None
    plan: Tensor | None = None
    text_only: TextOnly | None = None


class TextToTokens(nn.Module):
    """The text encoder, the language model of video tokens, and one of plans if there are any.

    A planner needs a generator that is told plans, and such a one a planner.
    """

    def __init__(
        self,
        text: TextEncoder,
        generator: HiTVideoGenerator,
        planner: HiTVideoGenerator | None = None,
    ) -> None:
        super().__init__()
        self.text, self.generator, self.planner = text, generator, planner
        if planner is not None:  # says names in Toon's words; of no use afterwards
            width = generator.llama.config.hidden_size
            self.say = nn.Linear(width, sum(len(words) for words in CALLED))
            nn.init.zeros_(self.say.weight)

    def forward(self, *fields: object) -> tuple[Tensor, Tensor, Tensor]:
        """What every position ``(B, N)`` of the batch that the fields make up costs, in bits.

        Of own clips ``(n,)``, for the positions that have a reward gradient: how far their expected
        values lie against it. And of scenes without a clip, what the places of their plans cost
        ``(C, m)`` and their things' names ``(k,)``, both in bits.
        """
        batch = Batch(*fields)  # type: ignore[arg-type]
        read, mask = self._read(batch)
        planned = named = read.new_zeros(0)
        if batch.text_only is not None and self.planner is not None:
            ids, present, plan, called = batch.text_only
            embeddings = self.text(ids, present)
            planned = plan_bits(self.planner, embeddings, present, plan)
            named = self.name_bits(embeddings, present, called)
        if batch.reward_gradient is None:
            logits = self._logits(batch, read, mask)
            return cross_entropy_bits(logits, batch.codes, batch.weight), planned, named
        generator, asked = self.generator, batch.reward_gradient.any(-1)
        level = generator.order(batch.size).level[: asked.shape[1]].to(asked.device)
        level = level.expand_as(asked)[asked]
        hidden = generator.hidden(batch.known, read, mask, batch.kinds, batch.size, batch.plan)
        logits = generator.head(hidden[asked], batch.codes[asked], level)
        expected = expected_values(logits, generator.digits.steps(level))
        return -(batch.reward_gradient[asked] * expected).mean(-1), planned, named

    def name_bits(self, read: Tensor, mask: Tensor, called: Tensor) -> Tensor:
        """Bits ``(k,)`` of the words for the things that there are.

        read, mask: captions as `HiTVideoGenerator.read` takes them. called: see `scenes.Scenes`.
        """
        names = self.generator.read(read, mask).names
        assert names is not None
        there = called[..., 0] != NO_THING
        logits = self.say(names[there]).float().split([len(words) for words in CALLED], -1)
        nats = [
            F.cross_entropy(each, right, reduction="none")
            for each, right in zip(logits, called[there].unbind(-1), strict=True)
        ]
        return torch.stack(nats).sum(0) / math.log(2)

    def logits(self, batch: Batch) -> Tensor:
        """Of every digit's values ``(B, N, count, choices)``."""
        return self._logits(batch, *self._read(batch))

    def _logits(self, batch: Batch, read: Tensor, mask: Tensor) -> Tensor:
        return self.generator(
            batch.codes, read, mask, batch.kinds, batch.known, batch.size, batch.plan
        )

    def _read(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The captions' embeddings ``(C, L, text_width)`` and what of them is told ``(C, L)``."""
        mask = batch.mask * batch.conditioned[:, None].to(batch.mask.dtype)
        seen = torch.where(mask.any(1, keepdim=True), mask, torch.ones_like(mask))
        return self.text(batch.ids, seen), mask

    @torch.no_grad()
    def with_own_tokens(self, batch: Batch, rng: random.Random) -> Batch:
        """The batch, some of what the model is told being what it would have written there itself.

        Scheduled sampling (arXiv 1506.03099): true tokens are all it would otherwise know of the
        past, and its own are all it has when it writes. Of how many positions differs from clip to
        clip.
        """
        device = batch.codes.device
        chance = torch.Generator(device).manual_seed(rng.getrandbits(60))

        def draw(*shape: int) -> Tensor:
            return torch.rand(shape, generator=chance, device=device)

        logits = self.logits(batch).float()
        noise = -(-draw(*logits.shape).clamp_min(1e-20).log()).log()  # Gumbel's: a fair draw
        own = (logits + noise).argmax(-1)
        clips, positions = own.shape[:2]
        replaced = draw(clips, positions, 1) < OWN_TOKENS * draw(clips, 1, 1)
        return batch._replace(known=torch.where(replaced, own, batch.known))

    def save_pretrained(self, folder: Path, dtype: torch.dtype) -> None:
        """Writes text encoder, generator and planner into ``folder``, together or not at all."""
        config = self.generator.config
        config.text_hash = fingerprint(self.text.model, dtype)
        config.planner_hash = fingerprint(self.planner, dtype) if self.planner else ""
        with folders_output(folder) as part:
            self.text.save_pretrained(part / "text", dtype)
            for name, model in (("generator", self.generator), ("planner", self.planner)):
                if model is not None:
                    state = {key: tensor.to(dtype) for key, tensor in model.state_dict().items()}
                    model.save_pretrained(part / name, state_dict=state, max_shard_size="15MB")


def expected_values(logits: Tensor, steps: Tensor) -> Tensor:
    """The mean value ``(B, N, count)`` of every digit, as FSQ has it, in [-1, 1].

    logits: ``(B, N, count, choices)``; steps: how many values each digit has ``(N, count)``.
    """
    index = torch.arange(logits.shape[-1], device=logits.device)
    values = 2 * index / (steps.unsqueeze(-1) - 1).clamp_min(1) - 1
    return (logits.float().softmax(-1) * values).sum(-1)


def by_digit(grids: Sequence[Tensor], order: TokenOrder, count: int) -> Tensor:
    """Something of values ``(B, t, h, w, dims)`` per level, as digits lie: ``(B, N, count)``."""
    parts = []
    for k, grid in enumerate(grids):
        each = torch.stack([order.patched(one, k) for one in grid.unbind(-1)], -1).flatten(2)
        parts.append(F.pad(each, (0, count - each.shape[-1])))
    return torch.cat(parts, 1)
