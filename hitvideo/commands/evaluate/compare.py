"""`evaluate compare`: two reports of `evaluate rate`."""

from __future__ import annotations

import argparse

from hitvideo.commands.common import (
    Commands,
    add_command,
    add_json,
)
from hitvideo.commands.evaluate.common import (
    percent_line,
    rate_report,
)
from hitvideo.files import json_output, to_json


def register(commands: Commands) -> None:
    parser = add_command(commands, "compare", "two reports of `evaluate rate`", run)
    parser.add_argument("ours", metavar="A.json", help="of `evaluate rate`")
    parser.add_argument("baseline", metavar="B.json", help="the same of another tokenizer")
    parser.add_argument("out", metavar="OUT.json")
    parser.add_argument("--fewer", type=float, default=70.0, help="percent of bits to save (70)")
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    from hitvideo.evaluation.rate.compare import compare

    with json_output(args.out, (args.ours, args.baseline)) as report:
        report.update(compare(rate_report(args.ours), rate_report(args.baseline), args.fewer))
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
            print(f"at equal {metric}, bytes: {percent_line(result['bytes'])}")
