"""`evaluate draw`: reports of `evaluate rate` as a picture."""

from __future__ import annotations

import argparse
from pathlib import Path

from hitvideo.commands.common import (
    Commands,
    add_command,
)
from hitvideo.commands.evaluate.common import (
    rate_report,
)
from hitvideo.errors import HiTVideoError
from hitvideo.files import binary_output

PICTURES = ("svg", "png", "pdf")


def register(commands: Commands) -> None:
    parser = add_command(commands, "draw", "draw what `evaluate rate` wrote", run)
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


def run(args: argparse.Namespace) -> None:
    from hitvideo.evaluation.rate.plots import draw

    kind = Path(args.out).suffix.lower().removeprefix(".")
    if kind not in PICTURES:
        raise HiTVideoError(f"A picture is {', '.join(PICTURES)}, not {Path(args.out).name}.")
    names = args.names or [Path(path).stem for path in args.reports]
    if len(names) != len(args.reports):
        raise HiTVideoError(f"{len(args.reports)} reports need as many names, not {len(names)}.")
    reports = [(name, rate_report(path)) for name, path in zip(names, args.reports, strict=True)]
    with binary_output(args.out, args.reports) as out:
        draw(reports, out, kind, args.metrics)
