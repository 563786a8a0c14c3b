"""VMAF of a clip in memory, by the libvmaf inside the ffmpeg that imageio-ffmpeg carries.

Model vmaf_v0.6.1 on luma, the mean over frames. The model was made for 1080p on a television: on
small frames its scores rank, but say nothing of an absolute impression. Knows nothing of codecs.
"""

from __future__ import annotations

import functools
import json
import subprocess
from pathlib import Path

import numpy as np

from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.colour import to_yuv420
from hitvideo.temporary import scratch_folder

MIN_SIDE = 32  # pixels; libvmaf crashes on frames of 16
FFMPEG = ("-hide_banner", "-loglevel", "error", "-nostdin", "-threads", "1")


def vmaf(reference: np.ndarray, frames: np.ndarray) -> float:
    """VMAF, 0 to 100, of a whole clip, uint8 ``(T, H, W, 3)``; smaller sides than 32 are extended.

    Raises HiTVideoError where the ffmpeg at hand cannot measure it.
    """
    if reference.shape != frames.shape:
        raise HiTVideoError("Only clips of one shape can be compared.")
    with scratch_folder() as folder:
        for name, clip in (("reference", reference), ("frames", frames)):
            padded = _pad(clip)
            (folder / name).write_bytes(to_yuv420(padded).tobytes())
        size = f"{padded.shape[2]}x{padded.shape[1]}"
        raw = ("-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", size)
        measure = "libvmaf=log_fmt=json:log_path=log:n_threads=1"
        # Names inside the folder only: a path of Windows would have to be escaped for the filter.
        inputs = (*raw, "-i", "frames", *raw, "-i", "reference")
        done = _run((*FFMPEG, *inputs, "-lavfi", measure, "-f", "null", "-"), folder)
        try:
            log = json.loads((folder / "log").read_text())
            return float(log["pooled_metrics"]["vmaf"]["mean"])
        except (OSError, ValueError, KeyError) as error:
            reason = (done.stderr.strip().splitlines() or ["it left no log"])[-1]
            raise HiTVideoError(f"VMAF could not be measured: {reason}.") from error


@functools.cache
def available() -> bool:
    """Whether there is an ffmpeg here that knows VMAF."""
    try:
        return " libvmaf " in _run((*FFMPEG, "-filters"), None).stdout
    except HiTVideoError:
        return False


def _run(arguments: tuple[str, ...], folder: Path | None) -> subprocess.CompletedProcess[str]:
    try:
        import imageio_ffmpeg

        program = imageio_ffmpeg.get_ffmpeg_exe()
        return subprocess.run(
            [program, *arguments], cwd=folder, capture_output=True, text=True, errors="replace"
        )
    except (ImportError, RuntimeError, OSError) as error:
        raise HiTVideoError("VMAF needs the ffmpeg of the package imageio-ffmpeg.") from error


def _pad(frames: np.ndarray) -> np.ndarray:
    """Even sides of at least 32, extended by the edges."""
    more = [max(size % 2, MIN_SIDE - size) for size in frames.shape[1:3]]
    return np.pad(frames, ((0, 0), (0, more[0]), (0, more[1]), (0, 0)), mode="edge")
