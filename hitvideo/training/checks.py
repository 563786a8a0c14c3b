"""What no run can work with, whatever it trains. Knows nothing of models."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hitvideo.errors import HiTVideoError
from hitvideo.temporary import sweep
from hitvideo.toon.seeds import TRAINING
from hitvideo.training.settings import RunSettings

LAST_SEED = (1 << 32) - 1


def check_run(config: RunSettings) -> None:
    """Raises HiTVideoError, in one sentence, for the first setting that cannot work."""
    check_finite(config)
    if config.steps <= 0 and config.minutes <= 0:
        raise HiTVideoError("A run needs a budget: --steps or --minutes.")
    if min(config.steps, config.minutes, config.toon, config.warmup) < 0:
        raise HiTVideoError("--steps, --minutes, --toon and --warmup must not be below zero.")
    if config.toon > len(TRAINING):
        most = f"{len(TRAINING):,}"
        raise HiTVideoError(f"--toon must be at most {most}: later scenes are for measuring.")
    if config.batch < 1 or not config.lr > 0:
        raise HiTVideoError("--batch and --lr must be above zero.")
    if min(config.validate_every, config.checkpoint_every) < 1:
        raise HiTVideoError("--validate-every and --checkpoint-every must be at least 1.")
    if not 0 <= config.ema < 1:
        raise HiTVideoError("--ema must be at least 0 and below 1.")
    if not 0 <= config.seed <= LAST_SEED:
        raise HiTVideoError(f"--seed must be 0 to {LAST_SEED}.")


def check_finite(config: Any) -> None:
    """Raises HiTVideoError for a setting that is nan or infinite: such a budget would never end."""
    for name, value in vars(config).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise HiTVideoError(f"--{name.replace('_', '-')} must be a number, not {value}.")


def check_folders(out: str, init: str, written: Sequence[str], clips: Sequence[str]) -> None:
    """Raises HiTVideoError where a run would write over what it starts from, or a name is empty.

    init: the folder to start from, "" for none. written: folders that the run writes into ``out``.
    """
    if not all(clips):
        raise HiTVideoError("--clips needs the name of a folder.")
    for name in (".", *written):
        for source in (Path(init), *map(Path(init).joinpath, written)):
            with suppress(OSError):
                if init and (Path(out) / name).samefile(source):
                    raise HiTVideoError(
                        f"The run in {out} would replace what it starts from; choose another --out."
                    )


@contextmanager
def run_folder(name: str) -> Iterator[Path]:
    """The folder of a run, made if need be, without what a killed run has left half-written.

    If the block ends with an error and nothing has come into a folder that was made, it goes again.
    Raises HiTVideoError where there can be none.
    """
    if not name:
        raise HiTVideoError("--out needs the name of a folder.")
    out = Path(name)
    new = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HiTVideoError(f"The run's folder {out} cannot be made: {error.strerror}.") from error
    if not os.access(out, os.W_OK):
        raise HiTVideoError(f"The run's folder {out} cannot be written to.")
    sweep(out)
    try:
        yield out
    except BaseException:
        if new:
            _prune(out)
        for folder in new[1:]:
            with suppress(OSError):
                folder.rmdir()
        raise


def _prune(folder: Path) -> None:
    """Removes a folder, and those in it, as far as they are empty."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            _prune(path)
    with suppress(OSError):
        folder.rmdir()


def check_shares(**shares: float) -> None:
    """Raises HiTVideoError unless all are between 0 and 1; names as in the settings."""
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise HiTVideoError(f"--{name.replace('_', '-')} must be between 0 and 1.")
