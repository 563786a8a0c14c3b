"""`evaluate look`: what an eye that was not trained with the models sees."""

from __future__ import annotations

import argparse

from hitvideo.commands.common import (
    Commands,
    add_command,
    add_json,
    add_model,
    inputs_of,
    load_all,
    weights_folder,
)
from hitvideo.commands.evaluate.common import check_clips
from hitvideo.errors import HiTVideoError
from hitvideo.files import json_output, to_json


def register(commands: Commands) -> None:
    parser = add_command(commands, "look", "the independent eye on coded and generated clips", run)
    parser.add_argument("out", metavar="OUT.json")
    parser.add_argument("--clips", type=int, default=200, help="unseen captions (200)")
    parser.add_argument("--coded", type=int, default=120, help="unseen clips to code (120)")
    parser.add_argument(
        "--by-depth", action="store_true", help="look at every depth of them, at nothing painted"
    )
    parser.add_argument("--depth", type=int, default=2, help="of their codes (2)")
    parser.add_argument("--batch", type=int, default=8, help="clips written at once (8)")
    parser.add_argument("--quantize", default="auto", help="of the generator (auto)")
    add_model(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.evaluation.look.eye import Eye
    from hitvideo.evaluation.look.run import evaluate_look
    from hitvideo.generator.storage import stored_fingerprint
    from hitvideo.tokenizer import fingerprint

    if args.batch < 1 or min(args.clips, args.coded) < 0:
        raise HiTVideoError("The batch must be at least 1, the numbers of clips not below 0.")
    check_clips(args.coded if args.by_depth else args.clips + args.coded)
    with json_output(args.out, inputs_of(args)) as report:
        weights = weights_folder(args)
        pipeline = load_all(args)
        if pipeline.generator is None:
            raise HiTVideoError(f"There is no generator in {weights} whose clips could be seen.")
        if not 1 <= args.depth <= pipeline.tokenizer.config.depth:
            raise HiTVideoError(f"The depth is 1 to {pipeline.tokenizer.config.depth}.")
        eye = Eye(weights / "eye")
        report.update(
            tokenizer=fingerprint(pipeline.tokenizer), generator=stored_fingerprint(weights)
        )
        if pipeline.painter is not None:
            report.update(painter=fingerprint(pipeline.painter))
        report.update(quantization=pipeline.quantization, clips=args.clips, coded=args.coded)
        with tqdm(total=args.clips + args.coded, unit="clip", disable=None) as bar:
            numbers = {"generated": args.clips, "coded": args.coded}
            numbers |= {"depth": args.depth, "batch": args.batch, "by_depth": args.by_depth}
            report.update(evaluate_look(pipeline, eye, **numbers, tick=bar.update))
    if args.json:
        print(to_json(report))
        return
    line = "subject {subject:.0%}, colour {colour:.0%}"
    for name, seen in report.get("true_codes", {}).items():
        if name != "depth":
            print(f"true codes, {name}: {line.format(**seen)}")
    for depth, seen in enumerate(report.get("depths", []), 1):
        name = f"depth {depth}" if depth < len(report["depths"]) else "true frames"
        print(f"{name}: {line.format(**seen)}")
    for name, groups in report.get("generated", {}).items():
        for group, seen in groups.items():
            print(f"generated, {name}, {group}: {line.format(**seen)}")
