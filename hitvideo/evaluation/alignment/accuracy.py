"""Text-video alignment: what judge and eye read off clips, against what their captions say.

Takes any function that turns prompts into clips. The ceilings go beside its figures: the same
scenes rendered, and those renders after a trip through a tokenizer. Knows nothing of generators,
tokenizers or files; returns plain data for JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, count, islice
from typing import Any

import numpy as np
import torch
from scipy.stats import binomtest

from hitvideo.evaluation.clips import mean_with_interval
from hitvideo.judge.model import Judge
from hitvideo.toon import Scene, caption, labels, render, sample_scene
from hitvideo.toon.seeds import CAPTIONS

VARIETY = 16  # seeds of one prompt

Words = dict[str, str]
Options = Mapping[str, Any]  # of sampling, as far as they are not the generator's own
# Prompts, a seed for each, and options, to clips (B, T, H, W, 3), by the name of the picture.
Generate = Callable[[list[str], list[int], Options], Mapping[str, np.ndarray]]
Read = Callable[[np.ndarray], list[Words]]  # clips (B, T, H, W, 3), to what is seen in each
RoundTrip = Callable[[np.ndarray], np.ndarray]  # clips (B, T, H, W, 3), coded and decoded again


@dataclass(frozen=True)
class Case:
    """A caption to be generated from, and the scene that it describes."""

    seed: int
    prompt: str
    scene: Scene
    withheld: bool


@dataclass(frozen=True)
class Size:
    """The clips' size: frames at ``fps`` a second, pixels."""

    frames: int
    height: int
    width: int
    fps: float

    def render(self, scenes: Sequence[Scene]) -> np.ndarray:
        """The scenes as clips, uint8 ``(B, T, H, W, 3)``."""
        size = self.frames, self.height, self.width, self.fps
        return np.stack([render(scene, *size).numpy() for scene in scenes])


def unseen_cases(clips: int, first_seed: int = CAPTIONS.start) -> list[Case]:
    """As many cases: trained and withheld combinations of the main actor by turns."""
    cases = []
    for index in range(clips):
        seed, withheld = first_seed + index, index % 2 == 1
        scene = sample_scene(seed, withheld=withheld)
        cases.append(Case(seed, caption(scene, seed), scene, withheld))
    return cases


def judge_clips(judge: Judge, clips: np.ndarray) -> list[Words]:
    """What the judge reads off clips, uint8 ``(B, T, H, W, 3)``: a word for every attribute."""
    return judge.read(torch.from_numpy(np.ascontiguousarray(clips)).permute(0, 4, 1, 2, 3))


def evaluate_alignment(
    generate: Generate,
    judge: Judge,
    cases: Sequence[Case],
    size: Size,
    *,
    settings: Sequence[Options] = ({},),
    round_trip: RoundTrip | None = None,
    eye: Read | None = None,
    batch: int = 8,
    variety: int = VARIETY,
) -> dict[str, Any]:
    """Accuracy of generated clips in every setting and picture, the ceilings, and the variety.

    size: of the clips that ``generate`` returns, for the renders to be alike.
    round_trip: codes and decodes clips as far as the generator writes; without it that ceiling is
        left out.
    eye: another reader, whose figures stand beside the judge's under "eye".
    variety: seeds of one prompt to compare, in the first picture; below 2, none are.
    Clips are made ``batch`` at a time and dropped once judged.
    """
    readers: dict[str, Read] = {"judge": lambda clips: judge_clips(judge, clips)}
    if eye is not None:
        readers["eye"] = eye
    renders, decoded = _Seen(readers), _Seen(readers)
    for part in _batches(cases, batch):
        clips = size.render([case.scene for case in part])
        renders.add(clips)
        if round_trip is not None:
            decoded.add(round_trip(clips))
    generated = []
    for options in settings:
        seen: dict[str, _Seen] = {}
        for part in _batches(cases, batch):
            prompts, seeds = [case.prompt for case in part], [case.seed for case in part]
            for picture, clips in generate(prompts, seeds, options).items():
                seen.setdefault(picture, _Seen(readers)).add(clips)
        for picture, words in seen.items():
            report = {**options, "picture": picture, **words.report(cases)}
            generated.append(report | {"by_clip": words.words["judge"]})
    ceilings = {"renders": renders.report(cases)}
    if round_trip is not None:
        ceilings["true_codes"] = decoded.report(cases)
    report = {
        "clips": len(cases),
        "generated": generated,
        "ceilings": ceilings,
        "captions": [
            {"seed": c.seed, "prompt": c.prompt, "withheld": c.withheld, **labels(c.scene)}
            for c in cases
        ],
    }
    if variety >= 2:
        report["variety"] = measure_variety(generate, cases, size, variety, batch)
    return report


class _Seen:
    """What each reader saw of the same clips."""

    def __init__(self, readers: Mapping[str, Read]) -> None:
        self.readers = readers
        self.words: dict[str, list[Words]] = {name: [] for name in readers}

    def add(self, clips: np.ndarray) -> None:
        for name, read in self.readers.items():
            self.words[name] += read(clips)

    def report(self, cases: Sequence[Case]) -> dict[str, Any]:
        """The judge's accuracies, with those of the others beside them."""
        found = {name: accuracies(cases, words) for name, words in self.words.items()}
        return found.pop("judge") | found


def accuracies(cases: Sequence[Case], seen: Sequence[Words]) -> dict[str, Any]:
    """Shares of clips read as they should be: of all, and of the groups that matter apart."""
    right = [
        {name: word == labels(case.scene)[name] for name, word in words.items()}
        for case, words in zip(cases, seen, strict=True)
    ]
    groups = {
        "all": [True for _ in cases],
        "trained": [not case.withheld for case in cases],
        "withheld": [case.withheld for case in cases],
        "one_subject": [len(case.scene.subjects) == 1 for case in cases],
        "two_subjects": [len(case.scene.subjects) > 1 for case in cases],
    }
    return {
        name: _accuracy([r for r, chosen in zip(right, members, strict=True) if chosen])
        for name, members in groups.items()
        if any(members)
    }


def _accuracy(right: Sequence[dict[str, bool]]) -> dict[str, Any]:
    """Every attribute with its Wilson interval; their mean with one by bootstrap over clips."""
    means = [float(np.mean(list(clip.values()))) for clip in right]
    mean, interval = mean_with_interval(means, ["toon"] * len(means))
    report: dict[str, Any] = {"clips": len(right), "mean": mean, "mean_interval_95": interval}
    for name in right[0]:
        hits = sum(clip[name] for clip in right)
        report[name] = hits / len(right)
        report[f"{name}_interval_95"] = wilson_interval(hits, len(right))
    return report


def wilson_interval(hits: int, trials: int) -> list[float]:
    """The 95 % interval of a share by E. B. Wilson (1927), which stays within 0 and 1."""
    interval = binomtest(hits, trials).proportion_ci(method="wilson")
    return [float(interval.low), float(interval.high)]


def measure_variety(
    generate: Generate, cases: Sequence[Case], size: Size, seeds: int, batch: int
) -> dict[str, Any]:
    """How far apart clips of one prompt are, beside as many renders of what it says.

    The prompt is the first of a trained combination with one subject and a still camera, or else
    the first. Distances are mean absolute differences in 8-bit levels over all pairs of clips.
    """
    plain = (c for c in cases if not c.withheld and len(c.scene.subjects) == 1)
    case = next((c for c in plain if c.scene.camera == "still"), cases[0])
    numbers = list(range(seeds))
    made = [
        next(iter(generate([case.prompt] * len(part), list(part), {}).values()))
        for part in _batches(numbers, batch)
    ]
    rendered = size.render(list(islice(alike(case.scene), seeds)))
    return {
        "prompt": case.prompt,
        "seeds": seeds,
        "generated": _distances(np.concatenate(made)),
        "rendered": _distances(rendered),
    }


def alike(scene: Scene, first_seed: int = CAPTIONS.start) -> Iterator[Scene]:
    """Scenes that the same words describe: other places, sizes, directions and backdrop details.

    Those come from scenes drawn by chance whose actors move in the same ways.
    """
    for seed in count(first_seed):
        donor = sample_scene(seed)
        pairs = list(zip(scene.subjects, donor.subjects, strict=False))
        if len(donor.subjects) == len(scene.subjects) and all(
            (a.motion, a.grounded) == (b.motion, b.grounded) for a, b in pairs
        ):
            actors = [
                replace(a, size=b.size, x=b.x, y=b.y, facing=b.facing, phase=b.phase)
                for a, b in pairs
            ]
            yield replace(scene, subjects=tuple(actors), seed=seed)


def _distances(clips: np.ndarray) -> dict[str, float]:
    pairs = [float(np.abs(a.astype(np.int16) - b).mean()) for a, b in combinations(list(clips), 2)]
    return {"mean": float(np.mean(pairs)), "smallest": min(pairs)}


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
