"""How far the judge can be trusted: on renders it never saw, crisp, degraded, and decoded.

What it reads off the true codes of a scene bounds what a generator of such codes can score. Returns
plain data for JSON; knows nothing of generators or files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hitvideo.evaluation.alignment.accuracy import (
    RoundTrip,
    Size,
    Words,
    accuracies,
    judge_clips,
    unseen_cases,
)
from hitvideo.judge.corruptions import add_noise, ghost, recolour, soften
from hitvideo.judge.model import FRAMES, SIDE, Judge, prepare
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.toon.seeds import JUDGE_TEST

SECONDS, FPS = 8.0, 8.0
BATCH = 10

Shown = Callable[[Iterable[int]], Iterable[int]]

CORRUPTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda video: video,
    "blur of 2 pixels": lambda video: soften(video, 2),
    "blur of 4 pixels": lambda video: soften(video, 4),
    "blur of 8 pixels": lambda video: soften(video, 8),
    "blocks of 4 pixels": lambda video: soften(video, 4, "nearest"),
    "frames blended by the second": lambda video: ghost(video, 1.0),
    "noise of 13 levels": lambda video: add_noise(video, 0.1, torch.Generator().manual_seed(0)),
    "darker by 13 levels": lambda video: recolour(video, 1.0, -0.1),
    "contrast of 80 %": lambda video: recolour(video, 0.8, 0.0),
}


def evaluate_judge(judge: Judge, clips: int, shown: Shown = iter) -> dict[str, Any]:
    """Accuracies on unseen renders of 64x64, half of them of withheld combinations.

    One entry per way of degrading them; "none" are the renders as they are. shown: wraps the loop,
    for a progress bar.
    """
    cases = unseen_cases(clips, JUDGE_TEST.start)
    size = Size(FRAMES, SIDE, SIDE, FRAMES / SECONDS)  # just what the judge looks at
    seen: dict[str, list[Words]] = defaultdict(list)
    for start in shown(range(0, clips, BATCH)):
        frames = size.render([case.scene for case in cases[start : start + BATCH]])
        video = prepare(torch.from_numpy(frames).permute(0, 4, 1, 2, 3))
        for name, change in CORRUPTIONS.items():
            seen[name] += judge.read(change(video).clamp(-1, 1).transpose(1, 2))
    return {name: accuracies(cases, words) for name, words in seen.items()}


def evaluate_codes(
    judge: Judge,
    tokenizer: HiTVideoTokenizer,
    clips: int,
    sides: Sequence[int] = (64, 128),
    shown: Shown = iter,
) -> list[dict[str, Any]]:
    """Accuracies on true codes of unseen scenes, at every side and depth: one entry for each."""
    cases = unseen_cases(clips, JUDGE_TEST.start)
    depths = range(1, tokenizer.config.depth + 1)
    seen: dict[tuple[int, int], list[Words]] = defaultdict(list)
    for start in shown(range(0, clips, BATCH)):
        scenes = [case.scene for case in cases[start : start + BATCH]]
        for side in sides:
            frames = Size(int(SECONDS * FPS), side, side, FPS).render(scenes)
            for depth, decoded in zip(depths, _decode(tokenizer, frames, depths), strict=True):
                seen[side, depth] += judge_clips(judge, decoded)
    return [
        {"side": side, "depth": depth, **accuracies(cases, words)}
        for (side, depth), words in sorted(seen.items())
    ]


def round_trip(tokenizer: HiTVideoTokenizer, depth: int) -> RoundTrip:
    """Encodes clips and decodes the first ``depth`` levels of their codes."""
    return lambda clips: _decode(tokenizer, clips, [depth])[0]


def _decode(
    tokenizer: HiTVideoTokenizer, clips: np.ndarray, depths: Iterable[int]
) -> list[np.ndarray]:
    """Clips ``(B, T, H, W, 3)`` from their codes, at every depth."""
    video = torch.from_numpy(clips).permute(0, 4, 1, 2, 3).float() / 127.5 - 1
    codes = tokenizer.encode(video.to(tokenizer.device))
    decoded = []
    for depth in depths:
        levels = ((tokenizer.decode(codes, depth) + 1) * 127.5).round().clamp(0, 255)
        decoded.append(levels.to(torch.uint8).permute(0, 2, 3, 4, 1).cpu().numpy())
    return decoded
