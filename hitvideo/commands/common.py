"""What several commands share: the model's arguments, loading it, threads. Knows no command."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hitvideo.errors import HiTVideoError

if TYPE_CHECKING:
    from hitvideo.pipeline import HiTVideoPipeline


def add_weights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weights", help="folder of the model (the shipped one)")


def add_model(parser: argparse.ArgumentParser) -> None:
    add_weights(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 ... (auto)")


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
    from hitvideo.pipeline import DEFAULT_WEIGHTS

    return Path(args.weights or DEFAULT_WEIGHTS)


def load_tokenizer(args: argparse.Namespace) -> HiTVideoPipeline:
    """A pipeline for reconstructing: what generates is not loaded."""
    from hitvideo.devices import resolve_device
    from hitvideo.pipeline import HiTVideoPipeline
    from hitvideo.tokenizer import HiTVideoTokenizer

    folder = weights_folder(args) / "tokenizer"
    return HiTVideoPipeline(HiTVideoTokenizer.from_pretrained(folder, resolve_device(args.device)))


def load_all(args: argparse.Namespace) -> HiTVideoPipeline:
    """A pipeline that generates, too, quantized as ``args.quantize`` says."""
    from hitvideo.pipeline import HiTVideoPipeline

    quantize = None if args.quantize == "none" else args.quantize
    return HiTVideoPipeline.from_pretrained(weights_folder(args), args.device, quantize)


def set_threads(args: argparse.Namespace) -> None:
    import torch

    if args.threads is not None:
        if args.threads < 1:
            raise HiTVideoError(f"The number of threads must be at least 1, not {args.threads}.")
        torch.set_num_threads(args.threads)
