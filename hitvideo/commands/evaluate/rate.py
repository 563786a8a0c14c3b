"""`evaluate rate`: bits against quality."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from hitvideo.commands.common import (
    Commands,
    add_command,
    add_json,
    add_model,
    inputs_of,
    load_tokenizer,
)
from hitvideo.commands.evaluate.common import (
    CODECS,
    METRICS,
    earlier_report,
    percent_line,
)
from hitvideo.files import json_output, to_json


def register(commands: Commands) -> None:
    parser = add_command(commands, "rate", "bits against quality, codecs beside the levels", run)
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


def run(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.evaluation.rate.set import evaluate_rate, open_set

    with json_output(args.out, inputs_of(args, args.clips)) as final:
        clips = open_set(args.clips)
        pipeline = load_tokenizer(args)
        tables = pipeline.coder.release.tables_name
        coding = f"entropy tables {tables.hex()}" if any(tables) else "packed bits"
        setup = (pipeline, clips, coding, args.codecs, args.metrics)
        report: dict[str, Any] = {}
        with tqdm(total=len(clips), disable=None, bar_format="{l_bar}{bar}| {desc}") as bar:

            def tell(progress: float, message: str) -> None:
                bar.n = report.get("clips", 0) + progress
                bar.set_description_str(message)

            for report in evaluate_rate(*setup, earlier_report(args.out), tell):
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
            print(f"BD-rate ({metric}) against {codec}: {percent_line(rate)}")
