"""The language model of video tokens: a Llama of `transformers` behind a text prefix.

Every position asks for its own tokens: it carries where it lies (3-D RoPE and a few sines), its
level, the gist of the text, the coarser position above it, the same place one frame earlier, a
glimpse of what lay around it in the two frames before, the neighbour written last, and, where there
is a plan, how it lies to the things in the clip and what these are called. One position
a step is ordinary autoregression; with a latent frame a step, its positions see one another's
questions and answer together. Knows token ids and text embeddings; nothing of pixels,
words or sampling.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaModel, PreTrainedModel, initialization

from hitvideo.generator.config import KINDS, GeneratorConfig
from hitvideo.generator.head import DigitHead, Digits
from hitvideo.generator.names import Brush, Names
from hitvideo.generator.order import AROUND, NOTHING, Kinds, Size, TokenOrder
from hitvideo.generator.relations import RELATIONS, relations
from hitvideo.generator.rope import Rope3D
from hitvideo.tokenizer.config import GROUP

GLIMPSE = 64  # channels of what a position sees of each place around it
WAVES = 6  # octaves of sines per axis that tell where in the clip a token lies


class Reading(NamedTuple):
    """A text as the model takes it.

    inputs: of the Llama ``(B, L, width)``; present: which of them exist, booleans ``(B, L)``. gist:
    what every position is told, the mean ``(B, 1, width)``. names: of the things of a plan
    ``(B, THINGS, width)``; None where plans are not understood.
    """

    inputs: Tensor
    present: Tensor
    gist: Tensor
    names: Tensor | None


class HiTVideoGenerator(PreTrainedModel):  # type: ignore[misc]
    config: GeneratorConfig
    config_class = GeneratorConfig
    base_model_prefix = "generator"
    _no_split_modules = ["LlamaDecoderLayer"]  # noqa: RUF012
    _supports_sdpa = True

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__(config)
        llama = LlamaConfig(vocab_size=1, bos_token_id=None, eos_token_id=None, **config.llama)
        width = llama.hidden_size
        self.digits = Digits(config.steps)
        self.read_text = nn.Linear(config.text_width, width)
        self.no_text = nn.Parameter(torch.zeros(width))
        self.text_place = nn.Embedding(config.text_places, width) if config.text_places else None
        self.read_gist = nn.Linear(config.text_width, width, bias=False)
        self.level = nn.Embedding(len(config.levels), width)
        self.begin = nn.Embedding(len(config.levels), width)
        self.kind = nn.Embedding(max(KINDS.values()) + 1, width)
        self.place = nn.Linear(3 * 2 * WAVES, width)
        self.before = nn.Embedding(self.digits.table, width)
        self.beside = nn.Embedding(self.digits.table, width)
        self.above = nn.Embedding(self.digits.table, width)
        self.glimpse = nn.Embedding(self.digits.table, GLIMPSE)
        self.around = nn.Linear(AROUND * GLIMPSE, width, bias=False)
        laid = config.levels if config.plan else []
        self.laid = nn.ModuleList(nn.Linear(RELATIONS, width, bias=False) for _ in laid)
        self.brushes = nn.ModuleList(Brush(width) for _ in laid)
        self.names = Names(config.text_width, width) if config.plan else None
        self.llama = LlamaModel(llama)
        self.llama.rotary_emb = Rope3D(llama.head_dim)  # type: ignore[assignment, arg-type]
        self.head = DigitHead(self.digits, width, config.head_width, config.head_layers)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """As transformers does, but for plans.

        Of these nothing is told at first: a model may learn of them later and forget nothing.
        """
        super()._init_weights(module)
        spread: dict[nn.Module, float] = dict.fromkeys(self.laid, 0.0)
        for part in (*self.brushes, self.names):
            spread |= {} if part is None else part.spread
        if module in spread:
            initialization.normal_(module.weight, std=spread[module])  # type: ignore[arg-type]

    def order(self, size: Size | None = None) -> TokenOrder:
        """The token order for clips of ``size`` (frames, height, width); None: the native one."""
        config = self.config
        native = config.frames, config.height, config.width
        levels = zip(config.strides, config.patches, config.codebooks, strict=True)
        return _order(tuple(levels), size or native)

    def read(self, text: Tensor, mask: Tensor) -> Reading:
        """Embeddings ``(B, L, text_width)`` and mask ``(B, L)`` as this model takes them.

        A row whose mask is all zero is the unconditional branch.
        """
        text = text.to(self.no_text.dtype)
        inputs = self.read_text(text)
        if self.text_place is not None:
            places = torch.arange(text.shape[1], device=text.device)
            inputs = inputs + self.text_place(places.clamp_max(self.config.text_places - 1))
        present = mask.bool()
        silent = ~present.any(1)
        first = torch.arange(mask.shape[1], device=mask.device) == 0
        bare = silent[:, None] & first
        inputs = torch.where(bare.unsqueeze(-1), self.no_text.to(inputs.dtype), inputs)
        gist = self.read_gist(mean_embedding(text, mask)).unsqueeze(1)
        names = None if self.names is None else self.names(text, present)
        return Reading(inputs, present | bare, gist, names)

    def static_inputs(self, order: TokenOrder, kinds: Kinds) -> Tensor:
        """The part of the Llama's inputs ``(N, width)`` that no token can change."""
        device = self.no_text.device
        level = order.level.to(device)
        static = self.level(level) + self.place(self._waves(order).to(device, self.no_text.dtype))
        kind = torch.tensor([KINDS[kind] for kind in kinds], device=device)
        static = static + self.kind(kind[level])
        begins = order.before.to(device) == NOTHING
        return static + self.begin(level) * begins.unsqueeze(-1).to(static.dtype)

    def _waves(self, order: TokenOrder) -> Tensor:
        """Sines and cosines of every position's place ``(N, 3 * 2 * WAVES)``.

        Its place in the frame, and in a clip of native length: a short clip is the start of one.
        """
        stride = torch.tensor(order.strides[0]) / torch.tensor(order.strides[-1])
        extent = torch.tensor(order.grids[0])
        extent[0] = self.order().grids[0][0]
        share = order.coordinates / (extent * stride)
        angles = share.unsqueeze(-1) * math.pi * 2.0 ** torch.arange(WAVES)
        return torch.cat([angles.sin(), angles.cos()], -1).flatten(1)

    def embed_plan(
        self, order: TokenOrder, plan: Tensor, names: Tensor, depth: int | None = None
    ) -> Tensor:
        """What the positions of the first ``depth`` levels are told of a plan ``(B, n, width)``.

        plan: ``(B, t, MOMENTS, THINGS, 5)`` of as many groups, see `hitvideo.plan`. names: of
        its things, see `Reading`.
        """
        counts = order.counts[:depth]
        pixels = order.coordinates[: sum(counts)] * torch.tensor(order.strides[-1])
        pixels[:, 0] = (pixels[:, 0] / GROUP).floor()
        parts = relations(plan, pixels, *order.size[1:]).to(names.dtype).split(counts, 1)
        layers = zip(parts, self.laid, self.brushes, strict=False)
        return torch.cat([read(part) + brush(part, names) for part, read, brush in layers], 1)

    def embed_tokens(self, table: nn.Embedding, digits: Tensor, level: Tensor) -> Tensor:
        """What a table says ``(B, n, width)`` of other positions' digits ``(B, n, count)``.

        level: theirs, ``(n,)``, or ``(1,)`` where they share it.
        """
        rows = self.digits.rows(digits, level)
        summed = F.embedding_bag(rows.flatten(0, 1), table.weight, mode="sum")
        return summed.view(*rows.shape[:2], table.embedding_dim)

    def position_inputs(self, order: TokenOrder, kinds: Kinds, known: Tensor) -> Tensor:
        """The Llama's inputs ``(B, n, width)`` of the first n positions, but for text and plan.

        known: digits ``(B, n, count)`` of the same positions.
        """
        here = slice(known.shape[1])
        x = self.static_inputs(order, kinds)[here]
        x = x + self._look_up(self.before, order, known, order.before[here])
        level = order.level.to(known.device)[here]
        x = x + self.embed_neighbours(order, self.embed_glimpse(known, level), here)
        x = x + self._look_up(self.beside, order, known, order.beside(kinds)[here])
        return x + self._look_up(self.above, order, known, order.parent[here])

    def embed_glimpse(self, digits: Tensor, level: Tensor) -> Tensor:
        """What shows of positions from afar ``(B, n, GLIMPSE)``; see `embed_tokens`."""
        return F.silu(self.embed_tokens(self.glimpse, digits, level))

    def embed_neighbours(self, order: TokenOrder, glimpses: Tensor, here: slice) -> Tensor:
        """What the positions ``here`` see of the two frames before theirs ``(B, n, width)``.

        glimpses: `embed_glimpse` of the sequence's first m positions ``(B, m, GLIMPSE)``.
        Something that moves is now where it was not: its place alone would not tell where it went.
        """
        padded = F.pad(glimpses, (0, 0, 0, 1))  # NOTHING, -1, is the last row
        seen = padded[:, order.around[here].to(glimpses.device)]
        return self.around(seen.flatten(2))

    def _look_up(
        self, table: nn.Embedding, order: TokenOrder, known: Tensor, index: Tensor
    ) -> Tensor:
        """What ``table`` says of the positions at ``index`` ``(n,)``; zero where there is none."""
        index = index.to(known.device)
        there = index != NOTHING
        safe = index[there]
        said = self.embed_tokens(table, known[:, safe], order.level.to(known.device)[safe])
        everywhere = said.new_zeros(len(known), len(index), said.shape[-1])
        return everywhere.index_copy(1, there.nonzero().squeeze(1), said)

    def forward(
        self,
        digits: Tensor,
        text: Tensor,
        text_mask: Tensor,
        kinds: Kinds,
        known: Tensor | None = None,
        size: Size | None = None,
        plan: Tensor | None = None,
    ) -> Tensor:
        """Logits ``(B, N, digits, choices)`` of every digit of every position, in one pass.

        digits: the right answers ``(B, N, digits)``, of all levels or of the first ones; known:
        what the positions are told of earlier ones, if that is to differ from them. For the others
        see `hidden`.
        """
        known = digits if known is None else known
        hidden = self.hidden(known, text, text_mask, kinds, size, plan)
        level = self.order(size).level[: digits.shape[1]].to(digits.device).repeat(len(digits))
        logits = self.head(hidden.flatten(0, 1), digits.flatten(0, 1), level)
        return logits.unflatten(0, digits.shape[:2])

    def hidden(
        self,
        known: Tensor,
        text: Tensor,
        text_mask: Tensor,
        kinds: Kinds,
        size: Size | None = None,
        plan: Tensor | None = None,
    ) -> Tensor:
        """What the head is given of every position ``(B, N, width)``.

        known: digits ``(B, N, digits)`` of all levels or of the first ones; a position is told
        those of earlier ones. text, text_mask: see `read`; of fewer rows, each belongs to as many
        clips that follow each other and know nothing of one another, which costs less than to
        repeat it. kinds: what one step writes of every level. plan: see `embed_plan`; None, or
        zeros, where none is known.
        """
        order, length, device = self.order(size), known.shape[1], known.device
        reading = self.read(text, text_mask)
        captions, count, width = reading.inputs.shape
        share = len(known) // captions  # clips of one caption
        inputs = self.position_inputs(order, kinds, known)
        if plan is not None and reading.names is not None:
            depth = int(order.level[length - 1]) + 1
            names = reading.names.repeat_interleave(share, 0)
            inputs = inputs + self.embed_plan(order, plan, names, depth)[:, :length]
        inputs = inputs.view(captions, share * length, width) + reading.gist
        step = order.block_index(kinds)[:length].to(device).repeat(share)
        clip = torch.arange(share, device=device).repeat_interleave(length)
        step, clip = (F.pad(x, (count, 0), value=-1) for x in (step, clip))
        reach = (step[:, None] >= step) & ((clip[:, None] == clip) | (clip == -1))
        mask = reach & F.pad(reading.present, (0, share * length), value=True)[:, None, None, :]
        places = F.pad(order.coordinates[:length].repeat(share, 1), (0, 0, count, 0))
        hidden: Tensor = self.llama(
            inputs_embeds=torch.cat([reading.inputs, inputs.to(reading.inputs.dtype)], 1),
            attention_mask=mask,
            position_ids=places.unsqueeze(0).to(device),  # text lies at the origin
            use_cache=False,
        ).last_hidden_state[:, count:]
        return hidden.reshape(len(known), length, width)


def mean_embedding(embeddings: Tensor, mask: Tensor) -> Tensor:
    """The mean ``(B, width)`` of embeddings ``(B, L, width)`` where the mask ``(B, L)`` is set."""
    weights = mask.to(embeddings.dtype).unsqueeze(-1)
    return (embeddings * weights).sum(1) / weights.sum(1).clamp_min(1)


@lru_cache(maxsize=16)
def _order(levels: tuple[tuple[Size, int, int], ...], size: Size) -> TokenOrder:
    strides, patches, codebooks = zip(*levels, strict=True)
    return TokenOrder(strides, size, patches, codebooks)
