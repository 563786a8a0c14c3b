"""`evaluate tokenizer`: quality at every depth, on a set of clips."""

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
from hitvideo.files import json_output, to_json


def register(commands: Commands) -> None:
    parser = add_command(commands, "tokenizer", "quality at every depth", run)
    parser.add_argument("clips", metavar="CLIPS", help='a folder of videos, or "toon"')
    parser.add_argument("out", metavar="OUT.json")
    parser.add_argument("--codec", choices=["x264"], help="measure it at the same bytes, too")
    add_model(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.evaluation.clips import open_clips
    from hitvideo.evaluation.tokenizer import evaluate_tokenizer

    with json_output(args.out, inputs_of(args, args.clips)) as report:
        clips = open_clips(args.clips)
        pipeline = load_tokenizer(args)
        shown = tqdm(clips, unit="clip", disable=None)
        report["set"] = Path(args.clips).name
        report.update(evaluate_tokenizer(pipeline, shown, x264=args.codec == "x264"))
        report["skipped"] = clips.skipped
    if args.json:
        print(to_json(report))
        return
    for level in report["levels"]:
        print(
            "depth {level}: {bpp:.4f} bpp, PSNR {psnr:.2f} dB, SSIM {ssim:.3f}, "
            "perplexity {perplexity:.0f} of {codebook_size}".format(**level)
        )
