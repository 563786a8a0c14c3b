"""`benchmark-generator`: how fast text becomes video."""

from __future__ import annotations

import argparse

from hitvideo.commands.common import (
    Commands,
    add_benchmark,
    add_command,
    add_generator,
    add_json,
    load_all,
    set_threads,
)
from hitvideo.files import to_json


def register(commands: Commands) -> None:
    parser = add_command(commands, "benchmark-generator", "measure how fast clips are written", run)
    add_benchmark(parser, repeats=3)
    add_generator(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    from hitvideo.benchmarks.generator import benchmark_generator

    set_threads(args)
    pipeline = load_all(args)
    report = benchmark_generator(pipeline, args.repeats)
    if args.json:
        print(to_json(report))
        return
    print(
        "a position a step: {tokens_per_second:.0f} tokens/s, {times_transformers:.1f} times "
        "transformers.generate, {of_bound:.0%} of the memory bandwidth".format(**report["loop"])
    )
    for mode in report["modes"]:
        print(
            "{mode}: {steps} steps, {seconds:.1f} s a clip with its files, first level after "
            "{first_level_seconds:.1f} s, a stop within {longest_pause_seconds:.1f} s".format(
                **mode
            )
        )
