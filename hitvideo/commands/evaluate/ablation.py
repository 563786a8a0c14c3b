"""`evaluate ablation`: what every extra input of a generator is worth, by leaving it out."""

from __future__ import annotations

import argparse
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
from hitvideo.temporary import scratch_folder


def register(commands: Commands) -> None:
    parser = add_command(commands, "ablation", "what the generator's extra inputs are worth", run)
    parser.add_argument("out", metavar="OUT.json")
    parser.add_argument("--clips", type=int, default=128, help="held-out scenes, at most 128 (128)")
    parser.add_argument("--read", type=int, default=40, help="unseen scenes that are read (40)")
    add_model(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    from accelerate import Accelerator
    from tqdm import tqdm

    from hitvideo.evaluation.ablation import extra_inputs, silenced
    from hitvideo.evaluation.alignment.accuracy import Size, unseen_cases
    from hitvideo.evaluation.alignment.reading import evaluate_reading, mean_reading
    from hitvideo.generator.storage import stored_fingerprint
    from hitvideo.pipeline import HiTVideoPipeline
    from hitvideo.pipeline.score import caption_bits
    from hitvideo.training.generator import HELD_OUT_TOON, held_out_bits, held_out_toon
    from hitvideo.training.text_to_tokens import TextToTokens

    check_clips(args.read)
    most = len(HELD_OUT_TOON)
    if not 1 <= args.clips <= most:
        raise HiTVideoError(f"The number of clips must be 1 to {most}, not {args.clips}.")
    weights = weights_folder(args)
    with json_output(args.out, inputs_of(args)) as report, scratch_folder() as folder:
        pipeline = HiTVideoPipeline.from_pretrained(weights, args.device, None)
        generator, text = pipeline.generator, pipeline.text
        if generator is None or text is None:
            raise HiTVideoError(f"There is no generator in {weights} to be measured.")
        config = generator.config
        size = Size(config.frames, config.height, config.width, config.fps)
        tokens = held_out_toon(pipeline.tokenizer, config, args.clips, folder)
        model = TextToTokens(text, generator, pipeline.planner)
        accelerator = Accelerator(cpu=pipeline.device.type == "cpu")
        cases, mode = unseen_cases(args.read), config.mode
        report.update(generator=stored_fingerprint(weights), mode=mode)
        report.update(clips=args.clips, read=args.read, without={})
        parts = {"nothing": [], **extra_inputs(generator)}
        for name, layers in tqdm(parts.items(), unit="input", disable=None):
            with silenced(layers):
                bits = held_out_bits(model, tokens, accelerator, [mode])[mode]
                report_of = evaluate_reading(partial(caption_bits, pipeline), cases, size)
                reading = mean_reading(report_of)
            report["without"][name] = {"bits": bits, "reading": reading}
    if args.json:
        print(to_json(report))
        return
    for name, result in report["without"].items():
        mean, *levels = result["bits"]
        by_level = ", ".join(f"level {k} {each:.3f}" for k, each in enumerate(levels, 1))
        print(f"without {name}: {mean:.3f} bits per token ({by_level}), {result['reading']:.1%}")
