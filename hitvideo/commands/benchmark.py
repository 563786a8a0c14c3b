"""`benchmark`: how fast clips are encoded and decoded."""

from __future__ import annotations

import argparse

from hitvideo.commands.common import (
    Commands,
    add_benchmark,
    add_command,
    add_json,
    add_model,
    load_tokenizer,
    set_threads,
)
from hitvideo.files import to_json


def register(commands: Commands) -> None:
    parser = add_command(commands, "benchmark", "measure speed on this machine", run)
    add_benchmark(parser, repeats=5)
    add_model(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    from hitvideo.benchmarks.tokenizer import benchmark

    set_threads(args)
    report = benchmark(load_tokenizer(args), args.repeats)
    if args.json:
        print(to_json(report))
        return
    print(
        "encode {encode_seconds:.2f} s, decode {0:.2f} s for {1:g} s of video: "
        "{times_real_time:.1f} times real time on {2}, {3} threads".format(
            report["decode_seconds_by_depth"][-1],
            report["clip"]["seconds"],
            report["machine"]["processor"],
            report["machine"]["threads"],
            **report,
        )
    )
