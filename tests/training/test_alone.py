"""Training needs neither the app nor the codecs: a machine with torch and friends will do."""

import subprocess
import sys
from pathlib import Path

import pytest

from hitvideo.tokenizer import HiTVideoTokenizer

WITHOUT = """
import sys

for name in ("av", "bitsandbytes", "constriction", "gradio", "imageio_ffmpeg", "moviepy"):
    sys.modules[name] = None  # as if it were not installed

from hitvideo.cli import main
from hitvideo.training import generator, tokenizer

generator.HELD_OUT_TOON = range(900_000_000, 900_000_002)
tokenizer.STRETCHES = 1
small = ["--toon", "2", "--steps", "1", "--batch", "1", "--frames", "16"]
folder = sys.argv[1]
video = ["--init", folder + "/tokenizer", "--size", "64"]
assert main(["train-tokenizer", "--out", folder + "/a", *small, *video]) == 0
text = ["--weights", folder, "--size", "32"]
assert main(["train-generator", "--out", folder + "/b", *small, *text]) == 0
"""


@pytest.mark.slow
def test_both_trainings_run_with_torch_and_friends_alone(
    tmp_path: Path, tiny: HiTVideoTokenizer
) -> None:
    tiny.save_pretrained(tmp_path / "tokenizer")
    command = [sys.executable, "-c", WITHOUT, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    assert (tmp_path / "b" / "generator" / "model.safetensors").is_file()
