"""Peak memory of encoding does not grow with the length."""

import subprocess
import sys

from conftest import WEIGHTS

SCRIPT = """
import resource, sys, torch
from pathlib import Path
from hitvideo.tokenizer import HiTVideoTokenizer, StreamEncoder
torch.set_num_threads(1)
model = HiTVideoTokenizer.from_pretrained(sys.argv[1])
encoder = StreamEncoder(model)
torch.manual_seed(0)
for seconds in range(1, 61):
    encoder.push(torch.rand(1, 3, 8, 128, 128) * 2 - 1)
    if seconds in (8, 60):
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_a_minute_takes_no_more_memory_than_eight_seconds() -> None:
    command = [sys.executable, "-c", SCRIPT, str(WEIGHTS / "tokenizer")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    short, long = map(int, run.stdout.split())
    assert long < short * 1.15
