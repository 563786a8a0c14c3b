"""Where the shipped weights are, and what to say where they are not."""

from __future__ import annotations

from pathlib import Path

from hitvideo.errors import HiTVideoError

DEFAULT_WEIGHTS = Path(__file__).resolve().parents[2] / "weights" / "hitvideo-mini"


def find_weights(folder: str | Path | None) -> Path:
    """The folder of a model; None is the shipped one.

    Raises HiTVideoError where that is not there, as in an installed package, which does not hold
    its 50 MB.
    """
    if folder == "":  # as a variable that is not set gives
        raise HiTVideoError("--weights is empty; give a folder, or leave it out.")
    if folder is not None and Path(folder) != DEFAULT_WEIGHTS:
        return Path(folder)
    if not DEFAULT_WEIGHTS.is_dir():
        raise HiTVideoError(
            "The shipped weights are not part of the installed package; pass the folder "
            "weights/hitvideo-mini of a copy of the repository (--weights FOLDER on the command "
            "line, from_pretrained(FOLDER) in Python)."
        )
    return DEFAULT_WEIGHTS
