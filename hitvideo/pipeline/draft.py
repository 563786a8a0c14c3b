"""What is decided before the first token: where things go, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from hitvideo.pipeline.request import GenerateRequest
from hitvideo.pipeline.result import Plan

if TYPE_CHECKING:
    from hitvideo.pipeline.pipeline import HiTVideoPipeline


class Draft(NamedTuple):
    """Of clips written together.

    tracks: ``(B, t, MOMENTS, THINGS, 5)``, see `hitvideo.plan`. plans: the same for people, one a
    clip. Neither is there without a planner. names: what things are ``(B, THINGS, width)``; None
    where no names are read.
    """

    tracks: Tensor | None
    plans: list[Plan]
    names: Tensor | None


@torch.inference_mode()
def draw_up(
    pipeline: HiTVideoPipeline, requests: Sequence[GenerateRequest], text: Tensor, mask: Tensor
) -> Draft:
    """The draft of requests that differ in nothing but prompt and seed.

    text, mask: what the prompts are read as, see `HiTVideoPipeline.read`.
    """
    from hitvideo.generator.generate import write_plan

    assert pipeline.generator is not None
    names = pipeline.generator.names
    told = None if names is None else names(text, mask.bool()).float()
    if pipeline.planner is None:
        return Draft(None, [], told)
    assert names is not None  # whoever is told plans has names for things
    first, seeds = requests[0], [request.seed for request in requests]
    likeliest = first.temperature == 0
    tracks = write_plan(pipeline.planner, text, mask, seeds, first.size[0], likeliest).cpu()
    attention = names.attention(text, mask.bool()).mean(1)
    plans = [
        Plan(track, _called(pipeline, request.prompt, read, track))
        for request, read, track in zip(requests, attention, tracks, strict=True)
    ]
    return Draft(tracks, plans, told)


def _called(
    pipeline: HiTVideoPipeline, prompt: str, attention: Tensor, tracks: Tensor
) -> tuple[str, ...]:
    """What each thing is called, "" for one that never appears; see `Plan`.

    attention: of each thing to each embedding ``(THINGS, L)``.
    """
    there = tracks[..., 0].flatten(0, 1).any(0).tolist()
    words = [pipeline.words_read(prompt, weights) for weights in attention.tolist()]
    return tuple(w if seen else "" for w, seen in zip(words, there, strict=True))
