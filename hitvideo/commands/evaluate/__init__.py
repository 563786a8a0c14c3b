"""`evaluate WHAT`: one file for each; every figure is written as JSON."""

from hitvideo.commands.common import Commands
from hitvideo.commands.evaluate import (
    ablation,
    alignment,
    baselines,
    bits,
    compare,
    draw,
    judge,
    levels,
    look,
    moving,
    rate,
    reading,
    sheet,
    tokenizer,
)

MEASURES = (
    tokenizer,
    baselines,
    judge,
    alignment,
    look,
    reading,
    bits,
    ablation,
    sheet,
    levels,
    rate,
    draw,
    compare,
    moving,
)


def register(commands: Commands) -> None:
    parser = commands.add_parser("evaluate", help="measure, and write the figures as JSON")
    measures = parser.add_subparsers(title="what to evaluate", required=True, metavar="WHAT")
    for measure in MEASURES:
        measure.register(measures)
