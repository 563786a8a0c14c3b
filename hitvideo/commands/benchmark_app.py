"""`benchmark-app`: how long the app takes to open, and to serve while others use the machine."""

from __future__ import annotations

import argparse

from hitvideo.commands.common import (
    Commands,
    add_command,
    add_json,
    add_repeats,
    add_weights,
    weights_folder,
)
from hitvideo.files import to_json


def register(commands: Commands) -> None:
    parser = add_command(commands, "benchmark-app", "measure how long the app takes to open", run)
    add_repeats(parser, 5)
    add_weights(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    from hitvideo.benchmarks.startup import benchmark_app

    report = benchmark_app(weights_folder(args), args.repeats)
    if args.json:
        print(to_json(report))
        return
    print("the page answers after {seconds:.1f} s".format(**report))
    if sharing := report.get("sharing"):
        print("a clip takes {one:.1f} s".format(**sharing["seconds"]))
        print("two at once take {times_two:.1f} times as long".format(**sharing))
        print("beside a busy core one takes {times_busy_core:.1f} times as long".format(**sharing))
