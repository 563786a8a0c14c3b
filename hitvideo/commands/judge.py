"""`train-judge`, `evaluate judge`, `evaluate alignment` and `evaluate reading`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from hitvideo.commands.common import add_json, add_model, load_all, weights_folder
from hitvideo.errors import HiTVideoError
from hitvideo.files import json_output, to_json

if TYPE_CHECKING:
    import numpy as np


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, help="folder of the run; resumes if it has one")
    parser.add_argument("--clips", type=int, default=8000, help="Toon clips to render (8000)")
    parser.add_argument("--minutes", type=float, default=30.0, help="budget in minutes (30)")
    parser.add_argument("--batch", type=int, default=16, help="clips per step (16)")
    parser.add_argument("--lr", type=float, default=2e-3, help="peak learning rate (0.002)")
    parser.add_argument(
        "--seed", type=int, default=2, help="0 and 1 are those of the shipped judges (2)"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes that render (1)")


def run_train(args: argparse.Namespace) -> None:
    from hitvideo.training.judge import JudgeTrainConfig, train

    known = JudgeTrainConfig.__dataclass_fields__
    train(JudgeTrainConfig(**{k: v for k, v in vars(args).items() if k in known}))


def add_judge_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", metavar="OUT.json")
    parser.add_argument("--clips", type=int, default=400, help="unseen scenes (400)")
    parser.add_argument(
        "--coded", type=int, default=100, help="how many to code and decode, too; 0: none (100)"
    )
    add_model(parser)
    add_json(parser)


def run_judge(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.devices import resolve_device
    from hitvideo.evaluation.alignment.ceilings import evaluate_codes, evaluate_judge
    from hitvideo.judge.model import Judge
    from hitvideo.tokenizer import HiTVideoTokenizer, fingerprint

    def shown(steps: Iterable[int]) -> Iterable[int]:
        return tqdm(steps, unit="batch", disable=None)

    _check_clips(args.clips)
    with json_output(args.out) as report:
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
        print(f"{name}: {_summary(groups['all'])}")
    for entry in report.get("true_codes", ()):
        print(f"codes, {entry['side']} pixels, depth {entry['depth']}: {_summary(entry['all'])}")


def add_alignment_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", metavar="OUT.json")
    parser.add_argument("--clips", type=int, default=200, help="unseen captions (200)")
    parser.add_argument(
        "--guidance", type=float, action="append", help="repeatable (the model's default, and 1)"
    )
    parser.add_argument(
        "--quantize",
        choices=["auto", "int8", "nf4", "none"],
        default="auto",
        help="of the generator (auto)",
    )
    parser.add_argument("--levels", type=int, help="how many to write (the model's own)")
    parser.add_argument(
        "--mode",
        action="append",
        help="token, row, frame or mixed: what a step writes; repeatable (the model's own)",
    )
    parser.add_argument("--temperature", type=float, help="of sampling (the model's own)")
    parser.add_argument("--batch", type=int, default=8, help="clips written at once (8)")
    add_model(parser)
    add_json(parser)


def run_alignment(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.evaluation.alignment.accuracy import (
        Options,
        Size,
        evaluate_alignment,
        unseen_cases,
    )
    from hitvideo.evaluation.alignment.ceilings import round_trip
    from hitvideo.generator.storage import stored_fingerprint
    from hitvideo.judge.model import Judge
    from hitvideo.tokenizer import fingerprint

    _check_clips(args.clips)
    if args.batch < 1:
        raise HiTVideoError(f"The batch must be at least 1, not {args.batch}.")
    with json_output(args.out) as report:
        weights = weights_folder(args)
        pipeline = load_all(args)
        if pipeline.generator is None:
            raise HiTVideoError(f"There is no generator in {weights} whose clips could be judged.")
        judge = Judge.from_pretrained(weights / "judge", pipeline.device)
        config = pipeline.generator.config
        levels = args.levels or len(config.levels)
        common = {"levels": levels, "temperature": args.temperature}
        guidances = args.guidance or [config.guidance, 1.0]
        modes = args.mode or [config.mode]
        # The first mode at every guidance, the others at the first one.
        settings = [{"guidance": scale, "mode": modes[0]} for scale in guidances]
        settings += [{"guidance": guidances[0], "mode": mode} for mode in modes[1:]]
        size = Size(config.frames, config.height, config.width, config.fps)
        with tqdm(total=args.clips * len(settings), unit="clip", disable=None) as bar:

            def generate(prompts: list[str], seeds: list[int], options: Options) -> np.ndarray:
                made = pipeline.generate_batch(prompts, seeds, **common, **options)
                bar.update(len(prompts))
                return made

            result = evaluate_alignment(
                generate,
                judge,
                unseen_cases(args.clips),
                size,
                settings=settings,
                round_trip=round_trip(pipeline.tokenizer, levels),
                batch=args.batch,
            )
        report.update(
            judge=fingerprint(judge),
            tokenizer=fingerprint(pipeline.tokenizer),
            generator=stored_fingerprint(weights),
            quantization=pipeline.quantization,
            temperature=config.warmth if args.temperature is None else args.temperature,
            levels=levels,
            **asdict(size),
        )
        report.update(result)
    if args.json:
        print(to_json(report))
        return
    for entry in report["generated"]:
        for group in ("trained", "withheld"):
            if group in entry:
                name = f"{entry['mode']}, guidance {entry['guidance']:g}, {group}"
                print(f"{name}: {_summary(entry[group])}")
    for name, groups in report["ceilings"].items():
        print(f"ceiling, {name.replace('_', ' ')}: {_summary(groups['all'])}")
    print(
        "variety: {generated[mean]:.1f} levels apart, renders {rendered[mean]:.1f}".format(
            **report["variety"]
        )
    )


def add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", metavar="OUT.json")
    parser.add_argument("--clips", type=int, default=64, help="unseen scenes (64)")
    add_model(parser)
    add_json(parser)


def run_reading(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.evaluation.alignment.accuracy import Size, unseen_cases
    from hitvideo.evaluation.alignment.reading import evaluate_reading
    from hitvideo.generator.storage import stored_fingerprint
    from hitvideo.pipeline import HiTVideoPipeline
    from hitvideo.tokenizer import fingerprint

    _check_clips(args.clips)
    with json_output(args.out) as report:
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
        report.update(evaluate_reading(pipeline.bits, cases, size, shown))
    if args.json:
        print(to_json(report))
        return
    for group in ("trained", "withheld"):
        for name, shares in report[group].items():
            parts = [f"layout {shares['layout']:.0%}"]
            parts += [f"level {k} {share:.0%}" for k, share in enumerate(shares["levels"], 1)]
            chance = f"chance {shares['chance']:.0%}"
            print(f"{group}, {name}: {shares['all']:.0%} ({', '.join(parts)}; {chance})")


def _check_clips(clips: int) -> None:
    if clips < 1:
        raise HiTVideoError(f"The number of clips must be at least 1, not {clips}.")


def _summary(group: dict[str, Any]) -> str:
    return (
        "subject {subject:.1%}, colour {colour:.1%}, motion {motion:.1%}, backdrop {backdrop:.1%}, "
        "mean {mean:.1%} over {clips} clips".format(**group)
    )
