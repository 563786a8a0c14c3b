"""What whoever hosts the app for others decides, and what of it cannot work."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from hitvideo.errors import HiTVideoError
from hitvideo.files import read_text

RECONSTRUCT_SECONDS = 20.0
RATE_SECONDS = 8.0  # three codecs take minutes for as much
UPLOAD_MB = 500
AT_ONCE = 2


@dataclass(frozen=True)
class Hosting:
    """max_seconds: of a clip. max_upload_mb: of a file. concurrency: heavy runs at once, of all
    people and tabs; the others wait in one line. root_path: where a reverse proxy shows the app.
    auth: who may come in, names and passwords; empty is everybody.

    Raises HiTVideoError for what cannot work.
    """

    max_seconds: float = RECONSTRUCT_SECONDS
    max_upload_mb: int = UPLOAD_MB
    concurrency: int = AT_ONCE
    root_path: str = ""
    auth: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.max_seconds <= 3600:
            raise HiTVideoError("--max-seconds must be between 1 and 3600.")
        if self.max_upload_mb < 1 or self.concurrency < 1:
            raise HiTVideoError("--max-upload-mb and --concurrency must be at least 1.")

    def launch_options(self) -> dict[str, Any]:
        """As `gr.Blocks.launch` takes them; what is empty is left to Gradio's own variables."""
        options: dict[str, Any] = {"max_file_size": f"{self.max_upload_mb}mb"}
        if self.root_path:
            options["root_path"] = self.root_path
        if self.auth:
            options["auth"] = [*self.auth]
        return options


def add_hosting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-seconds",
        type=float,
        default=RECONSTRUCT_SECONDS,
        help=f"longest clip that is taken ({RECONSTRUCT_SECONDS:g}); under Rate vs quality at most "
        f"{RATE_SECONDS:g}",
    )
    parser.add_argument(
        "--max-upload-mb", type=int, default=UPLOAD_MB, help=f"largest file ({UPLOAD_MB})"
    )
    parser.add_argument(
        "--concurrency", type=int, default=AT_ONCE, help=f"heavy runs at once ({AT_ONCE})"
    )
    parser.add_argument("--root-path", default="", help="path under which a reverse proxy shows it")
    parser.add_argument(
        "--auth", metavar="FILE", help="who may come in: a file with a line NAME:PASSWORD for each"
    )


def hosting_of(args: argparse.Namespace) -> Hosting:
    """The settings of a parsed command line; raises HiTVideoError for what cannot work."""
    given = {one.name: getattr(args, one.name) for one in fields(Hosting)}
    return Hosting(**{**given, "auth": read_auth(args.auth)})


def read_auth(path: str | None) -> tuple[tuple[str, str], ...]:
    """Names and passwords of a file; the message of an error never shows a password."""
    if path is None:
        return ()
    pairs = []
    for number, line in enumerate(read_text(Path(path)).splitlines(), start=1):
        if not line.strip():
            continue
        name, colon, password = line.partition(":")
        if not (colon and name.strip() and password):
            raise HiTVideoError(f"Line {number} of {path} should be NAME:PASSWORD.")
        pairs.append((name.strip(), password))
    if not pairs:  # an empty file must never let everybody in
        raise HiTVideoError(f"{path} names nobody who may come in.")
    return tuple(pairs)
