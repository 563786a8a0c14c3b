"""Two tokenizers over the same clips: what fewer bits cost, and which of them needs fewer.

Takes two reports of `evaluate rate`, and returns plain data. Knows nothing of videos.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.rate.bdrate import NoBdRate, bd_rate, quality_at, rate_at
from hitvideo.evaluation.rate.summary import curve, level_points, mean, mean_percent

Report = dict[str, Any]


def compare(ours: Report, baseline: Report, fewer: float = 70.0) -> Report:
    """The levels of ``ours`` against those of ``baseline``, over the clips that both measured.

    fewer: percent of bits to save, in the question what that costs.
    BD-rate is the mean over a range of quality that both curves cover. A tokenizer of a single
    level has one point a clip and so no range: for it that number does not exist. What can be said
    is how good ours is at the baseline's very bytes, how many bytes ours needs for the baseline's
    very quality, and what each of our levels saves and costs; all three are here, clip by clip and
    then averaged. Between levels, ours is read off straight lines over the logarithm of bytes.
    Raises HiTVideoError where the reports have no clip or no metric in common.
    """
    if not 0 < fewer < 100:
        raise HiTVideoError(f"The bits to save must be between 0 and 100 percent, not {fewer:g}.")
    metrics = [metric for metric in ours["metrics"] if metric in baseline["metrics"]]
    theirs = {(clip["name"], clip["frames_hash"]): clip for clip in baseline["by_clip"]}
    pairs = [
        (clip, theirs[key])
        for clip in ours["by_clip"]
        if (key := (clip["name"], clip["frames_hash"])) in theirs
    ]
    if not pairs or not metrics:
        raise HiTVideoError("The two reports have no clip and metric in common.")
    return {
        "ours": ours["tokenizer"],
        "baseline": baseline["tokenizer"],
        "clips": len(pairs),
        "metrics": metrics,
        "levels": [
            _level(pairs, index, metrics) for index in range(len(level_points(pairs[0][0])))
        ],
        "fewer_bits": {"percent": -fewer, **_at_bytes(pairs, metrics, 1 - fewer / 100)},
        "at_equal_bytes": _at_bytes(pairs, metrics, 1.0),
        "at_equal_quality": {metric: _at_quality(pairs, metric) for metric in metrics},
        "bd_rate": {metric: _bd_rate(pairs, metric) for metric in metrics},
    }


Pairs = Sequence[tuple[Report, Report]]  # one clip as ours and as the baseline has it


def _level(pairs: Pairs, index: int, metrics: Sequence[str]) -> Report:
    """One of our levels against the baseline's full depth."""
    clips = [clip for clip, _ in pairs]
    ours = [level_points(clip)[index] for clip in clips]
    full = [level_points(clip)[-1] for _, clip in pairs]
    ratios = [a["bytes"] / b["bytes"] for a, b in zip(ours, full, strict=True)]
    return {
        "level": index + 1,
        "bytes": mean_percent(clips, ratios),
        **{
            metric: mean(clips, [a[metric] - b[metric] for a, b in zip(ours, full, strict=True)])
            for metric in metrics
        },
    }


def _at_bytes(pairs: Pairs, metrics: Sequence[str], share: float) -> Report:
    """Our quality at ``share`` of the bytes of the baseline's full depth, less its quality."""
    clips, gains = [], []
    for ours, baseline in pairs:
        full = level_points(baseline)[-1]
        here = [quality_at(curve(ours, "level", m), share * full["bpp"]) for m in metrics]
        found = [
            score - full[m] for m, score in zip(metrics, here, strict=True) if score is not None
        ]
        if len(found) == len(metrics):
            clips.append(ours)
            gains.append(found)
    report: Report = {"clips": len(clips), "clips_that_start_larger": len(pairs) - len(clips)}
    for metric, column in zip(metrics, zip(*gains, strict=True), strict=False):
        report[metric] = mean(clips, column)
    return report


def _at_quality(pairs: Pairs, metric: str) -> Report:
    """Bytes that ours needs for the quality of the baseline's full depth, against its bytes."""
    clips, ratios = [], []
    for ours, baseline in pairs:
        full = level_points(baseline)[-1]
        needed = rate_at(curve(ours, "level", metric), full[metric])
        if needed is not None:
            clips.append(ours)
            ratios.append(needed / full["bpp"])
    report: Report = {"clips": len(clips), "clips_that_never_get_there": len(pairs) - len(clips)}
    return {**report, "bytes": mean_percent(clips, ratios)} if clips else report


def _bd_rate(pairs: Pairs, metric: str) -> Report:
    clips, ratios, reasons = [], [], {}
    for ours, baseline in pairs:
        rate = bd_rate(curve(baseline, "level", metric), curve(ours, "level", metric))
        if isinstance(rate, NoBdRate):
            reasons[ours["name"]] = rate.reason
        else:
            clips.append(ours)
            ratios.append(1 + rate.percent / 100)
    if not clips:
        return {"percent": None, "reason": "; ".join(sorted(set(reasons.values())))}
    return {"clips": len(clips), **mean_percent(clips, ratios), "without": reasons}
