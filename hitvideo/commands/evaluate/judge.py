"""`evaluate judge`: how well the judge reads."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from hitvideo.commands.common import (
    Commands,
    add_command,
    add_json,
    add_model,
    inputs_of,
    weights_folder,
)
from hitvideo.commands.evaluate.common import accuracy_line, check_clips
from hitvideo.files import json_output, to_json


def register(commands: Commands) -> None:
    parser = add_command(commands, "judge", "how well the judge reads scenes it never saw", run)
    parser.add_argument("out", metavar="OUT.json")
    parser.add_argument("--clips", type=int, default=400, help="unseen scenes (400)")
    parser.add_argument(
        "--coded", type=int, default=100, help="how many to code and decode, too; 0: none (100)"
    )
    add_model(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.devices import resolve_device
    from hitvideo.evaluation.alignment.ceilings import evaluate_codes, evaluate_judge
    from hitvideo.judge.model import Judge
    from hitvideo.tokenizer import HiTVideoTokenizer, fingerprint

    def shown(steps: Iterable[int]) -> Iterable[int]:
        return tqdm(steps, unit="batch", disable=None)

    check_clips(args.clips)
    with json_output(args.out, inputs_of(args)) as report:
        device, weights = resolve_device(args.device), weights_folder(args)
        judge = Judge.from_pretrained(weights / "judge", device)
        report.update(judge=fingerprint(judge), clips=args.clips)
        report["degraded"] = evaluate_judge(judge, args.clips, shown)
        if args.coded > 0:
            tokenizer = HiTVideoTokenizer.from_pretrained(weights / "tokenizer", device)
            report.update(tokenizer=fingerprint(tokenizer), coded_clips=args.coded)
            report["true_codes"] = evaluate_codes(judge, tokenizer, args.coded, shown=shown)
    if args.json:
        print(to_json(report))
        return
    for name, groups in report["degraded"].items():
        print(f"{name}: {accuracy_line(groups['all'])}")
    for entry in report.get("true_codes", ()):
        print(
            f"codes, {entry['side']} pixels, depth {entry['depth']}: {accuracy_line(entry['all'])}"
        )
