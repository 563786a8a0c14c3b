"""What several commands share: registering, the model's arguments, loading it, threads.

Knows no command.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from hitvideo.errors import HiTVideoError
from hitvideo.faults import add_debug

if TYPE_CHECKING:
    from hitvideo.pipeline import HiTVideoPipeline


Run = Callable[[argparse.Namespace], None]
Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


class Parser(argparse.ArgumentParser):
    """later: adds arguments as soon as this is the command, for what takes seconds to import."""

    later: Callable[[argparse.ArgumentParser], None] | None = None

    def parse_known_args(self, *args: Any, **options: Any) -> Any:
        later, self.later = self.later, None
        if later:
            later(self)
        return super().parse_known_args(*args, **options)


def add_command(commands: Commands, name: str, text: str, run: Run) -> Parser:
    """The parser of a new command; ``run`` is called with what it parsed."""
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=run)
    add_debug(parser)
    return parser


def add_weights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weights", help="folder of the model (the shipped one)")


def add_model(parser: argparse.ArgumentParser) -> None:
    add_weights(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 ... (auto)")


def add_generator(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quantize", default="auto", help="auto, int8, nf4 or none (auto)")
    add_model(parser)


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON on stdout")


def add_repeats(parser: argparse.ArgumentParser, repeats: int) -> None:
    parser.add_argument(
        "--repeats", type=int, default=repeats, help=f"runs to take the median of ({repeats})"
    )


def add_benchmark(parser: argparse.ArgumentParser, repeats: int) -> None:
    add_repeats(parser, repeats)
    parser.add_argument("--threads", type=int, help="processor threads (torch's choice)")


def print_note(note: str) -> None:
    """What a person should know of the input, on stderr; nothing if it is empty."""
    if note:
        print("hitvideo:", note, file=sys.stderr)


def weights_folder(args: argparse.Namespace) -> Path:
    from hitvideo.pipeline import find_weights

    return find_weights(args.weights)


def inputs_of(args: argparse.Namespace, *named: str) -> list[Path]:
    """What a command reads and so must never replace: files, videos in folders, the weights."""
    from hitvideo.data.pool import VIDEO_SUFFIXES

    files = [*weights_folder(args).glob("*/**/*")] if "weights" in args else []
    for path in map(Path, filter(None, named)):
        if path.is_dir():
            files += (p for p in path.rglob("*") if p.suffix.lower() in VIDEO_SUFFIXES)
        else:
            files.append(path)
    return files


def load_tokenizer(args: argparse.Namespace) -> HiTVideoPipeline:
    """A pipeline for reconstructing and token files: what generates is not loaded."""
    from hitvideo.bitstream import TokenCoder
    from hitvideo.devices import resolve_device
    from hitvideo.pipeline import HiTVideoPipeline
    from hitvideo.tokenizer import HiTVideoTokenizer

    folder, device = weights_folder(args), resolve_device(args.device)
    tokenizer = HiTVideoTokenizer.from_pretrained(folder / "tokenizer", device)
    return HiTVideoPipeline(tokenizer, coder=TokenCoder.from_pretrained(folder, tokenizer))


def load_all(args: argparse.Namespace) -> HiTVideoPipeline:
    """A pipeline that generates, too, quantized as ``args.quantize`` says."""
    from hitvideo.pipeline import HiTVideoPipeline

    return HiTVideoPipeline.from_pretrained(weights_folder(args), args.device, args.quantize)


def set_threads(args: argparse.Namespace) -> None:
    import torch

    if args.threads is not None:
        if args.threads < 1:
            raise HiTVideoError(f"The number of threads must be at least 1, not {args.threads}.")
        torch.set_num_threads(args.threads)


def depths_kept(depths: tuple[int, ...]) -> str:
    """How many levels the blocks of a token file have, for people."""
    if len(set(depths)) == 1:
        return f"depth {depths[0]}"
    return "depths " + " ".join(map(str, depths))
