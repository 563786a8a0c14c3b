"""Peak memory of encoding does not grow with the length."""

import subprocess
import sys

SCRIPT = """
import resource, sys, torch
from pathlib import Path
from hitvideo.tokenizer import HiTVideoTokenizer, StreamEncoder
torch.set_num_threads(1)
model = HiTVideoTokenizer.from_pretrained(sys.argv[1])
encoder = StreamEncoder(model)
torch.manual_seed(0)
count = 0
for _ in range(int(sys.argv[2])):
    count += sum(len(codes) for codes in encoder.push(torch.rand(1, 3, 8, 128, 128) * 2 - 1))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(weights: str, seconds: int) -> int:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, weights, str(seconds)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(run.stdout)


def test_a_minute_takes_no_more_memory_than_eight_seconds() -> None:
    from conftest import WEIGHTS

    short, long = peak(str(WEIGHTS / "tokenizer"), 8), peak(str(WEIGHTS / "tokenizer"), 60)
    assert long < short * 1.15
