"""`evaluate moving`: the error where things move."""

from __future__ import annotations

import argparse
from pathlib import Path

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
)
from hitvideo.files import json_output, to_json


def register(commands: Commands) -> None:
    parser = add_command(
        commands, "moving", "error where things move, and what codecs would do", run
    )
    parser.add_argument("clips", metavar="CLIPS", help='a folder of videos, or "toon"')
    parser.add_argument("out", metavar="OUT.json")
    parser.add_argument(
        "--codecs", nargs="*", default=CODECS, metavar="CODEC", help=f"some of {', '.join(CODECS)}"
    )
    add_model(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.evaluation.clips import open_clips
    from hitvideo.evaluation.moving import evaluate_moving

    with json_output(args.out, inputs_of(args, args.clips)) as report:
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
