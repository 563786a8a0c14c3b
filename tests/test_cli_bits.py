"""`evaluate bits` as a user runs it."""

import json
import math
from pathlib import Path

import pytest
from tiny_generator import save_tiny_weights

from hitvideo.cli import main
from hitvideo.generator.storage import stored_fingerprint
from hitvideo.tokenizer import HiTVideoTokenizer


def test_full_precision_is_what_the_others_are_compared_with(
    tmp_path: Path, tiny: HiTVideoTokenizer, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = save_tiny_weights(tmp_path / "weights", tiny)
    out = tmp_path / "bits.json"
    assert main(["evaluate", "bits", str(out), "--clips", "2", "--weights", str(weights)]) == 0
    report = json.loads(out.read_text())
    assert list(report["bits"]) == ["none", "int8", "nf4"]
    assert report["generator"] == stored_fingerprint(weights)
    full, int8, nf4 = report["bits"].values()
    assert all(0 < bits < 20 for bits in full) and len(full) == 1 + 3  # the mean, three levels
    assert report["more"]["none"] == 0
    assert report["more"]["nf4"] == pytest.approx(nf4[0] / full[0] - 1)
    # Four bits round more coarsely than eight, and neither is exact.
    assert full != int8 != nf4
    assert math.dist(full, int8) < math.dist(full, nf4)
    assert "nf4: " in capsys.readouterr().out


@pytest.mark.parametrize("clips", ["0", "129"])
def test_as_many_clips_as_are_held_out(
    tmp_path: Path, clips: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "bits", str(tmp_path / "bits.json"), "--clips", clips]) == 2
    assert "1 to 128" in capsys.readouterr().err and not list(tmp_path.iterdir())
