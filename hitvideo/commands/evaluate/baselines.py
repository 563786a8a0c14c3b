"""`evaluate baselines`: what the levels are compared with."""

from __future__ import annotations

import argparse
from pathlib import Path

from hitvideo.commands.common import (
    Commands,
    add_command,
    add_json,
    inputs_of,
)
from hitvideo.files import json_output, to_json


def register(commands: Commands) -> None:
    parser = add_command(commands, "baselines", "box averages and block PCA", run)
    parser.add_argument("clips", metavar="CLIPS", help='a folder of videos, or "toon"')
    parser.add_argument("train", metavar="TRAIN_FOLDER", help="videos to fit the PCA on")
    parser.add_argument("out", metavar="OUT.json")
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.evaluation.baselines import evaluate_baselines
    from hitvideo.evaluation.clips import FolderClips, open_clips

    with json_output(args.out, inputs_of(args, args.clips, args.train)) as report:
        clips, train = open_clips(args.clips), FolderClips(args.train)
        report["set"], report["train_set"] = Path(args.clips).name, train.folder.name
        shown, fitted = (tqdm(c, unit="clip", disable=None) for c in (clips, train))
        report.update(evaluate_baselines(shown, fitted))
        report["skipped"] = {**clips.skipped, **train.skipped}
    if args.json:
        print(to_json(report))
        return
    for name in ("box", "pca"):
        print("{0}: PSNR {psnr:.2f} dB, SSIM {ssim:.3f}".format(name, **report[name]))
