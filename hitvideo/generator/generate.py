"""The decode loop: block after block, level after level. Knows token ids; no pixels, no words.

One function for every mode, for one prompt or many, with guidance or without, for full precision
and quantized layers alike.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from hitvideo.generator.config import kinds_of
from hitvideo.generator.fast.cache import CachedLlama
from hitvideo.generator.model import GLIMPSE, HiTVideoGenerator
from hitvideo.generator.order import NOTHING, Size
from hitvideo.generator.sampling import Noise, Sampling
from hitvideo.plan.codes import from_codes
from hitvideo.plan.tracks import MOMENTS, THINGS

# A plan is not to hang on the chance that tokens hang on. (Of a seed, 32 bits count.)
_OTHER = 0x9E3779B9


@dataclass(frozen=True)
class Written:
    """Where the decode loop stands after a step.

    tokens, total: written so far and in the end, per clip. step, steps: the same for blocks.
    seconds: spent in the loop so far. writing: the level that the step wrote, 1-based.
    codes: of this and all coarser levels' positions, ``(B, n)`` int64 in the token order, once this
        level is finished; None before.
    """

    tokens: int
    total: int
    step: int
    steps: int
    seconds: float
    writing: int
    codes: Tensor | None


@torch.inference_mode()
def write(
    model: HiTVideoGenerator,
    text: Tensor,
    mask: Tensor,
    seeds: Sequence[int],
    sampling: Sampling,
    mode: str = "token",
    depth: int | None = None,
    size: Size | None = None,
    plan: Tensor | None = None,
) -> Iterator[Written]:
    """Writes one clip per row of text ``(B, L, text_width)`` and mask ``(B, L)``.

    seeds: one per clip. depth: how many levels (all that the model knows); size: frames, height and
    width in pixels (the native one). plan: where things are ``(B, t, MOMENTS, THINGS, 5)``, see
    `hitvideo.plan`; None where it is not known. Yields after every block; closing the iterator
    stops there.
    """
    started, seconds = time.perf_counter(), 0.0
    order = model.order(size)
    depth = depth or len(order.counts)
    clips, branches = len(seeds), 2 if sampling.guided else 1
    if sampling.guided:
        text, mask = torch.cat([text, text]), torch.cat([mask, torch.zeros_like(mask)])
    kinds = kinds_of(mode, len(order.counts))
    reading = model.read(text, mask)
    coordinates = F.pad(order.coordinates[: order.end(depth)], (0, 0, len(reading.inputs[0]), 0))
    llama = CachedLlama(model.llama, coordinates, reading.present)
    llama(reading.inputs)
    static = model.static_inputs(order, kinds)
    conditioning = reading.gist.expand(-1, order.end(depth), -1)
    if plan is not None and reading.names is not None:
        plan = plan.to(static.device).repeat(branches, 1, 1, 1, 1)
        conditioning = conditioning + model.embed_plan(order, plan, reading.names, depth)
    beside = order.beside(kinds)
    noises = Noise(seeds)
    count, device = model.digits.count, static.device
    digits = torch.empty(clips, order.end(depth), count, dtype=torch.long, device=device)
    glimpses = static.new_zeros(clips, order.end(depth), GLIMPSE)
    total = order.written[order.end(depth)]
    steps = len(order.blocks(kinds, depth))
    step = 0
    for index in range(depth):
        level = torch.tensor([index], device=device)
        start, end = order.starts[index], order.end(index + 1)
        inputs = static[start:end].expand(clips, -1, -1)
        if index:
            parents = digits[:, order.parent[start:end].to(device)]
            inputs = inputs + model.embed_tokens(model.above, parents, level - 1)
        noise = noises.level(end - start, count, model.digits.choices).to(device)
        answers = model.head.at(index)
        block, frame = order.block(index, kinds[index]), order.frame(index)
        for first in range(0, end - start, block):
            here = slice(first, first + block)
            at, done = start + first, start + first + block
            if first and first % frame == 0:  # a frame begins: the one before is known
                last = digits[:, at - frame : at]
                glimpses[:, at - frame : at] = model.embed_glimpse(last, level)
                asked = inputs[:, first : first + frame] + model.embed_tokens(
                    model.before, last, level
                )
                asked = asked + model.embed_neighbours(order, glimpses, slice(at, at + frame))
            elif not first:
                asked = inputs[:, :frame]
            x = asked[:, first % frame : first % frame + block]
            if beside[at] != NOTHING:
                x = x + model.embed_tokens(model.beside, digits[:, at - block : at], level)
            x = x.repeat(branches, 1, 1) + conditioning[:, at:done]
            hidden = llama(x).unflatten(0, (branches, clips))
            pick = partial(_pick, sampling, noise[:, here])
            digits[:, at:done] = model.head.choose(hidden, answers, pick)
            codes = None
            if done == end:
                codes = model.digits.join(digits[:, :done], order.level[:done].to(device))
            step += 1
            # What the caller does between two steps is not our time.
            seconds += time.perf_counter() - started
            yield Written(order.written[done], total, step, steps, seconds, index + 1, codes)
            started = time.perf_counter()


def write_plan(
    planner: HiTVideoGenerator,
    text: Tensor,
    mask: Tensor,
    seeds: Sequence[int],
    frames: int,
    likeliest: bool = False,
) -> Tensor:
    """A plan ``(B, t, MOMENTS, THINGS, 5)`` per clip of so many frames; the rest is `write`'s.

    likeliest: always take the likeliest value; otherwise the planner's own settings count.
    """
    size = frames, MOMENTS, THINGS
    config = planner.config
    sampling = Sampling(config.guidance, 0.0 if likeliest else config.sampling_temperature)
    others = [seed ^ _OTHER for seed in seeds]
    *_, written = write(planner, text, mask, others, sampling, config.mode, size=size)
    assert written.codes is not None
    return from_codes(written.codes.unflatten(1, (-1, MOMENTS, THINGS)))


def _pick(sampling: Sampling, noise: Tensor, logits: Tensor, digit: int) -> Tensor:
    """Values ``(B, n)`` of a digit."""
    return sampling.choose(logits, noise[:, :, digit, : logits.shape[-1]])
