"""`hitvideo train-generator`: trains the text encoder and the language model of video tokens.

Clips are tokenized once, then training never sees a pixel. Accelerate carries it over processes,
devices and precisions; a batch depends only on the seed, the step and the process, so a run that
was killed goes on as if nothing had happened. Knows nothing of the app.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from hitvideo.data.captioned import Source, ToonSource, captioned_files
from hitvideo.data.token_shards import TokenSet, write_shards
from hitvideo.data.validation_split import split_off
from hitvideo.errors import HiTVideoError
from hitvideo.files import finish_output
from hitvideo.generator import (
    MODES,
    GeneratorConfig,
    HiTVideoGenerator,
    TextEncoder,
    written_levels,
)
from hitvideo.generator.config import kinds_of
from hitvideo.generator.order import Size, TokenOrder
from hitvideo.generator.presets import mini, planner
from hitvideo.generator.score import plan_bits
from hitvideo.generator.storage import load_planner, load_to_train
from hitvideo.generator.text import new_text_encoder, words_of
from hitvideo.judge.model import Judge
from hitvideo.plan.codes import from_codes, to_codes
from hitvideo.tokenizer import HiTVideoTokenizer, ladder_fingerprint
from hitvideo.tokenizer.config import GROUP
from hitvideo.toon.seeds import HELD_OUT as HELD_OUT_TOON
from hitvideo.toon.seeds import TRAINING
from hitvideo.training.checks import run_folder
from hitvideo.training.generator_batches import Batches
from hitvideo.training.generator_settings import GeneratorSettings, check
from hitvideo.training.loop import Task, fit, new_accelerator
from hitvideo.training.optimizers import muon_and_adamw
from hitvideo.training.own_clips import OwnClips, check_teacher
from hitvideo.training.text_to_tokens import Batch, TextToTokens

SETTINGS = GeneratorSettings

PLANNING = 0.3  # what a bit of a plan counts beside one of a token,
NAMING = 0.1  # and one of a thing's name
REWARD = 40.0  # makes the gradients of own clips about as long as those of true ones


def train(config: GeneratorSettings) -> None:
    """Runs, or goes on with, the run in ``config.out``; raises HiTVideoError for bad settings."""
    from hitvideo.pipeline import find_weights

    check(config)
    config = replace(config, weights=str(find_weights(config.weights)))
    with run_folder(config.out) as out:
        _train(config, out)


def _train(config: GeneratorSettings, out: Path) -> None:
    accelerator = new_accelerator(config.bf16)
    if accelerator.is_main_process:
        finish_output(config.out)
    torch.manual_seed(config.seed)
    tokens, held_out = _tokens(config, accelerator)
    model = _model(config, tokens)
    own = _own_clips(config, model, accelerator.device)
    optimizer = muon_and_adamw(model, config.lr)
    module, optimizer = accelerator.prepare(model, optimizer)  # sends the first one's weights
    rank, device = accelerator.process_index, accelerator.device
    data = Batches(config, tokens, model, own, rank, device)

    def score(step: int) -> tuple[Tensor, str]:
        with accelerator.autocast():
            batch, word = data.sample(step)
            cost, planned, named = module(*batch)
        text_only = planned.sum()  # zero where there is nothing to plan
        if planned.numel():
            text_only = PLANNING * planned.mean() + NAMING * named.mean()
            word += f", {planned.mean().item():.2f} of plans, {named.mean().item():.2f} of names"
        if batch.reward_gradient is not None:
            return REWARD * cost.sum() / batch.reward_gradient[..., 0].numel() + text_only, word
        order = model.generator.order(batch.size)
        depth = int(order.level[cost.shape[1] - 1]) + 1
        share = _level_weights(order).to(cost.device)[: cost.shape[1]]
        loss = (cost * share).sum(1).mean() / depth
        return loss + text_only, f"{loss.item():.2f} bits {word}"

    def validate(averaged: TextToTokens, last: bool) -> dict[str, Any]:
        modes = MODES if last else [averaged.generator.config.mode]
        return {"bits": held_out_bits(averaged, held_out, accelerator, modes)}

    def save(averaged: TextToTokens) -> None:
        averaged.save_pretrained(out, torch.bfloat16)

    fit(config, accelerator, model, module, optimizer, Task(score, save, validate))


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

    "untold" is the first mode without the captions: what reading them saves is the difference. All
    know the true plans, if there are any. "plan": mean bits of a place in these.
    """
    generator, device = model.generator, accelerator.device
    order = generator.order()
    report: dict[str, list[float]] = {}
    places: list[float] = []
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
            plan = None
            if model.planner is not None:
                plan_codes = to_codes(tokens.plan[chosen]).to(device)
                plan = from_codes(plan_codes)
                if name == modes[0]:
                    places += _planned(model, ids, mask, plan_codes)
            clips = Batch(digits, digits, ids, mask, reads, kinds, plan=plan)
            with accelerator.autocast():
                cost, *_ = model(*clips)
            total += cost.float().sum(0).cpu()
        bits = [
            float(total[order.level == k].sum()) / len(tokens) for k in range(len(order.counts))
        ]
        levels = [b / n for b, n in zip(bits, order.tokens, strict=True)]
        report[name] = [round(x, 3) for x in (sum(bits) / sum(order.tokens), *levels)]
    return report | ({"plan": [round(mean(places), 3)]} if places else {})


def _planned(model: TextToTokens, ids: Tensor, mask: Tensor, codes: Tensor) -> list[float]:
    """Bits of every place of the plans that are known."""
    known = codes.flatten(1).any(1)
    if model.planner is None or not known.any():
        return []
    read = model.text(ids[known], mask[known])
    return plan_bits(model.planner, read, mask[known], codes[known]).flatten().tolist()


def _level_weights(order: TokenOrder) -> Tensor:
    """Makes bits of positions the mean over a level's tokens, so that every level counts alike."""
    shares = zip(order.counts, order.tokens, strict=True)
    return torch.cat([torch.full((count,), 1 / tokens) for count, tokens in shares])


def _own_clips(
    config: GeneratorSettings, model: TextToTokens, device: torch.device
) -> OwnClips | None:
    if not config.judge:
        return None
    weights = Path(config.weights or "")
    judge = Judge.from_pretrained(config.judge, device)
    if (weights / "judge").is_dir():
        check_teacher(judge, Judge.from_pretrained(weights / "judge"))
    tokenizer = HiTVideoTokenizer.from_pretrained(weights / "tokenizer", device)
    size = config.frames, config.size, config.size
    return OwnClips(model, tokenizer, judge, config.batch, size)


def _tokens(config: GeneratorSettings, accelerator: Accelerator) -> tuple[TokenSet, TokenSet]:
    """Training and held-out clips, tokenized if that is still to be done."""
    size = (config.frames, config.size, config.size)
    tokenizer = HiTVideoTokenizer.from_pretrained(
        Path(config.weights or "") / "tokenizer", accelerator.device
    )
    written_levels(tokenizer.config, config.levels)  # refuses now what cannot be written later
    scene = _scene_source(tokenizer, config.levels, size, config.fps)
    sources: list[Source] = []
    held_out: list[Source] = []
    if config.clips:  # Toon has seeds of its own for that
        folders = [captioned_files(Path(folder), size, config.fps) for folder in config.clips]
        files, kept = split_off([file for folder in folders for file in folder], 50)
        sources, held_out = [*files], [*kept]
    sources += [scene(seed, mirror=True) for seed in TRAINING[: config.toon]]
    if config.toon:
        held_out += map(scene, HELD_OUT_TOON)
    out = Path(config.out)
    rank, world = accelerator.process_index, accelerator.num_processes
    write_shards(sources, tokenizer, config.levels, out / "tokens", rank=rank, world=world)
    write_shards(held_out, tokenizer, config.levels, out / "held-out", rank=rank, world=world)
    accelerator.wait_for_everyone()
    return TokenSet.load(out / "tokens"), TokenSet.load(out / "held-out")


def _scene_source(
    tokenizer: HiTVideoTokenizer, levels: int, size: Size, fps: float
) -> Callable[..., ToonSource]:
    """What makes the source of a seed, no larger than the levels can tell."""
    finest = tokenizer.config.ladder[levels - 1]
    enlarge = 1 if finest.reads_finer else math.gcd(*size[1:], *finest.pool[1:])
    return partial(ToonSource, size=size, fps=fps, enlarge=enlarge)


def held_out_toon(
    tokenizer: HiTVideoTokenizer, config: GeneratorConfig, clips: int, folder: Path
) -> TokenSet:
    """Tokens of the first ``clips`` of the scenes that all trainings hold out.

    In the size and the levels that a generator writes; ``folder`` is for their shards.
    """
    size, levels = (config.frames, config.height, config.width), len(config.levels)
    scene = _scene_source(tokenizer, levels, size, config.fps)
    write_shards([*map(scene, HELD_OUT_TOON[:clips])], tokenizer, levels, folder)
    return TokenSet.load(folder)


def _model(config: GeneratorSettings, tokens: TokenSet) -> TextToTokens:
    tokenizer = HiTVideoTokenizer.from_pretrained(Path(config.weights or "") / "tokenizer")
    # A plan has a place for every group of frames, which must be a latent frame of level 1.
    plans = bool(tokens.plan.any()) and tokenizer.config.levels[0].stride[0] == GROUP
    if config.init:
        text = TextEncoder.from_pretrained(Path(config.init) / "text")
        text.words |= {
            word for words in tokens.captions for said in words for word in words_of(said)
        }
        planner_folder = Path(config.init) / "planner"
        generator = load_to_train(Path(config.init) / "generator", plans or planner_folder.is_dir())
        settings = generator.config
        if settings.levels != written_levels(tokenizer.config, config.levels):
            raise HiTVideoError(f"The model in {config.init} writes other levels than this run.")
        settings.tokenizer_hash = ladder_fingerprint(tokenizer)
        settings.note = ""  # it tells what the model can that this one starts from
        settings.frames, settings.fps, settings.mode = config.frames, config.fps, config.mode
        settings.height = settings.width = config.size
        if planner_folder.is_dir():
            known = load_planner(planner_folder, torch.device("cpu"), text.width)
            known.config.frames = config.frames
            return TextToTokens(text, generator, known)
        return TextToTokens(text, generator, _planner(settings.plan, settings))
    kept = Path(config.out) / "text"  # a run that goes on keeps its vocabulary
    if kept.is_dir():
        text = TextEncoder.from_pretrained(kept)
    else:
        text = new_text_encoder(said for words in tokens.captions for said in words)
    settings = mini(
        tokenizer.config,
        config.levels,
        mode=config.mode,
        text_width=text.width,
        frames=config.frames,
        height=config.size,
        width=config.size,
        fps=config.fps,
        tokenizer_hash=ladder_fingerprint(tokenizer),
        plan=plans,
    )
    return TextToTokens(text, HiTVideoGenerator(settings), _planner(plans, settings))


def _planner(plans: bool, settings: GeneratorConfig) -> HiTVideoGenerator | None:
    return HiTVideoGenerator(planner(settings.text_width, settings.frames)) if plans else None
