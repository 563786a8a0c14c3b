"""Fits the independent eye's probe on renders of its own, and says how well it reads others."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from hitvideo.evaluation.look.eye import READS, Features, Probe, fit_probe
from hitvideo.toon import Scene, labels, render_with_mask, sample_scene
from hitvideo.toon.seeds import EYE, EYE_TEST

_FRAMES, _FPS, _SIDE = 64, 8.0, 128


def one_frame(scene: Scene, frame: int, side: int = _SIDE) -> Tensor:
    """uint8 ``(side, side, 3)``."""
    return render_with_mask(scene, 1, side, side, _FPS, start=frame)[0][0]


def eye_frames(eye: Features, seeds: Sequence[int]) -> tuple[Tensor, dict[str, Tensor]]:
    """Features of a frame by chance of every scene, half of them withheld ones, and the words."""
    frames, words = [], []
    for seed in seeds:
        scene = sample_scene(seed, withheld=seed % 2 == 1)
        frames.append(one_frame(scene, random.Random(seed).randrange(_FRAMES)))
        words.append(labels(scene))
    indices = {name: torch.tensor([r.index(w[name]) for w in words]) for name, r in READS.items()}
    return eye(torch.stack(frames)), indices


def fit_eye(frames: int) -> tuple[Probe, dict[str, Any]]:
    """A probe fitted on so many frames, and the shares of a fifth as many others it reads right."""
    eye = Features()
    probe = fit_probe(*eye_frames(eye, EYE[:frames]))
    features, words = eye_frames(eye, EYE_TEST[: max(1, frames // 5)])
    logits = probe(features)
    right = {n: float((logits[n].argmax(1) == words[n]).float().mean()) for n in READS}
    return probe, {"frames": frames, "test_frames": len(features), "frame_accuracy": right}
