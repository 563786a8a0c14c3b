"""`hitvideo train-generator`: trains the text encoder and the language model of video tokens.

Clips are tokenized once, then training never sees a pixel. Accelerate carries it over processes,
devices and precisions; a batch depends only on the seed, the step and the process, so a run that
was killed goes on as if nothing had happened. Knows nothing of the app.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from dataclasses import asdict
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from tqdm import tqdm

from hitvideo.data.token_shards import Source, TokenSet, ToonSource, captioned_files, write_shards
from hitvideo.generator import (
    MODES,
    GeneratorConfig,
    HiTVideoGenerator,
    TextEncoder,
    written_levels,
)
from hitvideo.generator.config import MINI_LLAMA
from hitvideo.generator.model import cross_entropy_bits
from hitvideo.generator.text import new_text_encoder
from hitvideo.tokenizer import HiTVideoTokenizer, fingerprint
from hitvideo.training.budget import progress, schedule
from hitvideo.training.checkpoint import Checkpoint
from hitvideo.training.ema import Ema
from hitvideo.training.generator_settings import GeneratorTrainConfig, add_arguments, check

__all__ = ["GeneratorTrainConfig", "add_arguments", "run", "train"]

MODE_SHARES = (0.3, 0.3, 0.4)  # of the steps, for each of MODES
HELD_OUT_TOON = range(900_000_000, 900_000_128)


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
        self, codes: Tensor, known: Tensor, ids: Tensor, mask: Tensor, told: Tensor, mode: str
    ) -> Tensor:
        """Bits of every token ``(B, N)``.

        codes, known: digits ``(B, N, count)``, the right ones and what the model is told of earlier
        tokens; ids, mask: the captions; told: ``(B,)``, who gets to read theirs.
        """
        mask = mask * told[:, None].to(mask.dtype)
        seen = torch.where(mask.any(1, keepdim=True), mask, torch.ones_like(mask))
        logits = self.generator(codes, self.text(ids, seen), mask, mode, known)
        return cross_entropy_bits(logits, codes)

    def save_pretrained(self, folder: Path, dtype: torch.dtype) -> None:
        state = {name: tensor.to(dtype) for name, tensor in self.generator.state_dict().items()}
        self.generator.save_pretrained(
            folder / "generator", state_dict=state, max_shard_size="15MB"
        )
        self.text.save_pretrained(folder / "text", dtype)


def train(config: GeneratorTrainConfig) -> None:
    """Runs, or goes on with, the run in ``config.out``; raises HiTVideoError for bad settings."""
    check(config)
    accelerator = Accelerator(mixed_precision="bf16" if config.bf16 else "no")
    torch.manual_seed(config.seed)
    tokens, held_out = _tokens(config, accelerator)
    model = _model(config, tokens)
    optimizer = _optimizer(model, config.lr)
    module, optimizer = accelerator.prepare(model, optimizer)
    ema = Ema(model, config.ema)
    out = Path(config.out)
    checkpoint = Checkpoint(out / "checkpoint.pt")
    step, spent = checkpoint.load(model, ema, optimizer, accelerator.device)
    if accelerator.is_main_process:
        (out / "config.json").write_text(json.dumps(asdict(config), indent=2) + "\n")

    data = _Batches(config, tokens, model, accelerator)
    order = model.generator.order()
    weight = _level_weights(order.counts).to(accelerator.device)
    bar = tqdm(
        total=config.steps or None,
        initial=step,
        disable=not accelerator.is_main_process,
        mininterval=5,
    )
    started = time.monotonic() - spent
    done = progress(config, step, spent)
    while done < 1:
        for group in optimizer.param_groups:
            group["lr"] = config.lr * schedule(step, done, config.warmup)
        mode, batch = data.sample(step)
        module.train()
        with accelerator.autocast():
            bits = module(*batch, mode)
        loss = (bits * weight[: bits.shape[1]]).sum(1).mean()
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        ema.update(model)
        step += 1
        # All processes must agree on when to stop, so they share one clock.
        clock = torch.tensor(time.monotonic() - started, device=accelerator.device)
        spent = accelerator.reduce(clock, "mean").item()
        done = progress(config, step, spent)
        left = spent / max(done, 1e-6) * (1 - done) / 60
        bar.set_postfix_str(f"{loss.item():.2f} bits, {left:.0f} min left", refresh=False)
        bar.update()
        last = done >= 1
        if accelerator.is_main_process and (last or step % config.checkpoint_every == 0):
            checkpoint.save(model, ema, optimizer, step, spent)
            ema.model.save_pretrained(out, torch.bfloat16)
        if accelerator.is_main_process and (last or step % config.validate_every == 0):
            line = {"step": step, "minutes": round(spent / 60, 1)}
            line["bits"] = held_out_bits(ema.model, held_out, accelerator)
            with (out / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
            bar.write(json.dumps(line))
        accelerator.wait_for_everyone()
    bar.close()
    accelerator.end_training()


class _Batches:
    """Batches by step: digits, what is known of them, captions, and a mode."""

    def __init__(
        self,
        config: GeneratorTrainConfig,
        tokens: TokenSet,
        model: TextToTokens,
        accelerator: Accelerator,
    ) -> None:
        self.config, self.tokens, self.text = config, tokens, model.text
        self.digits, self.order = model.generator.digits, model.generator.order()
        self.rank, self.device = accelerator.process_index, accelerator.device

    def sample(self, step: int) -> tuple[str, tuple[Tensor, ...]]:
        config = self.config
        # All processes share mode and length, or the fast ones would wait for the slow.
        common = random.Random(config.seed * 7919 + step)
        mode = common.choices(MODES, MODE_SHARES)[0]
        whole = common.random() >= config.short or config.levels == 1
        length = self.order.end(config.levels if whole else config.levels - 1)
        rng = random.Random((config.seed * 1_000_003 + step) * 1024 + self.rank)
        chosen = rng.choices(range(len(self.tokens)), k=config.batch)
        digits = split_digits(self, self.tokens, chosen)[:, :length].to(self.device)
        ids, mask = self.text.tokenize([rng.choice(self.tokens.captions[i]) for i in chosen])
        told = torch.tensor([rng.random() >= config.drop_text for _ in chosen])
        generator = torch.Generator(self.device).manual_seed(rng.getrandbits(60))
        return mode, (
            digits,
            self._corrupt(digits, generator),
            ids.to(self.device),
            mask.to(self.device),
            told.to(self.device),
        )

    def _corrupt(self, digits: Tensor, generator: torch.Generator) -> Tensor:
        """Some digits replaced: the model must not trust its own past blindly."""
        steps = self.digits.steps(self.order.level[: digits.shape[1]].to(digits.device))
        noise = torch.rand(digits.shape, generator=generator, device=digits.device)
        other = torch.rand(digits.shape, generator=generator, device=digits.device)
        # How much is corrupted differs from clip to clip, up to twice the share.
        share = torch.rand(len(digits), 1, 1, generator=generator, device=digits.device) * 2
        wrong = noise < self.config.corrupt * share
        return torch.where(wrong, (other * steps).long(), digits)


def split_digits(
    model: _Batches | HiTVideoGenerator, tokens: TokenSet, chosen: list[int]
) -> Tensor:
    """Digits ``(n, N, count)`` of some of the clips."""
    order = model.order if isinstance(model, _Batches) else model.order()
    sequence = order.build([level[chosen].long() for level in tokens.levels])
    return model.digits.split(sequence, order.level)


@torch.no_grad()
def held_out_bits(
    model: TextToTokens, tokens: TokenSet, accelerator: Accelerator, batch: int = 16
) -> dict[str, list[float]]:
    """Mean bits per token on unseen clips, for every mode: [all, level 1, level 2, ...]."""
    generator, device = model.generator, accelerator.device
    order = generator.order()
    report = {}
    for mode in MODES:
        total = torch.zeros(len(order))
        for first in range(0, len(tokens), batch):
            chosen = list(range(first, min(first + batch, len(tokens))))
            digits = split_digits(generator, tokens, chosen).to(device)
            words = [tokens.captions[i][0] for i in chosen]
            ids, mask = (x.to(device) for x in model.text.tokenize(words))
            told = torch.ones(len(chosen), dtype=torch.bool, device=device)
            with accelerator.autocast():
                total += model(digits, digits, ids, mask, told, mode).float().sum(0).cpu()
        mean = total / len(tokens)
        levels = [mean[order.level == k].mean() for k in range(len(order.counts))]
        report[mode] = [round(float(x), 3) for x in (mean.mean(), *levels)]
    return report


def _level_weights(counts: list[int]) -> Tensor:
    """Every level counts alike, however many tokens it has: the first ones decide what happens."""
    return torch.cat([torch.full((n,), 1 / n / len(counts)) for n in counts])


def _optimizer(model: nn.Module, lr: float) -> torch.optim.AdamW:
    """AdamW; tables and norms are not decayed."""
    matrices = {
        id(m.weight) for m in model.modules() if isinstance(m, nn.Linear) and m.weight.requires_grad
    }
    decay = [p for p in model.parameters() if id(p) in matrices]
    rest = [p for p in model.parameters() if id(p) not in matrices]
    groups = [{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.97))


def _tokens(config: GeneratorTrainConfig, accelerator: Accelerator) -> tuple[TokenSet, TokenSet]:
    """Training and held-out clips, tokenized if that is still to be done."""
    size = (config.frames, config.size, config.size)
    sources: list[Source] = []
    for folder in config.clips:
        sources += captioned_files(Path(folder), size, config.fps)
    # A fiftieth of the files is held out; Toon has seeds of its own for that.
    held_out: list[Source] = [*sources[::50]]
    sources = [s for i, s in enumerate(sources) if i % 50]
    sources += [ToonSource(seed, size, config.fps) for seed in range(config.toon)]
    if config.toon:
        held_out += [ToonSource(seed, size, config.fps) for seed in HELD_OUT_TOON]
    out = Path(config.out)
    rank, world = accelerator.process_index, accelerator.num_processes
    tokenizer = HiTVideoTokenizer.from_pretrained(
        Path(config.weights) / "tokenizer", accelerator.device
    )
    written_levels(tokenizer.config, config.levels)  # refuses now what cannot be written later
    write_shards(sources, tokenizer, config.levels, out / "tokens", rank=rank, world=world)
    write_shards(held_out, tokenizer, config.levels, out / "held-out", rank=rank, world=world)
    accelerator.wait_for_everyone()
    return TokenSet.load(out / "tokens"), TokenSet.load(out / "held-out")


def _model(config: GeneratorTrainConfig, tokens: TokenSet) -> TextToTokens:
    if config.init:
        text = TextEncoder.from_pretrained(Path(config.init) / "text")
        generator = HiTVideoGenerator.from_pretrained(
            Path(config.init) / "generator", dtype=torch.float32
        )
        return TextToTokens(text, generator)
    tokenizer = HiTVideoTokenizer.from_pretrained(Path(config.weights) / "tokenizer")
    text = new_text_encoder(said for words in tokens.captions for said in words)
    settings = GeneratorConfig(
        levels=written_levels(tokenizer.config, config.levels),
        llama=MINI_LLAMA,
        text_width=text.width,
        frames=config.frames,
        height=config.size,
        width=config.size,
        fps=config.fps,
        tokenizer_hash=fingerprint(tokenizer),
    )
    return TextToTokens(text, HiTVideoGenerator(settings))
