"""The command line: `hitvideo COMMAND`; what the commands do is in `hitvideo/commands/`.

Parses, calls what does the work, and prints. What a user can put right is one line on stderr and
exit code 2. Everything heavy is imported by the command that needs it, so `--help` is quick.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hitvideo import __version__
from hitvideo.commands import bits, generate, judge, opening, rate, sheet, tokenizer, tokens, toon
from hitvideo.errors import HiTVideoError, HiTVideoWarning

Command = Callable[[argparse.Namespace], None]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code (0, 2 for user errors, 130 for Ctrl-C)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        try:
            signal.signal(signal.SIGTERM, _terminated)
            warnings.showwarning = partial(_show_warning, warnings.showwarning)
            args = _parser(arguments).parse_args(arguments)
            args.command(args)
        finally:
            sys.stdout.flush()
    except HiTVideoError as error:
        print("hitvideo:", *str(error).split(), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    return 0


def _show_warning(show: Callable[..., None], message: Warning | str, *rest: Any) -> None:
    """Warnings that are meant for the person are one line on stderr; `show` shows the others."""
    if isinstance(message, HiTVideoWarning):
        print("hitvideo:", *str(message).split(), file=sys.stderr)
    else:
        show(message, *rest)


def _terminated(*_: object) -> None:
    """Lets every `finally` run, so that nothing half-written is left behind."""
    raise SystemExit(128 + signal.SIGTERM)


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hitvideo", description="Video as a hierarchy of discrete tokens."
    )
    parser.add_argument("--version", action="version", version=f"hitvideo {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, text: str, command: Command, parent: Any = commands) -> Any:
        sub = parent.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        return sub

    sub = add("reconstruct", "write what every level keeps", tokenizer.run_reconstruct)
    tokenizer.add_reconstruct_arguments(sub)
    sub = add("encode", "write a video as a token file", tokens.run_encode)
    tokens.add_encode_arguments(sub)
    sub = add("decode", "turn a token file back into a video", tokens.run_decode)
    tokens.add_decode_arguments(sub)

    sub = add("generate", "turn a prompt into a video", generate.run_generate)
    generate.add_generate_arguments(sub)

    sub = add("toon", "render one cartoon clip and print its caption", toon.run)
    toon.add_arguments(sub)

    sub = add("train-tokenizer", "train a tokenizer on folders of clips and on Toon", _train)
    if arguments[:1] == ["train-tokenizer"]:
        from hitvideo.training.tokenizer import add_arguments

        add_arguments(sub)

    sub = add("train-generator", "train text to tokens, on Toon and captioned clips", _train_text)
    if arguments[:1] == ["train-generator"]:
        from hitvideo.training.generator import add_arguments

        add_arguments(sub)

    sub = add("train-entropy", "learn a model's entropy tables", tokens.run_train)
    tokens.add_train_arguments(sub)

    sub = add("train-judge", "train the judge of generated clips on Toon", judge.run_train)
    judge.add_train_arguments(sub)

    sub = commands.add_parser("evaluate", help="measure, and write the figures as JSON")
    measures = sub.add_subparsers(title="what to evaluate", required=True, metavar="WHAT")
    sub = add("tokenizer", "quality at every depth", tokenizer.run_evaluate, measures)
    tokenizer.add_evaluate_arguments(sub)
    sub = add("baselines", "box averages and block PCA", tokenizer.run_baselines, measures)
    tokenizer.add_baselines_arguments(sub)

    sub = add("judge", "how well the judge reads scenes it never saw", judge.run_judge, measures)
    judge.add_judge_arguments(sub)
    sub = add("alignment", "the judge on generated clips", judge.run_alignment, measures)
    judge.add_alignment_arguments(sub)
    sub = add("reading", "what the generator knows of captions", judge.run_reading, measures)
    judge.add_reading_arguments(sub)

    sub = add("bits", "what quantization costs the generator", bits.run, measures)
    bits.add_arguments(sub)

    sub = add("sheet", "a contact sheet of 24 generated clips", sheet.run, measures)
    sheet.add_arguments(sub)
    sub = add("rate", "bits against quality, codecs beside the levels", rate.run_rate, measures)
    rate.add_rate_arguments(sub)
    sub = add("draw", "draw what `evaluate rate` wrote", rate.run_draw, measures)
    rate.add_draw_arguments(sub)
    sub = add("compare", "two reports of `evaluate rate`", rate.run_compare, measures)
    rate.add_compare_arguments(sub)
    sub = add(
        "moving", "error where things move, and what codecs would do", rate.run_moving, measures
    )
    rate.add_moving_arguments(sub)

    sub = add("benchmark", "measure speed on this machine", tokenizer.run_benchmark)
    tokenizer.add_benchmark_arguments(sub)
    sub = add("benchmark-generator", "measure how fast clips are written", generate.run_benchmark)
    generate.add_benchmark_arguments(sub)
    sub = add("benchmark-app", "measure how long the app takes to open", opening.run)
    opening.add_arguments(sub)
    return parser


def _train(args: argparse.Namespace) -> None:
    from hitvideo.training.tokenizer import run

    run(args)


def _train_text(args: argparse.Namespace) -> None:
    from hitvideo.training.generator import run

    run(args)
