"""What the independent eye reads off clips, second by second, and how far they are from true ones.

Takes clips as frames, whoever made them. Knows nothing of models; returns plain data for JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hitvideo.evaluation.alignment.accuracy import wilson_interval
from hitvideo.evaluation.look.eye import READS, Eye, frechet_distance
from hitvideo.metrics import decibels
from hitvideo.toon import Scene, labels

STILL = 1  # 8-bit levels by which a place may change and still count as standing still


@dataclass
class Look:
    """What was seen of clips of one kind; `report` sums it up.

    words: of every clip, for each of READS the index that is true. read: the indices read off every
    moment ``(moments,)`` and, last, off the whole clip. features: ``(moments, FEATURES)`` a clip.
    """

    eye: Eye
    words: list[dict[str, int]] = field(default_factory=list)
    read: dict[str, list[Tensor]] = field(default_factory=lambda: {name: [] for name in READS})
    features: list[Tensor] = field(default_factory=list)

    def add(self, clip: np.ndarray, scene: Scene, fps: float) -> None:
        """A clip, uint8 ``(T, H, W, 3)``, that is to show the scene's main actor."""
        features, read = self.eye.look(clip, fps)
        true = labels(scene)
        self.words.append({name: words.index(true[name]) for name, words in READS.items()})
        for name, indices in read.items():
            self.read[name].append(indices)
        self.features.append(features)

    def report(self, true: Look | None = None, chosen: Sequence[bool] | None = None) -> dict:
        """Shares read right with their Wilson intervals, of whole clips and of every second.

        true: what was seen of the same scenes rendered, to tell the distance to. chosen: which
        clips count.
        """
        kept = [k for k in range(len(self.words)) if chosen is None or chosen[k]]
        result: dict[str, Any] = {"clips": len(kept)}
        for name in READS:
            right = torch.stack([self.read[name][k] == self.words[k][name] for k in kept])
            hits = int(right[:, -1].sum())
            result[name] = hits / len(kept)
            result[f"{name}_interval_95"] = wilson_interval(hits, len(kept))
            result[f"{name}_by_second"] = right[:, :-1].float().mean(0).tolist()
        if true is not None:
            mine, theirs = (torch.cat([x.features[k] for k in kept]) for x in (self, true))
            result["frechet_distance"] = frechet_distance(mine, theirs)
        return result


def picture_quality(
    clips: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> dict[str, float]:
    """Means over clips of how close pictures are to what was rendered.

    clips: of each what is shown and what is true, uint8 ``(T, H, W, 3)``, and how far a pixel shows
    a thing, uint8 ``(T, H, W)``. psnr and thing_psnr: dB, of whole clips and of things' pixels.
    flicker: mean change from frame to frame, in 8-bit levels, of what truly stands still.
    """
    scores: dict[str, list[float]] = {"psnr": [], "thing_psnr": [], "flicker": []}
    for shown, true, mask in clips:
        error = np.square(shown.astype(np.float64) - true).mean(-1)
        weight = mask / 255
        scores["psnr"].append(decibels(float(error.mean())))
        if weight.sum() > 0:
            scores["thing_psnr"].append(decibels(float((error * weight).sum() / weight.sum())))
        steps = np.abs(np.diff(true.astype(np.int16), axis=0)).max(-1)
        still = steps <= STILL
        change = np.abs(np.diff(shown.astype(np.int16), axis=0)).mean(-1)
        if still.any():
            scores["flicker"].append(float(change[still].mean()))
    return {name: float(np.mean(values)) for name, values in scores.items() if values}
