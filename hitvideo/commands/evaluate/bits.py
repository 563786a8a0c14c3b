"""`evaluate bits`: what quantization costs a generator, in bits per token of clips it never saw."""

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
from hitvideo.errors import HiTVideoError
from hitvideo.files import json_output, to_json
from hitvideo.temporary import scratch_folder

PRECISIONS = ("none", "int8", "nf4")  # the first is what the others are compared with


def register(commands: Commands) -> None:
    parser = add_command(commands, "bits", "what quantization costs the generator", run)
    parser.add_argument("out", metavar="OUT.json")
    parser.add_argument("--clips", type=int, default=128, help="held-out scenes, at most 128 (128)")
    add_model(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    """True plans and captions are told; the mode is the model's own."""
    from accelerate import Accelerator

    from hitvideo.generator.storage import stored_fingerprint
    from hitvideo.tokenizer import fingerprint
    from hitvideo.training.generator import HELD_OUT_TOON, held_out_bits, held_out_toon
    from hitvideo.training.text_to_tokens import TextToTokens

    most = len(HELD_OUT_TOON)
    if not 1 <= args.clips <= most:
        raise HiTVideoError(f"The number of clips must be 1 to {most}, not {args.clips}.")
    weights = weights_folder(args)
    with json_output(args.out, inputs_of(args)) as report, scratch_folder() as folder:
        bits, tokens = {}, None
        for precision in PRECISIONS:
            args.quantize = precision
            pipeline = load_all(args)
            generator, text = pipeline.generator, pipeline.text
            if generator is None or text is None:
                raise HiTVideoError(f"There is no generator in {weights} to be measured.")
            if tokens is None:
                config = generator.config
                tokens = held_out_toon(pipeline.tokenizer, config, args.clips, folder)
                report["tokenizer"] = fingerprint(pipeline.tokenizer)
            accelerator = Accelerator(cpu=pipeline.device.type == "cpu")
            model = TextToTokens(text, generator, pipeline.planner)
            mode = generator.config.mode
            bits[precision] = held_out_bits(model, tokens, accelerator, [mode])[mode]
        report.update(generator=stored_fingerprint(weights), clips=args.clips, mode=mode, bits=bits)
        report["more"] = {name: each[0] / bits["none"][0] - 1 for name, each in bits.items()}
    if args.json:
        print(to_json(report))
        return
    for name, (mean, *levels) in bits.items():
        parts = ", ".join(f"level {k} {each:.3f}" for k, each in enumerate(levels, 1))
        print(f"{name}: {mean:.3f} bits per token ({parts}), {report['more'][name]:+.2%}")
