"""What a generator knows of captions: under which word a scene's own tokens are likeliest.

Of all words of an attribute, put into the caption one after the other, the right one should make
the scene's true plan and tokens cost the fewest bits. That takes neither sampling nor a judge,
and tells part by part whether the text is followed at all. Takes any function from a clip, captions
and a plan to bits; knows nothing of generators, tokenizers or files; returns plain data for JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hitvideo.evaluation.alignment.accuracy import Case, Size, wilson_interval
from hitvideo.toon import ATTRIBUTES, Scene, caption, labels, scene_plan

# A clip (T, H, W, 3), captions and the clip's plan, to bits under each (captions, 1 + levels): of
# the plan first, then of the tokens.
Bits = Callable[[np.ndarray, Sequence[str], Tensor], Tensor]


def evaluate_reading(
    bits: Bits,
    cases: Sequence[Case],
    size: Size,
    shown: Callable[[Sequence[Case]], Iterable[Case]] = iter,
) -> dict[str, Any]:
    """Shares of scenes whose right word is the likeliest, of trained and withheld combinations.

    size: of the clips that the scenes are rendered as. shown: wraps the loop, for a progress bar.
    Shares come per attribute, for the plan's bits alone ("plan"), for every level's alone
    ("levels", coarse to fine) and for their sum ("all"), with the Wilson interval of that. Of what
    costs the same whatever is said, nothing is right.
    """
    right: dict[str, dict[bool, list[list[bool]]]] = {
        name: {False: [], True: []} for name in ATTRIBUTES
    }
    for case in shown(cases):
        clip = size.render([case.scene])[0]
        captions = [
            caption(retold(case.scene, name, word), case.seed)
            for name, words in ATTRIBUTES.items()
            for word in words
        ]
        plan = scene_plan(case.scene, *astuple(size))
        costs = bits(clip, captions, plan).split([len(words) for words in ATTRIBUTES.values()])
        for cost, (name, words) in zip(costs, ATTRIBUTES.items(), strict=True):
            truth = words.index(labels(case.scene)[name])
            sums = torch.cat([cost, cost.sum(1, keepdim=True)], 1)
            fewest = (sums.argmin(0) == truth) & (sums.amin(0) < sums.amax(0))
            right[name][case.withheld].append(fewest.tolist())
    report: dict[str, Any] = {"clips": len(cases)}
    for withheld, group in ((False, "trained"), (True, "withheld")):
        report[group] = {
            name: _shares(hits[withheld], len(ATTRIBUTES[name]))
            for name, hits in right.items()
            if hits[withheld]
        }
    return report


def retold(scene: Scene, attribute: str, word: str) -> Scene:
    """The scene with another word for one of ``ATTRIBUTES``, of its main actor where it has it."""
    if attribute == "backdrop":
        return replace(scene, backdrop=word)
    field = "kind" if attribute == "subject" else attribute
    changes: dict[str, Any] = {field: word}
    return replace(scene, subjects=(replace(scene.subjects[0], **changes), *scene.subjects[1:]))


def mean_reading(report: dict[str, Any]) -> float:
    """The share of right words over all attributes and clips of `evaluate_reading`'s report."""
    groups = [report[group] for group in ("trained", "withheld")]
    counts = [(shares["right"], shares["clips"]) for group in groups for shares in group.values()]
    return sum(right for right, _ in counts) / sum(clips for _, clips in counts)


def _shares(hits: list[list[bool]], words: int) -> dict[str, Any]:
    shares = np.mean(hits, 0).tolist()
    whole = sum(hit[-1] for hit in hits)
    return {
        "plan": shares[0],
        "levels": shares[1:-1],
        "all": shares[-1],
        "all_interval_95": wilson_interval(whole, len(hits)),
        "right": whole,
        "clips": len(hits),
        "chance": 1 / words,
    }
