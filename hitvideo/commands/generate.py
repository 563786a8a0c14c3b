"""`generate` and `benchmark-generator`: text to video, and how fast that is."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hitvideo.errors import HiTVideoError
from hitvideo.files import to_json

if TYPE_CHECKING:
    import numpy as np

    from hitvideo.generation import GenerateStep
    from hitvideo.pipeline import HiTVideoPipeline


def add_generate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prompt", help="what the clip should show")
    parser.add_argument("out", metavar="OUT.mp4")
    parser.add_argument("--seed", type=int, help="0 to 4294967295 (by chance)")
    parser.add_argument("--guidance", type=float, help="how closely to follow the prompt")
    parser.add_argument("--temperature", type=float, default=1.0, help="0: no chance (1)")
    parser.add_argument("--top-k", type=int, default=0, help="likeliest values of a digit (all)")
    parser.add_argument("--top-p", type=float, default=1.0, help="their share of chance (1)")
    parser.add_argument("--levels", type=int, help="how many the model writes (all it knows)")
    parser.add_argument("--mode", help="what one step writes: token, row or frame")
    parser.add_argument("--no-metadata", action="store_true", help="leave prompt and seed out")
    _add_common(parser)


def run_generate(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.video import write_video

    pipeline = _load(args)
    options = {
        name: getattr(args, name)
        for name in ("guidance", "temperature", "top_k", "top_p", "levels", "mode")
    }
    request = pipeline.request(args.prompt, args.seed, **options)
    last: list[GenerateStep] = []

    def frames() -> Iterator[np.ndarray]:
        """Made only once the target has been found writable."""
        with tqdm(total=1.0, disable=None, bar_format="{l_bar}{bar}| {desc}") as bar:
            for step in pipeline.stream(request.prompt, request.seed, **options):
                rate = f"{step.message}, {step.tokens_per_second:.0f} tokens/s"
                bar.set_description_str(rate, refresh=False)
                bar.update(step.progress - bar.n)
        last.append(step)
        assert step.result is not None
        yield from step.result.video

    settings = request.settings()
    words = " ".join(f"{key}={value}" for key, value in settings.items())
    metadata = {"title": request.prompt, "comment": f"HiTVideo {words}"}
    write_video(args.out, frames(), pipeline.fps, None if args.no_metadata else metadata)
    step, unknown = last[0], pipeline.unknown_words(request.prompt)
    if args.json:
        report = {
            "prompt": request.prompt,
            **settings,
            "fps": pipeline.fps,
            "tokens": step.tokens,
            "steps": step.steps,
            "seconds": step.seconds,
            "tokens_per_second": step.tokens_per_second,
            "quantization": pipeline.quantization,
            "device": pipeline.device.type,
            "unknown_words": unknown,
        }
        print(to_json(report))
        return
    print(
        f"seed {request.seed}: {step.tokens} tokens in {step.seconds:.1f} s, "
        f"{step.tokens_per_second:.0f} tokens/s, "
        f"{pipeline.quantization or 'full precision'} on {pipeline.device.type}"
    )
    if unknown:
        print(f"The model never saw these words: {', '.join(unknown)}.")


def add_benchmark_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repeats", type=int, default=3, help="runs to take the median of (3)")
    parser.add_argument("--threads", type=int, help="processor threads (torch's choice)")
    _add_common(parser)


def run_benchmark(args: argparse.Namespace) -> None:
    import torch

    from hitvideo.evaluation.generation_speed import benchmark_generator

    if args.threads is not None:
        if args.threads < 1:
            raise HiTVideoError(f"The number of threads must be at least 1, not {args.threads}.")
        torch.set_num_threads(args.threads)
    report = benchmark_generator(_load(args), args.repeats)
    if args.json:
        print(to_json(report))
        return
    print(
        "one token a step: {tokens_per_second:.0f} tokens/s, {times_transformers:.1f} times "
        "transformers.generate, {of_bound:.0%} of the memory bandwidth".format(**report["loop"])
    )
    for mode in report["modes"]:
        print(
            "{mode}: {steps} steps, {seconds:.1f} s a clip with decoding, "
            "first level after {first_level_seconds:.1f} s".format(**mode)
        )


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quantize", default="auto", help="auto, int8, nf4 or none (auto)")
    parser.add_argument("--weights", help="folder of the model (the shipped one)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 ... (auto)")
    parser.add_argument("--json", action="store_true", help="print JSON on stdout")


def _load(args: argparse.Namespace) -> HiTVideoPipeline:
    from hitvideo.pipeline import DEFAULT_WEIGHTS, HiTVideoPipeline

    quantize = None if args.quantize == "none" else args.quantize
    return HiTVideoPipeline.from_pretrained(args.weights or DEFAULT_WEIGHTS, args.device, quantize)
