"""`evaluate alignment`: whether generated clips show what they should."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from hitvideo.evaluation.alignment.accuracy import Read


def register(commands: Commands) -> None:
    parser = add_command(commands, "alignment", "judge and eye on generated clips", run)
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
        help="token, frame or mixed: what a step writes; repeatable (the model's own)",
    )
    parser.add_argument("--temperature", type=float, help="of sampling (the model's own)")
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
        eye = _eye(weights, config.fps)
        guidances = args.guidance or [config.guidance, 1.0]
        modes = args.mode or [config.mode]
        # The first mode at every guidance, the others at the first one.
        settings = [{"guidance": scale, "mode": modes[0]} for scale in guidances]
        settings += [{"guidance": guidances[0], "mode": mode} for mode in modes[1:]]
        size = Size(config.frames, config.height, config.width, config.fps)
        with tqdm(total=args.clips * len(settings), unit="clip", disable=None) as bar:

            def generate(
                prompts: list[str], seeds: list[int], options: Options
            ) -> dict[str, np.ndarray]:
                made = pipeline.generate_batch(prompts, seeds, **common, **options)
                bar.update(len(prompts))
                clips = {"faithful": np.stack([clip.faithful for clip in made])}
                if pipeline.painter is not None:
                    clips["vivid"] = np.stack([clip.video for clip in made])
                return clips

            result = evaluate_alignment(
                generate,
                judge,
                unseen_cases(args.clips),
                size,
                settings=settings,
                round_trip=round_trip(pipeline.tokenizer, levels),
                eye=eye,
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
            **asdict(size),
        )
        report.update(result)
    if args.json:
        print(to_json(report))
        return
    for entry in report["generated"]:
        for group in ("trained", "withheld"):
            if group in entry:
                how = f"{entry['mode']}, guidance {entry['guidance']:g}"
                print(f"{entry['picture']}, {how}, {group}: {_line(entry, group)}")
    for name, groups in report["ceilings"].items():
        print(f"ceiling, {name.replace('_', ' ')}: {_line(groups, 'all')}")
    print(
        "variety: {generated[mean]:.1f} levels apart, renders {rendered[mean]:.1f}".format(
            **report["variety"]
        )
    )


def _eye(weights: Path, fps: float) -> Read | None:
    """The independent eye, where its packages are installed and its probe lies in the weights."""
    from hitvideo.evaluation.look.eye import Eye

    try:
        eye = Eye(weights / "eye")
    except HiTVideoError as error:
        print(f"The judge sees alone. {error}", file=sys.stderr)
        return None
    return lambda clips: eye.read(clips, fps)


def _line(groups: dict[str, Any], group: str) -> str:
    """What was seen of a group of clips, for people."""
    line = accuracy_line(groups[group])
    if "eye" in groups:
        line += "; the eye: subject {subject:.1%}, colour {colour:.1%}".format(
            **groups["eye"][group]
        )
    return line
