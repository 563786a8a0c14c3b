"""Many clips' rate-quality points in a few numbers: means, BD-rates, who can code that small.

Takes and returns plain data, as `evaluate rate` writes it. Means are over clips, and intervals from
drawing whole sources again (`mean_with_interval`). Knows nothing of videos.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hitvideo.evaluation.clips import mean_with_interval
from hitvideo.evaluation.rate.bdrate import NoBdRate, Point, bd_rate, quality_at

Report = dict[str, Any]

# Where mean curves are taken: 0.002 to 0.081 actual bits per pixel, three to an octave.
GRID = [0.002 * 2 ** (step / 3) for step in range(17)]
DIGITS = 5


def summarize(by_clip: list[Report], metrics: Sequence[str], codecs: Sequence[str]) -> Report:
    """What the clips add up to: all of them, then source by source, then each with its BD-rates."""
    by_clip = [{**clip, "bd_rate": _bd_rates_of(clip, metrics, codecs)} for clip in by_clip]
    sources: dict[str, list[Report]] = {}
    for clip in by_clip:
        sources.setdefault(clip["source"], []).append(clip)
    return {
        "clips": len(by_clip),
        **_summary(by_clip, metrics, codecs),
        "by_source": {
            source: {"clips": len(clips), **_summary(clips, metrics, codecs)}
            for source, clips in sorted(sources.items())
        },
        "by_clip": by_clip,
    }


def curve(clip: Report, kind: str, metric: str) -> list[Point]:
    """A clip's points of one kind: (bits per pixel, score)."""
    return [(p["bpp"], p[metric]) for p in clip["points"] if p["kind"] == kind]


def level_points(clip: Report) -> list[Report]:
    return [point for point in clip["points"] if point["kind"] == "level"]


def mean(clips: list[Report], values: Sequence[float]) -> Report:
    """The mean over ``clips`` of one value for each, with its 95 % interval."""
    value, interval = mean_with_interval(values, [clip["source"] for clip in clips])
    return {"mean": _round(value), "interval_95": [_round(end) for end in interval]}


def mean_percent(clips: list[Report], ratios: Sequence[float]) -> Report:
    """The mean ratio as a percentage of change, with its 95 % interval.

    Ratios are averaged as logarithms, so that swapping the two sides gives the reciprocal.
    """
    value, interval = mean_with_interval(
        [math.log(ratio) for ratio in ratios], [clip["source"] for clip in clips]
    )
    percent, *ends = (_round(100 * math.expm1(log)) for log in (value, *interval))
    return {"percent": percent, "interval_95": ends}


def _summary(clips: list[Report], metrics: Sequence[str], codecs: Sequence[str]) -> Report:
    depth = len(level_points(clips[0]))
    return {
        "levels": [_level(clips, index, metrics, codecs) for index in range(depth)],
        "curves": {codec: _mean_curve(clips, codec, metrics) for codec in codecs},
        "bd_rate": {metric: _bd_rates(clips, metric, codecs) for metric in metrics},
    }


def _level(
    clips: list[Report], index: int, metrics: Sequence[str], codecs: Sequence[str]
) -> Report:
    points = [level_points(clip)[index] for clip in clips]
    return {
        "level": index + 1,
        "bpp_nominal": points[0]["bpp_nominal"],
        "bpp": mean(clips, [point["bpp"] for point in points]),
        **{metric: mean(clips, [point[metric] for point in points]) for metric in metrics},
        "codecs": {codec: _at_level(clips, index, codec, metrics) for codec in codecs},
    }


def _at_level(clips: list[Report], index: int, codec: str, metrics: Sequence[str]) -> Report:
    """A codec at the very bytes of a level, over the clips that it can code that small."""
    ours = [level_points(clip)[index] for clip in clips]
    pairs = [
        (clip, point, theirs)
        for clip, point in zip(clips, ours, strict=True)
        if (theirs := _scores_at(clip, codec, metrics, point["bpp"])) is not None
    ]
    report: Report = {"clips_coded_this_small": len(pairs), "share": len(pairs) / len(clips)}
    if pairs:
        coded = [clip for clip, _, _ in pairs]
        for metric in metrics:
            levels = [point[metric] for _, point, _ in pairs]
            codecs = [scores[metric] for _, _, scores in pairs]
            report[metric] = {
                "codec": mean(coded, codecs)["mean"],
                "levels": mean(coded, levels)["mean"],
                "gain": mean(coded, [a - b for a, b in zip(levels, codecs, strict=True)]),
            }
    return report


def _mean_curve(clips: list[Report], codec: str, metrics: Sequence[str]) -> list[Report]:
    """Mean scores at every size of the grid, over the clips that the codec can code that small."""
    points = []
    for bpp in GRID:
        scores = [_scores_at(clip, codec, metrics, bpp) for clip in clips]
        coded = [score for score in scores if score is not None]
        if coded:
            means = {m: _round(sum(s[m] for s in coded) / len(coded)) for m in metrics}
            points.append({"bpp": _round(bpp), "clips": len(coded), **means})
    return points


def _scores_at(
    clip: Report, codec: str, metrics: Sequence[str], bpp: float
) -> dict[str, float] | None:
    scores = {metric: quality_at(curve(clip, codec, metric), bpp) for metric in metrics}
    found = {metric: score for metric, score in scores.items() if score is not None}
    return found if len(found) == len(scores) else None


def _bd_rates_of(clip: Report, metrics: Sequence[str], codecs: Sequence[str]) -> Report:
    """BD-rate of a clip's levels against every codec, over the quality that both curves cover."""

    def against(codec: str, metric: str) -> Report:
        rate = bd_rate(curve(clip, codec, metric), curve(clip, "level", metric))
        if isinstance(rate, NoBdRate):
            return {"percent": None, "reason": rate.reason}
        return {"percent": _round(rate.percent), "overlap": [_round(end) for end in rate.overlap]}

    return {metric: {codec: against(codec, metric) for codec in codecs} for metric in metrics}


def _bd_rates(clips: list[Report], metric: str, codecs: Sequence[str]) -> Report:
    """Means of BD-rates, for all codecs over the same clips: those with one for every codec."""
    rates = {codec: [clip["bd_rate"][metric][codec] for clip in clips] for codec in codecs}
    common = [
        index
        for index in range(len(clips))
        if all(rates[codec][index]["percent"] is not None for codec in codecs)
    ]
    return {
        codec: {
            "clips_that_overlap": sum(rate["percent"] is not None for rate in of_codec),
            "clips": len(common),
            **_mean_bd_rate([clips[i] for i in common], [of_codec[i] for i in common]),
        }
        for codec, of_codec in rates.items()
    }


def _mean_bd_rate(clips: list[Report], rates: list[Report]) -> Report:
    if not clips:
        return {"percent": None, "reason": "there is no clip whose curves all overlap the levels'"}
    percents = [rate["percent"] for rate in rates]
    ends = zip(*(rate["overlap"] for rate in rates), strict=True)
    return {
        **mean_percent(clips, [1 + percent / 100 for percent in percents]),
        "percent_arithmetic": _round(sum(percents) / len(percents)),
        "mean_overlap": [_round(sum(end) / len(end)) for end in ends],
    }


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
