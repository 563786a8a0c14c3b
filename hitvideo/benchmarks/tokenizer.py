"""How fast a clip of 8 seconds is encoded and decoded on this machine.

Medians over repeated runs, with the machine and its threads named. Knows nothing of quality.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import torch

from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.clips import FPS, FRAMES, PROTOCOL, SIDE
from hitvideo.frames import frames_to_video
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.tokenizer import fingerprint
from hitvideo.toon import toon_clip

Result = TypeVar("Result")


def benchmark(pipeline: HiTVideoPipeline, repeats: int = 5) -> dict[str, Any]:
    """Seconds to encode and to decode at every depth, and the ratio to real time at full depth.

    The clip is 64 frames of 128x128, 8 seconds at 8 fps. One run goes ahead unmeasured.
    """
    if repeats < 1:
        raise HiTVideoError("The benchmark needs at least one repetition.")
    tokenizer = pipeline.tokenizer
    frames = toon_clip(0, frames=FRAMES, height=SIDE, width=SIDE).frames.numpy()
    video = frames_to_video(frames).to(pipeline.device)
    codes, encode = _timed(lambda: tokenizer.encode(video), repeats, pipeline.device)
    decode = [
        _timed(lambda d=depth: tokenizer.decode(codes, d), repeats, pipeline.device)[1]  # type: ignore[misc]
        for depth in range(1, tokenizer.config.depth + 1)
    ]
    seconds = FRAMES / FPS
    return {
        "clip": {**PROTOCOL, "seconds": seconds},
        "machine": {
            "processor": processor(),
            "device": device_name(pipeline.device),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        },
        "tokenizer": fingerprint(tokenizer),
        "parameters": sum(p.numel() for p in tokenizer.parameters()),
        "repeats": repeats,
        "encode_seconds": median(encode),
        "decode_seconds_by_depth": [median(times) for times in decode],
        "times_real_time": seconds / (median(encode) + median(decode[-1])),
        "all_encode_seconds": encode,
        "all_decode_seconds_full_depth": decode[-1],
    }


def _timed(
    work: Callable[[], Result], repeats: int, device: torch.device
) -> tuple[Result, list[float]]:
    result = work()
    times = []
    for _ in range(repeats):
        _finish(device)
        start = time.perf_counter()
        result = work()
        _finish(device)
        times.append(time.perf_counter() - start)
    return result, times


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def processor() -> str:
    """The processor's name as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
