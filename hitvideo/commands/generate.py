"""`generate`: text to video."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hitvideo.commands.common import (
    Commands,
    add_command,
    add_generator,
    add_json,
    inputs_of,
    load_all,
)
from hitvideo.files import to_json

if TYPE_CHECKING:
    import numpy as np

    from hitvideo.pipeline.result import GenerateStep


def register(commands: Commands) -> None:
    parser = add_command(commands, "generate", "turn a prompt into a video", run)
    parser.add_argument("prompt", help="what the clip should show")
    parser.add_argument("out", metavar="OUT.mp4")
    parser.add_argument("--seed", type=int, help="0 to 4294967295 (by chance)")
    parser.add_argument("--guidance", type=float, help="how closely to follow the prompt")
    parser.add_argument("--temperature", type=float, help="of chance; 0: none")
    parser.add_argument("--top-k", type=int, default=0, help="likeliest values of a digit (all)")
    parser.add_argument("--top-p", type=float, default=1.0, help="their share of chance (1)")
    parser.add_argument("--levels", type=int, help="how many the model writes (all it knows)")
    parser.add_argument("--mode", help="what one step writes: token, frame or mixed")
    parser.add_argument("--picture", help="vivid (painted) or faithful (the tokens alone)")
    parser.add_argument("--no-metadata", action="store_true", help="leave prompt and seed out")
    add_generator(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.video import write_video

    pipeline = load_all(args)
    options = {
        name: getattr(args, name)
        for name in ("guidance", "temperature", "top_k", "top_p", "levels", "mode", "picture")
    }
    request = pipeline.request(args.prompt, args.seed, **options)
    last: list[GenerateStep] = []

    def frames() -> Iterator[np.ndarray]:
        """Made only once the target has been found writable."""
        with tqdm(total=1.0, disable=None, bar_format="{l_bar}{bar}| {desc}") as bar:
            for step in pipeline.stream(request):
                rate = f"{step.message}, {step.tokens_per_second:.0f} tokens/s"
                bar.set_description_str(rate, refresh=False)
                bar.update(step.progress - bar.n)
        last.append(step)
        assert step.result is not None
        yield from step.result.video

    settings = request.settings()
    words = " ".join(f"{key}={value}" for key, value in settings.items())
    metadata = {"title": request.prompt, "comment": f"HiTVideo {words}"}
    tags = None if args.no_metadata else metadata
    write_video(args.out, frames(), pipeline.fps, tags, inputs_of(args))
    step, unknown = last[0], pipeline.unknown_words(request.prompt)
    unread = pipeline.unread(request.prompt)
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
            "unread": unread,
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
    if unread:
        print(f"The prompt is too long; its end is not read: {unread}")
