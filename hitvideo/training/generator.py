"""`hitvideo train-generator`: trains the text encoder and the language model of video tokens.

Clips are tokenized once, then training never sees a pixel. Accelerate carries it over processes,
devices and precisions; a batch depends only on the seed, the step and the process, so a run that
was killed goes on as if nothing had happened. Knows nothing of the app.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor, nn

from hitvideo.data.token_shards import Source, TokenSet, ToonSource, captioned_files, write_shards
from hitvideo.errors import HiTVideoError
from hitvideo.generator import (
    MODES,
    GeneratorConfig,
    HiTVideoGenerator,
    TextEncoder,
    written_levels,
)
from hitvideo.generator.config import KINDS, MINI_HEAD, MINI_LLAMA, kinds_of
from hitvideo.generator.head import Digits
from hitvideo.generator.model import cross_entropy_bits
from hitvideo.generator.order import Kinds, Size, TokenOrder
from hitvideo.generator.text import new_text_encoder
from hitvideo.tokenizer import HiTVideoTokenizer, fingerprint
from hitvideo.training.generator_settings import GeneratorTrainConfig, add_arguments, check
from hitvideo.training.loop import Task, fit, new_accelerator
from hitvideo.training.optimizers import muon_and_adamw

__all__ = ["GeneratorTrainConfig", "add_arguments", "run", "train"]

KIND_SHARES = (0.6, 0.1, 0.3)  # how often each of KINDS is trained, for every level on its own
HELD_OUT_TOON = range(900_000_000, 900_000_128)
BRIEF_CLIPS = 2  # times as many clips in a batch of brief ones, which are quickly read,
OWN_WORDS = (
    0.4  # at most: the share of a clip's positions of which the model is told its own tokens
)
BRIEF_GROUPS = 4  # and as many pieces of each, which share the reading of its caption


def run(args: argparse.Namespace) -> None:
    """The command; raises HiTVideoError for settings that cannot work."""
    from hitvideo.pipeline import DEFAULT_WEIGHTS

    args.weights = args.weights or str(DEFAULT_WEIGHTS)
    known = GeneratorTrainConfig.__dataclass_fields__
    train(GeneratorTrainConfig(**{k: v for k, v in vars(args).items() if k in known}))


class TextToTokens(nn.Module):
    """Both trained networks as one module; scores clips, given their captions."""

    def __init__(self, text: TextEncoder, generator: HiTVideoGenerator) -> None:
        super().__init__()
        self.text, self.generator = text, generator

    def forward(
        self,
        codes: Tensor,
        known: Tensor,
        ids: Tensor,
        mask: Tensor,
        told: Tensor,
        kinds: Kinds,
        size: Size | None = None,
        weight: Tensor | None = None,
    ) -> Tensor:
        """Bits of every position ``(B, N)``.

        codes, known: digits ``(B, N, count)``, the right ones and what the model is told of earlier
        ones; ids, mask: the captions, of one clip each or of as many as follow each other; told:
        which captions are read; size: of the clips (None: the native one); weight: what each digit
        counts ``(B, N, count)`` (None: 1).
        """
        logits = self.logits(codes, known, ids, mask, told, kinds, size)
        return cross_entropy_bits(logits, codes, weight)

    def logits(
        self,
        codes: Tensor,
        known: Tensor,
        ids: Tensor,
        mask: Tensor,
        told: Tensor,
        kinds: Kinds,
        size: Size | None = None,
    ) -> Tensor:
        """Logits ``(B, N, count, choices)``; arguments as `forward` has them."""
        mask = mask * told[:, None].to(mask.dtype)
        seen = torch.where(mask.any(1, keepdim=True), mask, torch.ones_like(mask))
        return self.generator(codes, self.text(ids, seen), mask, kinds, known, size)

    def save_pretrained(self, folder: Path, dtype: torch.dtype) -> None:
        state = {name: tensor.to(dtype) for name, tensor in self.generator.state_dict().items()}
        self.generator.save_pretrained(
            folder / "generator", state_dict=state, max_shard_size="15MB"
        )
        self.text.save_pretrained(folder / "text", dtype)


def train(config: GeneratorTrainConfig) -> None:
    """Runs, or goes on with, the run in ``config.out``; raises HiTVideoError for bad settings."""
    check(config)
    accelerator = new_accelerator(config.bf16)
    torch.manual_seed(config.seed)
    tokens, held_out = _tokens(config, accelerator)
    model = _model(config, tokens)
    out = Path(config.out)
    optimizer = muon_and_adamw(model, config.lr)
    module, optimizer = accelerator.prepare(model, optimizer)  # sends the first one's weights
    data = _Batches(config, tokens, model, accelerator)

    def score(step: int) -> tuple[Tensor, str]:
        # All processes share what a step is about, or the fast ones would wait for the slow.
        common = random.Random(config.seed * 7919 + step)
        rng = random.Random((config.seed * 1_000_003 + step) * 1024 + accelerator.process_index)
        kinds, size, batch, weight = data.sample(common, rng)
        if common.random() < config.own:
            with accelerator.autocast():
                batch = with_own_words(model, batch, kinds, size, rng)
        loss = _bits(batch, kinds, size, weight).mean()
        return loss, f"{loss.item():.2f} bits"

    def _bits(batch: tuple[Tensor, ...], kinds: Kinds, size: Size, weight: Tensor | None) -> Tensor:
        """Bits per token of every clip, the mean over levels ``(B,)``."""
        order = model.generator.order(size)
        with accelerator.autocast():
            bits = module(*batch, kinds, size, weight)
        depth = int(order.level[bits.shape[1] - 1]) + 1
        share = _level_weights(order).to(bits.device)[: bits.shape[1]]
        return (bits * share).sum(1) / depth

    def validate(averaged: TextToTokens, last: bool) -> dict[str, Any]:
        modes = MODES if last else [averaged.generator.config.mode]
        return {"bits": held_out_bits(averaged, held_out, accelerator, modes)}

    def save(averaged: TextToTokens) -> None:
        averaged.save_pretrained(out, torch.bfloat16)

    fit(config, accelerator, model, module, optimizer, Task(score, save, validate))


class _Batches:
    """Batches by step: digits, what is known of them, captions, and what a step writes."""

    def __init__(
        self,
        config: GeneratorTrainConfig,
        tokens: TokenSet,
        model: TextToTokens,
        accelerator: Accelerator,
    ) -> None:
        self.config, self.tokens, self.text = config, tokens, model.text
        self.digits, self.order = model.generator.digits, model.generator.order
        self.device = accelerator.device
        self.covered = tokens.cover.float().mean().item() / 255

    def sample(
        self, common: random.Random, rng: random.Random
    ) -> tuple[Kinds, Size, tuple[Tensor, ...], Tensor]:
        """What a step writes of every level, the size of the clips, the batch, and its weights.

        Kinds and length are drawn from ``common``, all else from ``rng``.
        """
        config = self.config
        kinds = common.choices(KINDS, KIND_SHARES, k=config.levels)
        depth = config.levels
        if depth > 1 and common.random() < config.short:
            depth = common.randrange(1, depth)
        # Most of what a caption says shows in any group of frames; in a whole clip the later ones
        # repeat it, and the few tokens that the caption decides drown in the others.
        whole, clips, pieces = self.order(), config.batch, 1
        frames = config.frames
        if common.random() < config.brief:
            frames, clips = whole.strides[0][0], BRIEF_CLIPS * clips
            pieces = min(BRIEF_GROUPS, whole.grids[0][0])
        size = frames, config.size, config.size
        order = self.order(size)
        length = order.end(depth)
        chosen = rng.choices(range(len(self.tokens)), k=clips)
        first = range(whole.grids[0][0] - order.grids[0][0] + 1)
        starts = [start for _ in chosen for start in rng.sample(first, pieces)]
        shown = [clip for clip in chosen for _ in range(pieces)]
        levels = _cut([level[shown].long() for level in self.tokens.levels], starts, whole, order)
        digits = self.digits.split(order.build(levels), order.level)[:, :length].to(self.device)
        ids, mask = self.text.tokenize([rng.choice(self.tokens.captions[i]) for i in chosen])
        told = torch.tensor([rng.random() >= config.drop_text for _ in chosen])
        generator = torch.Generator(self.device).manual_seed(rng.getrandbits(60))
        known = self._corrupt(digits, order, generator)
        words = (x.to(self.device) for x in (ids, mask, told))
        covers = _cut(self._covers(shown), starts, whole, order)
        weight = digit_weights(covers, order, self.digits, config.focus)[:, :length]
        weight = weight / (1 + config.focus * self.covered)
        return kinds, size, (digits, known, *words), weight.to(self.device)

    def _covers(self, chosen: list[int]) -> list[Tensor]:
        """How far every level's tokens show what the captions are about, 0 to 1."""
        finest = self.tokens.cover[chosen].float() / 255
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


def _cut(
    levels: list[Tensor], starts: Sequence[int], whole: TokenOrder, order: TokenOrder
) -> list[Tensor]:
    """Of every clip's grids ``(n, t, h, w)`` the latent frames that a shorter clip has.

    starts: which latent frame of level 1 each begins with.
    """
    cut = []
    for grid, all_, some in zip(levels, whole.grids, order.grids, strict=True):
        ratio = all_[0] // whole.grids[0][0]
        first = torch.tensor(starts)[:, None] * ratio
        index = first + torch.arange(some[0])
        cut.append(grid[torch.arange(len(grid))[:, None], index])
    return cut


@torch.no_grad()
def with_own_words(
    model: TextToTokens,
    batch: tuple[Tensor, ...],
    kinds: Kinds,
    size: Size,
    rng: random.Random,
) -> tuple[Tensor, ...]:
    """The batch, some of what the model is told being what it would have written there itself.

    Scheduled sampling (arXiv 1506.03099): true tokens are all it would otherwise know of the past,
    and its own are all it has when it writes. How many positions differs from clip to clip.
    """
    codes, known, ids, mask, told = batch
    chance = torch.Generator(codes.device).manual_seed(rng.getrandbits(60))

    def draw(*shape: int) -> Tensor:
        return torch.rand(shape, generator=chance, device=codes.device)

    logits = model.logits(codes, known, ids, mask, told, kinds, size)
    noise = -(-draw(*logits.shape).clamp_min(1e-20).log()).log()
    own = (logits + noise).argmax(-1)
    share = OWN_WORDS * draw(len(codes), 1, 1)
    replaced = draw(*codes.shape[:2], 1) < share
    return codes, torch.where(replaced, own, known), ids, mask, told


def digit_weights(
    covers: Sequence[Tensor], order: TokenOrder, digits: Digits, focus: float
) -> Tensor:
    """What each digit counts ``(B, N, count)``: 1, and ``1 + focus`` where a token shows the subject.

    covers: of every level's tokens ``(B, t, h, w)``, 0 to 1.
    """
    parts = []
    for k, cover in enumerate(covers):
        tokens = order.patched(1 + focus * cover, k)
        each = tokens.repeat_interleave(len(digits.of(k)) // tokens.shape[-1], -1)
        parts.append(F.pad(each, (0, digits.count - each.shape[-1])))
    return torch.cat(parts, 1)


def split_digits(model: HiTVideoGenerator, tokens: TokenSet, chosen: list[int]) -> Tensor:
    """Digits ``(n, N, count)`` of some of the clips."""
    order = model.order()
    sequence = order.build([level[chosen].long() for level in tokens.levels])
    return model.digits.split(sequence, order.level)


@torch.no_grad()
def held_out_bits(
    model: TextToTokens,
    tokens: TokenSet,
    accelerator: Accelerator,
    modes: Sequence[str] = MODES,
    batch: int = 16,
) -> dict[str, list[float]]:
    """Mean bits per token on unseen clips, for every mode: [all, level 1, level 2, ...].

    "untold" is the first mode without the captions: what reading them saves is the difference.
    """
    generator, device = model.generator, accelerator.device
    order = generator.order()
    report = {}
    for name, mode, told in [(modes[0], modes[0], True), ("untold", modes[0], False)] + [
        (mode, mode, True) for mode in modes[1:]
    ]:
        kinds = kinds_of(mode, len(order.counts))
        total = torch.zeros(len(order))
        for first in range(0, len(tokens), batch):
            chosen = list(range(first, min(first + batch, len(tokens))))
            digits = split_digits(generator, tokens, chosen).to(device)
            words = [tokens.captions[i][0] for i in chosen]
            ids, mask = (x.to(device) for x in model.text.tokenize(words))
            reads = torch.full((len(chosen),), told, device=device)
            with accelerator.autocast():
                total += model(digits, digits, ids, mask, reads, kinds).float().sum(0).cpu()
        bits = [
            float(total[order.level == k].sum()) / len(tokens) for k in range(len(order.counts))
        ]
        levels = [b / n for b, n in zip(bits, order.tokens, strict=True)]
        report[name] = [round(x, 3) for x in (sum(bits) / sum(order.tokens), *levels)]
    return report


def _level_weights(order: TokenOrder) -> Tensor:
    """Makes bits of positions the mean over a level's tokens, so that every level counts alike."""
    shares = zip(order.counts, order.tokens, strict=True)
    return torch.cat([torch.full((count,), 1 / tokens) for count, tokens in shares])


def _tokens(config: GeneratorTrainConfig, accelerator: Accelerator) -> tuple[TokenSet, TokenSet]:
    """Training and held-out clips, tokenized if that is still to be done."""
    size = (config.frames, config.size, config.size)
    tokenizer = HiTVideoTokenizer.from_pretrained(
        Path(config.weights) / "tokenizer", accelerator.device
    )
    written_levels(tokenizer.config, config.levels)  # refuses now what cannot be written later
    finest = tokenizer.config.levels[config.levels - 1]
    enlarge = 1 if finest.reads_finer else math.gcd(config.size, *finest.pool[1:])
    sources: list[Source] = []
    for folder in config.clips:
        sources += captioned_files(Path(folder), size, config.fps)
    # A fiftieth of the files is held out; Toon has seeds of its own for that.
    held_out: list[Source] = [*sources[::50]]
    sources = [s for i, s in enumerate(sources) if i % 50]
    sources += [ToonSource(seed, size, config.fps, enlarge) for seed in range(config.toon)]
    if config.toon:
        held_out += [ToonSource(seed, size, config.fps, enlarge) for seed in HELD_OUT_TOON]
    out = Path(config.out)
    rank, world = accelerator.process_index, accelerator.num_processes
    write_shards(sources, tokenizer, config.levels, out / "tokens", rank=rank, world=world)
    write_shards(held_out, tokenizer, config.levels, out / "held-out", rank=rank, world=world)
    accelerator.wait_for_everyone()
    return TokenSet.load(out / "tokens"), TokenSet.load(out / "held-out")


def _model(config: GeneratorTrainConfig, tokens: TokenSet) -> TextToTokens:
    tokenizer = HiTVideoTokenizer.from_pretrained(Path(config.weights) / "tokenizer")
    if config.init:
        text = TextEncoder.from_pretrained(Path(config.init) / "text")
        generator = HiTVideoGenerator.from_pretrained(
            Path(config.init) / "generator", dtype=torch.float32
        )
        settings = generator.config
        if settings.levels != written_levels(tokenizer.config, config.levels):
            raise HiTVideoError(f"The model in {config.init} writes other levels than this run.")
        settings.tokenizer_hash = fingerprint(tokenizer)
        settings.frames, settings.fps, settings.mode = config.frames, config.fps, config.mode
        settings.height = settings.width = config.size
        return TextToTokens(text, generator)
    kept = Path(config.out) / "text"  # a run that goes on keeps its vocabulary
    if kept.is_dir():
        text = TextEncoder.from_pretrained(kept)
    else:
        text = new_text_encoder(said for words in tokens.captions for said in words)
    settings = GeneratorConfig(
        levels=written_levels(tokenizer.config, config.levels),
        llama=MINI_LLAMA,
        head_width=MINI_HEAD,
        mode=config.mode,
        text_width=text.width,
        frames=config.frames,
        height=config.size,
        width=config.size,
        fps=config.fps,
        tokenizer_hash=fingerprint(tokenizer),
    )
    return TextToTokens(text, HiTVideoGenerator(settings))
