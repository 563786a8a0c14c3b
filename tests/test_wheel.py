"""The package as pip installs it: without the repository around it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = """
from pathlib import Path

import hitvideo
from hitvideo.errors import HiTVideoError
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.ui.theme import static

assert "site" in Path(hitvideo.__file__).parts and static("page.css")
try:
    HiTVideoPipeline.from_pretrained()
except HiTVideoError as error:
    print(error)
"""
MISSING = "The shipped weights are not part of the installed package; pass the folder"


@pytest.mark.slow
def test_an_installed_package_says_what_to_pass_and_works_with_it(tmp_path: Path) -> None:
    source, site, empty = tmp_path / "source", tmp_path / "site", tmp_path / "empty"
    shutil.copytree(
        ROOT / "hitvideo", source / "hitvideo", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    empty.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(site), "PIP_NO_INDEX": "1"}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command], capture_output=True, text=True, cwd=empty, env=environment
        )

    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path)]
    built = run("-m", "pip", "wheel", *options, str(source))
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    installed = run("-m", "pip", "install", "--no-deps", "--target", str(site), str(wheel))
    assert installed.returncode == 0, installed.stderr

    python = run("-c", SCRIPT)
    assert python.returncode == 0 and python.stdout.startswith(MISSING), python.stderr
    assert run("-m", "hitvideo", "toon", "--seed", "7", "clip.mp4").returncode == 0
    without = run("-m", "hitvideo", "encode", "clip.mp4", "clip.hitv")
    assert without.returncode == 2 and without.stderr.startswith(f"hitvideo: {MISSING}")
    assert without.stderr.count("\n") == 1 and not (empty / "clip.hitv").exists()
    weights = ["--weights", str(ROOT / "weights" / "hitvideo-mini")]
    assert run("-m", "hitvideo", "encode", "clip.mp4", "clip.hitv", *weights).returncode == 0
    assert (empty / "clip.hitv").stat().st_size > 0
    app = run("-m", "hitvideo", "benchmark-app", *weights)
    assert app.returncode == 2 and "app.py" in app.stderr and app.stderr.count("\n") == 1
