"""What several evaluations share: reports, counts and lines for people."""

from __future__ import annotations

import json
from typing import Any

from hitvideo.errors import HiTVideoError
from hitvideo.files import read_text

CODECS = ("x264", "x265", "svt-av1")
METRICS = ("psnr", "ssim", "ms_ssim", "vmaf")


def check_clips(clips: int) -> None:
    """Raises HiTVideoError unless there is at least one."""
    if clips < 1:
        raise HiTVideoError(f"The number of clips must be at least 1, not {clips}.")


def accuracy_line(group: dict[str, Any]) -> str:
    """A group of accuracies, for people."""
    return (
        "subject {subject:.1%}, colour {colour:.1%}, motion {motion:.1%}, backdrop {backdrop:.1%}, "
        "mean {mean:.1%} over {clips} clips".format(**group)
    )


def earlier_report(path: str) -> dict[str, Any] | None:
    """What an earlier run has left there, if that is what it is."""
    try:
        report = json.loads(read_text(path))
    except (HiTVideoError, ValueError):
        return None
    return report if isinstance(report, dict) and "by_clip" in report else None


def rate_report(path: str) -> dict[str, Any]:
    """A report of `evaluate rate`; raises HiTVideoError if it is none."""
    report = earlier_report(path)
    if report is None:
        raise HiTVideoError(f"{path} is no report of `evaluate rate` that can be read.")
    return report


def percent_line(result: dict[str, Any]) -> str:
    """A share of bytes with its interval, or why there is none, for people."""
    if result["percent"] is None:
        return f"none, {result['reason']}"
    low, high = result["interval_95"]
    return f"{result['percent']:+.1f} % ({low:+.1f} to {high:+.1f})"
