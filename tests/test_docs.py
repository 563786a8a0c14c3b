"""README, docs and cards: their links, commands, Python and figures hold."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from hitvideo.cli import _parser

ROOT = Path(__file__).parent.parent
PAGES = sorted(p for p in ROOT.rglob("*.md") if not p.parts[len(ROOT.parts)].startswith("."))
README = (ROOT / "README.md").read_text()
ATTRIBUTES = ("subject", "colour", "motion", "backdrop", "mean")


def report(name: str) -> dict[str, Any]:
    return dict(json.loads((ROOT / "assets" / "results" / f"{name}.json").read_text()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    local = [target for target in targets if not target.startswith("http")]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_have_the_flags_that_they_are_shown_with(page: Path) -> None:
    text = page.read_text().replace("\\\n", " ")
    for line in re.findall(r"python -m hitvideo ([^`\n#]+)", text):
        words = shlex.split(line)
        if len(words) > 1:
            assert _parser().parse_args(words).command


def test_the_python_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["clip"].shape == names["video"].shape == (1, 3, 64, 128, 128)


def test_the_table_of_depths_is_as_measured() -> None:
    real, toon = report("tokenizer-clips")["levels"], report("tokenizer-toon")["levels"]
    rows = re.findall(r"^\| (\d) \| [\d,]+ \| (.*) \|$", README, re.M)
    assert len(rows) == len(real) == 5
    for (depth, rest), ours, toons in zip(rows, real, toon, strict=True):
        assert int(depth) == ours["level"]
        expected = []
        for level in (ours, toons):
            expected.append(f"{level['bpp']:.4f}")
            codec = level["x264"]["psnr"]
            all_of_them = codec is not None and level["x264"]["clips_coded_this_small"]
            expected += [f"{level['psnr']:.1f}", f"{codec:.1f}" if all_of_them else "cannot"]
        assert rest.split(" | ") == expected


def test_what_the_independent_eye_reads_is_as_measured() -> None:
    look = report("look")["generated"]
    said = " ".join(README.split())
    for kind, words in (("vivid", "of the painted clips"), ("faithful", "of what the tokens")):
        one = look[kind]["all"]
        low, high = (round(100 * end) for end in one["subject_interval_95"])
        assert f"{100 * one['subject']:.0f} % ({low} to {high}) {words}" in said
    colours = [round(100 * look[k]["all"]["colour"]) for k in ("vivid", "faithful", "frames")]
    assert "Colours: {}, {} and {} %.".format(*colours) in said
    shares = [round(100 * look["vivid"][k]["subject"]) for k in ("withheld", "trained")]
    assert "withheld from training: {} %; trained: {} %.".format(*shares) in said


def test_the_generators_card_is_as_measured() -> None:
    card = (ROOT / "weights" / "hitvideo-mini" / "generator" / "README.md").read_text()
    for run in report("alignment")["generated"]:
        for group in ("trained", "withheld"):
            shares = " | ".join(f"{100 * run[group][name]:.0f}" for name in ATTRIBUTES)
            low, high = (f"{100 * end:.0f}" for end in run[group]["mean_interval_95"])
            row = f"| {shares} ({low} to {high}) |"
            assert row in card or run["mode"] == "row", (run["mode"], group)
