"""`evaluate alignment`: whether generated clips show what they should."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from hitvideo.commands.common import (
    Commands,
    add_command,
    add_json,
    add_model,
    inputs_of,
    load_all,
    weights_folder,
)
from hitvideo.commands.evaluate.common import accuracy_line, check_clips
from hitvideo.errors import HiTVideoError
from hitvideo.files import json_output, to_json


def register(commands: Commands) -> None:
    parser = add_command(commands, "alignment", "the judge on generated clips", run)
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
    parser.add_argument("--picture", help="vivid or faithful (faithful)", default="faithful")
    parser.add_argument("--batch", type=int, default=8, help="clips written at once (8)")
    add_model(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    import numpy as np
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

    check_clips(args.clips)
    if args.batch < 1:
        raise HiTVideoError(f"The batch must be at least 1, not {args.batch}.")
    with json_output(args.out, inputs_of(args)) as report:
        weights = weights_folder(args)
        pipeline = load_all(args)
        if pipeline.generator is None:
            raise HiTVideoError(f"There is no generator in {weights} whose clips could be judged.")
        judge = Judge.from_pretrained(weights / "judge", pipeline.device)
        config = pipeline.generator.config
        levels = args.levels or len(config.levels)
        common = {"levels": levels, "temperature": args.temperature}
        common |= {"picture": args.picture}
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
                return np.stack([clip.video for clip in made])

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
            temperature=config.sampling_temperature
            if args.temperature is None
            else args.temperature,
            levels=levels,
            picture=args.picture,
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
                print(f"{name}: {accuracy_line(entry[group])}")
    for name, groups in report["ceilings"].items():
        print(f"ceiling, {name.replace('_', ' ')}: {accuracy_line(groups['all'])}")
    print(
        "variety: {generated[mean]:.1f} levels apart, renders {rendered[mean]:.1f}".format(
            **report["variety"]
        )
    )
