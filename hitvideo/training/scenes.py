"""Scenes that are only told, never rendered: what to plan for them, and what is in them.

A scene, its caption and its plan take a millisecond, so these are new at every step. Knows
nothing of pixels, tokens or models.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from hitvideo.generator.order import Size
from hitvideo.plan.codes import to_codes
from hitvideo.plan.tracks import THINGS
from hitvideo.toon import COLOURS, SUBJECTS, Scene, caption, sample_scene, scene_plan
from hitvideo.toon.seeds import PLANS

TWO_THINGS = 0.25  # share of scenes drawn until there are two: which does what is hard to learn
NO_THING = -100
CALLED = (SUBJECTS, tuple(COLOURS))  # what a thing's name is to tell


class Scenes(NamedTuple):
    """captions: of each scene. plan: as codes ``(C, t, MOMENTS, THINGS)``. called: of
    each thing an index into each of CALLED, ``(C, THINGS, 2)``, or NO_THING."""

    captions: list[str]
    plan: Tensor
    called: Tensor


def draw_scene(rng: random.Random, seeds: Sequence[int]) -> Scene:
    """One of these seeds, with two things more often than `sample_scene` has it."""
    scene = sample_scene(rng.choice(seeds))
    if rng.random() < TWO_THINGS:
        while len(scene.subjects) < 2:
            scene = sample_scene(rng.choice(seeds))
    return scene


def draw_scenes(count: int, size: Size, fps: float, rng: random.Random) -> Scenes:
    """So many scenes as clips of that size (frames, height, width) would show them."""
    scenes = [draw_scene(rng, PLANS) for _ in range(count)]
    called = torch.full((count, THINGS, len(CALLED)), NO_THING)
    for row, scene in zip(called, scenes, strict=True):
        for thing, actor in zip(row, scene.subjects, strict=False):
            words = actor.kind, actor.colour
            thing[:] = torch.tensor([k.index(w) for k, w in zip(CALLED, words, strict=True)])
    return Scenes(
        [caption(scene, rng.getrandbits(32)) for scene in scenes],
        plan_codes(scenes, size, fps),
        called,
    )


def plan_codes(scenes: Sequence[Scene], size: Size, fps: float) -> Tensor:
    """Their plans as codes ``(n, t, MOMENTS, THINGS)``."""
    return torch.stack([to_codes(scene_plan(scene, *size, fps)) for scene in scenes])
