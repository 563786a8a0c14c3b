"""`evaluate rate`, `evaluate draw`, `evaluate compare` and `evaluate moving`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from hitvideo.commands.common import add_json, add_model, load_tokenizer, weights_folder
from hitvideo.errors import HiTVideoError
from hitvideo.files import binary_output, json_output, to_json

CODECS = ("x264", "x265", "svt-av1")
METRICS = ("psnr", "ssim", "ms_ssim", "vmaf")
PICTURES = ("svg", "png", "pdf")


def add_rate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "OUT.json is written after every clip. If it is there already, clips that it has with the "
        "same weights and settings are taken from it."
    )
    parser.add_argument("clips", metavar="CLIPS", help='a video, a folder of videos, or "toon"')
    parser.add_argument("out", metavar="OUT.json")
    parser.add_argument(
        "--codecs", nargs="*", default=CODECS, metavar="CODEC", help=f"some of {', '.join(CODECS)}"
    )
    parser.add_argument(
        "--metrics",
        nargs="+",
        default=METRICS,
        metavar="METRIC",
        help=f"some of {', '.join(METRICS)}",
    )
    add_model(parser)
    add_json(parser)


def run_rate(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.bitstream import TokenCoder
    from hitvideo.devices import resolve_device
    from hitvideo.evaluation.rate.set import evaluate_rate, open_set
    from hitvideo.pipeline import HiTVideoPipeline
    from hitvideo.tokenizer import HiTVideoTokenizer

    with json_output(args.out) as final:
        clips = open_set(args.clips)
        weights = weights_folder(args)
        tokenizer = HiTVideoTokenizer.from_pretrained(
            Path(weights) / "tokenizer", resolve_device(args.device)
        )
        pipeline = HiTVideoPipeline(tokenizer)
        coder = TokenCoder.from_pretrained(weights, pipeline.tokenizer)
        tables = coder.release.tables_name
        coding = f"entropy tables {tables.hex()}" if any(tables) else "packed bits"
        setup = (pipeline, clips, coder, coding, args.codecs, args.metrics)
        report: dict[str, Any] = {}
        with tqdm(total=len(clips), disable=None, bar_format="{l_bar}{bar}| {desc}") as bar:

            def tell(progress: float, message: str) -> None:
                bar.n = report.get("clips", 0) + progress
                bar.set_description_str(message)

            for report in evaluate_rate(*setup, _earlier(args.out), tell):
                report = {"set": Path(args.clips).name, **report, "skipped": clips.skipped}
                with json_output(args.out) as so_far:
                    so_far.update(report)
        final.update(report)
    if args.json:
        print(to_json(report))
        return
    for level in report["levels"]:
        scores = ", ".join(f"{m} {level[m]['mean']:.4g}" for m in report["metrics"])
        shares = [f"{name} {codec['share']:.0%}" for name, codec in level["codecs"].items()]
        small = f"; coded this small: {', '.join(shares)}" if shares else ""
        print(f"level {level['level']}: {level['bpp']['mean']:.4f} bpp, {scores}{small}")
    for metric, rates in report["bd_rate"].items():
        for codec, rate in rates.items():
            print(f"BD-rate ({metric}) against {codec}: {_percent(rate)}")


def _earlier(path: str) -> dict[str, Any] | None:
    """What an earlier run has left there, if that is what it is."""
    try:
        report = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return None
    return report if isinstance(report, dict) and "by_clip" in report else None


def add_draw_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "reports", nargs="+", metavar="IN.json", help="of `evaluate rate`; codecs from the first"
    )
    parser.add_argument("out", metavar="OUT", help=".svg, .png or .pdf")
    parser.add_argument(
        "--names", nargs="+", default=(), metavar="NAME", help="what to call them (the file names)"
    )
    parser.add_argument(
        "--metrics", nargs="+", default=(), metavar="METRIC", help="what to draw (all of them)"
    )


def run_draw(args: argparse.Namespace) -> None:
    from hitvideo.evaluation.rate.plots import draw

    kind = Path(args.out).suffix.lower().removeprefix(".")
    if kind not in PICTURES:
        raise HiTVideoError(f"A picture is {', '.join(PICTURES)}, not {Path(args.out).name}.")
    names = args.names or [Path(path).stem for path in args.reports]
    if len(names) != len(args.reports):
        raise HiTVideoError(f"{len(args.reports)} reports need as many names, not {len(names)}.")
    reports = [(name, _read(path)) for name, path in zip(names, args.reports, strict=True)]
    with binary_output(args.out) as out:
        draw(reports, out, kind, args.metrics)


def add_compare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ours", metavar="A.json", help="of `evaluate rate`")
    parser.add_argument("baseline", metavar="B.json", help="the same of another tokenizer")
    parser.add_argument("out", metavar="OUT.json")
    parser.add_argument("--fewer", type=float, default=70.0, help="percent of bits to save (70)")
    add_json(parser)


def run_compare(args: argparse.Namespace) -> None:
    from hitvideo.evaluation.rate.compare import compare

    with json_output(args.out) as report:
        report.update(compare(_read(args.ours), _read(args.baseline), args.fewer))
    if args.json:
        print(to_json(report))
        return
    for title, key in (
        (f"with {args.fewer:g} % fewer bits", "fewer_bits"),
        ("at equal bytes", "at_equal_bytes"),
    ):
        for metric in report["metrics"]:
            gain = report[key].get(metric)
            if gain:
                low, high = gain["interval_95"]
                print(f"{title}, {metric}: {gain['mean']:+.4g} ({low:+.4g} to {high:+.4g})")
    for metric, result in report["at_equal_quality"].items():
        if "bytes" in result:
            print(f"at equal {metric}, bytes: {_percent(result['bytes'])}")


def add_moving_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("clips", metavar="CLIPS", help='a folder of videos, or "toon"')
    parser.add_argument("out", metavar="OUT.json")
    parser.add_argument(
        "--codecs", nargs="*", default=CODECS, metavar="CODEC", help=f"some of {', '.join(CODECS)}"
    )
    add_model(parser)
    add_json(parser)


def run_moving(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.evaluation.clips import open_clips
    from hitvideo.evaluation.moving import evaluate_moving

    with json_output(args.out) as report:
        clips = open_clips(args.clips)
        report["set"] = Path(args.clips).name
        shown = tqdm(clips, unit="clip", disable=None)
        report.update(evaluate_moving(load_tokenizer(args), shown, args.codecs))
        report["skipped"] = clips.skipped
    if args.json:
        print(to_json(report))
        return
    levels = report["levels"]
    print("{share:.0%} moves: {moving:.2f} dB there, {psnr:.2f} dB over all".format(**levels))
    for name, codec in report["codecs"].items():
        for kind in ("moving", "free first frame"):
            if kind in codec:
                line = "{psnr:.2f} dB there, {else_perfect:.2f} dB with all else perfect"
                print(f"{name}, {kind}: {line.format(**codec[kind])}")


def _read(path: str) -> dict[str, Any]:
    report = _earlier(path)
    if report is None:
        raise HiTVideoError(f"{path} is no report of `evaluate rate`.")
    return report


def _percent(result: dict[str, Any]) -> str:
    if result["percent"] is None:
        return f"none, {result['reason']}"
    low, high = result["interval_95"]
    return f"{result['percent']:+.1f} % ({low:+.1f} to {high:+.1f})"
