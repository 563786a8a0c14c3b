"""`train-eye`: fits the independent eye's probe, which only ever measures."""

from __future__ import annotations

import argparse
from pathlib import Path

from hitvideo.commands.common import Commands, add_command
from hitvideo.errors import HiTVideoError
from hitvideo.files import folder_output, to_json


def register(commands: Commands) -> None:
    parser = add_command(commands, "train-eye", "fit the independent eye on renders of Toon", run)
    parser.add_argument("--out", required=True, metavar="FOLDER", help="for the probe")
    parser.add_argument("--frames", type=int, default=5400, help="to fit it on (5400)")


def run(args: argparse.Namespace) -> None:
    from hitvideo.evaluation.look.fit import fit_eye

    if args.frames < 100:
        raise HiTVideoError("The eye needs at least 100 frames.")
    with folder_output(Path(args.out)) as folder:
        probe, report = fit_eye(args.frames)
        probe.save(folder)
        (folder / "report.json").write_text(to_json(report) + "\n")
    print(to_json(report))
