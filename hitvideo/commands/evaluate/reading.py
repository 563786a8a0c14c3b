"""`evaluate reading`: whether the generator follows its captions."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from functools import partial

from hitvideo.commands.common import (
    Commands,
    add_command,
    add_json,
    add_model,
    inputs_of,
    weights_folder,
)
from hitvideo.commands.evaluate.common import check_clips
from hitvideo.errors import HiTVideoError
from hitvideo.files import json_output, to_json


def register(commands: Commands) -> None:
    parser = add_command(commands, "reading", "what the generator knows of captions", run)
    parser.add_argument("out", metavar="OUT.json")
    parser.add_argument("--clips", type=int, default=64, help="unseen scenes (64)")
    add_model(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.evaluation.alignment.accuracy import Size, unseen_cases
    from hitvideo.evaluation.alignment.reading import evaluate_reading
    from hitvideo.generator.storage import stored_fingerprint
    from hitvideo.pipeline import HiTVideoPipeline
    from hitvideo.pipeline.score import caption_bits
    from hitvideo.tokenizer import fingerprint

    check_clips(args.clips)
    with json_output(args.out, inputs_of(args)) as report:
        weights = weights_folder(args)
        pipeline = HiTVideoPipeline.from_pretrained(weights, args.device, None)
        if pipeline.generator is None:
            raise HiTVideoError(f"There is no generator in {weights} that could read captions.")
        config = pipeline.generator.config
        size = Size(config.frames, config.height, config.width, config.fps)
        report.update(tokenizer=fingerprint(pipeline.tokenizer), **asdict(size))
        report.update(generator=stored_fingerprint(weights))
        cases = unseen_cases(args.clips)
        shown = partial(tqdm, unit="clip", disable=None)
        report.update(evaluate_reading(partial(caption_bits, pipeline), cases, size, shown))
    if args.json:
        print(to_json(report))
        return
    for group in ("trained", "withheld"):
        for name, shares in report[group].items():
            parts = [f"plan {shares['plan']:.0%}"]
            parts += [f"level {k} {share:.0%}" for k, share in enumerate(shares["levels"], 1)]
            chance = f"chance {shares['chance']:.0%}"
            print(f"{group}, {name}: {shares['all']:.0%} ({', '.join(parts)}; {chance})")
