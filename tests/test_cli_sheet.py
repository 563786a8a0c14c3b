"""The contact sheet shows every clip where it belongs, and refuses what is no picture."""

from pathlib import Path

import numpy as np
import pytest

from hitvideo.cli import main
from hitvideo.commands.sheet import COLUMNS, GAP, contact_sheet


def test_every_clip_has_its_place() -> None:
    clips = [np.full((8, 32, 32, 3), 10 * k + 5, np.uint8) for k in range(COLUMNS + 1)]
    sheet = np.asarray(contact_sheet(clips, ["a word " * 40] * len(clips)))
    height = (sheet.shape[0] - GAP) // 2
    assert (sheet[GAP, GAP] == 5).all()
    assert (sheet[GAP + height, GAP] == 10 * COLUMNS + 5).all()
    assert (sheet[GAP : GAP + 128, GAP : GAP + 3 * 128] == 5).all()  # small frames are enlarged
    assert (sheet[GAP + 130 : GAP + height - GAP] < 128).any()  # the caption is written


def test_only_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "sheet", str(tmp_path / "sheet.txt")]) == 2
    assert ".png" in capsys.readouterr().err and not list(tmp_path.iterdir())
