"""Pictures of rate-quality reports: the levels as points, the codecs as curves.

Needs matplotlib, which nothing else does. Takes reports as plain data; measures nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from hitvideo.errors import HiTVideoError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Report = dict[str, Any]

LABELS = {"psnr": "PSNR (dB)", "ssim": "SSIM", "ms_ssim": "MS-SSIM", "vmaf": "VMAF"}
NAMES = {"x264": "x264", "x265": "x265", "svt-av1": "SVT-AV1"}
LEVEL_COLOURS = ("#c2410c", "#7c3aed", "#047857")  # ours, then whatever is laid over it
CODEC_COLOURS = {"x264": "#94a3b8", "x265": "#64748b", "svt-av1": "#334155"}
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "hitvideo",  # the same report gives the same file
}
TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)


def draw(
    reports: Sequence[tuple[str, Report]], out: BinaryIO, kind: str, metrics: Sequence[str] = ()
) -> None:
    """Draws quality over actual bits per pixel, one panel per metric.

    reports: pairs of a name and a report of `evaluate rate`. The codecs are those of the first; the
        levels of all are laid over one another. kind: "svg", "png" or "pdf".
    metrics: all that the reports share, where none are given.
    A codec's curve is solid where it can code all the clips that small, and dotted where only some,
    whose mean it then is. Bars are 95 % intervals.
    Raises HiTVideoError where matplotlib is missing or a metric is not in every report.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise HiTVideoError("Drawing needs matplotlib: pip install matplotlib.") from error
    shared = [m for m in reports[0][1]["metrics"] if all(m in r["metrics"] for _, r in reports)]
    shown = list(metrics) or shared
    for metric in shown:
        if metric not in shared:
            raise HiTVideoError(f"{metric} is not in every report; {', '.join(shared)} are.")
    columns = min(len(shown), 2)
    rows = -(-len(shown) // 2)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.2 * columns, 3.6 * rows), layout="constrained")
        for panel, metric in enumerate(shown, start=1):
            axes = figure.add_subplot(rows, columns, panel)
            _codecs(axes, reports[0][1]["curves"], reports[0][1]["clips"], metric)
            for index, (name, report) in enumerate(reports):
                _levels(axes, name if len(reports) > 1 else "", report["levels"], metric, index)
            _name_codecs(axes, reports[0][1]["curves"], metric)
            _frame(axes, LABELS.get(metric, metric))
        metadata = {"Date": None} if kind == "svg" else None
        figure.savefig(out, format=kind, dpi=150, metadata=metadata)


def _codecs(axes: Axes, curves: Report, clips: int, metric: str) -> None:
    for codec, curve in curves.items():
        first = next((i for i, p in enumerate(curve) if p["clips"] == clips), len(curve))
        for points, line in ((curve[: first + 1], ":"), (curve[first:], "-")):
            x, y = [p["bpp"] for p in points], [p[metric] for p in points]
            axes.plot(x, y, line, color=CODEC_COLOURS[codec], linewidth=1.3)


def _name_codecs(axes: Axes, curves: Report, metric: str) -> None:
    """A name at the right end of every curve, from the top down, none over another."""
    bottom, top = axes.get_ylim()
    ends = [
        (curve[-1][metric], curve[-1]["bpp"], codec) for codec, curve in curves.items() if curve
    ]
    height = top
    for y, x, codec in sorted(ends, reverse=True):
        height = min(y, height - (top - bottom) / 16)
        style: Report = {"color": CODEC_COLOURS[codec], "va": "center"}
        axes.annotate(NAMES[codec], (x, height), (5, 0), textcoords="offset points", **style)


def _levels(axes: Axes, name: str, levels: list[Report], metric: str, index: int) -> None:
    """Points with their intervals; the names stand below, where no codec's curve runs."""
    colour = LEVEL_COLOURS[index % len(LEVEL_COLOURS)]
    x, y = [level["bpp"]["mean"] for level in levels], [level[metric]["mean"] for level in levels]
    ends = [level[metric]["interval_95"] for level in levels]
    axes.vlines(x, [low for low, _ in ends], [high for _, high in ends], color=colour, alpha=0.3)
    axes.plot(x, y, "o-", color=colour, linewidth=1.6, markersize=5)
    for level, place in enumerate(zip(x, y, strict=True), start=1):
        words = [name] if name and level == len(levels) else []
        words += [f"level {level}"] if len(levels) > 1 else []
        style: Report = {"color": colour, "fontweight": "bold", "va": "center"}
        below = (6, -7 - 12 * index)
        axes.annotate(", ".join(words), place, below, textcoords="offset points", **style)


def _frame(axes: Axes, title: str) -> None:
    axes.set_xscale("log")
    axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.minorticks_off()
    left, right = axes.dataLim.intervalx
    axes.margins(y=0.1)
    axes.set_xlim(left / 1.4, right * 2.2)  # room for the labels at the ends
    axes.set_xlabel("bits per pixel, actual")
    axes.set_title(title, loc="left", fontweight="bold")
    axes.grid(axis="y", color="#e2e8f0", linewidth=0.7)
    axes.set_axisbelow(True)
