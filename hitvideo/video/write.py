"""Frames to an MP4 that every browser plays: H.264, yuv420p, header before the data, no sound.

moviepy runs the ffmpeg; it is imported on the first write, so that reading (all that training
does) works without it. Knows nothing of how frames come about.
"""

import os
import signal
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from subprocess import Popen
from typing import IO

import numpy as np

from hitvideo.errors import HiTVideoError
from hitvideo.files import is_full, whole_file
from hitvideo.rates import exact_rate
from hitvideo.video.container import PathLike

QUALITY = "17"  # x264's CRF: no loss that can be seen
KEYFRAME_SECONDS = 2  # a player that seeks lands at most this far off


def write_video(
    path: PathLike,
    frames: Iterable[np.ndarray] | np.ndarray,
    fps: float,
    metadata: Mapping[str, str] | None = None,
    inputs: Iterable[PathLike] = (),
) -> None:
    """Write `frames`, uint8 RGB (H, W, 3) each and all of one size, to the MP4 file `path`.

    Takes frames one by one and holds none back. Odd sizes gain one row or column, a copy of the
    last. `fps` is in frames per second; `metadata` holds text for what MP4 names, such as "title"
    and "comment". An existing file is replaced, but only by a complete one: on any error, the
    caller's own included, `path` stays as it was and nothing is left beside it. `inputs` are files
    that the frames are made from, which are never replaced.

    Raises HiTVideoError for no frames, frames of another shape or type, a frame rate out of range,
    a name that does not end in .mp4, and a folder or disk that cannot be written.
    """
    rate = exact_rate(fps)
    name = os.path.basename(os.fspath(path))
    tags = _check_metadata(metadata or {})
    _check_target(os.fspath(path), name)
    shown = _even(_checked(frames))
    with whole_file(path, inputs) as part:
        first = next(shown, None)
        if first is None:
            raise HiTVideoError("There are no frames to write.")
        _encode(str(part), name, chain([first], shown), first.shape[1::-1], rate, tags)
        if not part.stat().st_size:
            raise HiTVideoError(f"{name} cannot be written: the encoder wrote nothing.")


def _encode(
    path: str,
    name: str,
    frames: Iterable[np.ndarray],
    size: tuple[int, ...],
    rate: Fraction,
    tags: list[str],
) -> None:
    with _no_encoder():
        from moviepy.video.io.ffmpeg_writer import FFMPEG_VideoWriter

    step = f"{rate.denominator}/{rate.numerator}"
    # The log is a file, since moviepy does not read a pipe and a full one would stop ffmpeg.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        parameters = [
            "-hide_banner", "-nostats", "-loglevel", "error",
            # moviepy rounds the rate to two digits, so frames are timed here, exactly.
            "-vf", f"settb={step},setpts=N,scale=out_color_matrix=bt709:out_range=tv"
            ":flags=accurate_rnd+full_chroma_int,format=yuv420p"
            # Colours of which anything is unstated are guessed by the height of the picture.
            ",setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709",
            "-fps_mode", "passthrough", "-enc_time_base", step,
            "-crf", QUALITY, "-g", str(max(1, round(rate * KEYFRAME_SECONDS))),
            "-movflags", "+faststart", *tags,
        ]  # fmt: skip
        with _no_encoder():
            writer = FFMPEG_VideoWriter(
                path, size, float(rate), preset="veryfast", logfile=log, ffmpeg_params=parameters
            )
        process = writer.proc
        try:
            for frame in frames:
                with _told_by(log, name, path, process):
                    writer.write_frame(frame)
            with _told_by(log, name, path, process):
                writer.close()
                if process.returncode:
                    raise OSError(process.returncode)
        finally:
            if writer.proc is not None:  # not closed: something went wrong above
                process.kill()
                with suppress(OSError):  # what still waits in the pipe is lost
                    writer.close()
                process.wait()


@contextmanager
def _no_encoder() -> Iterator[None]:
    """moviepy looks for its ffmpeg when it is imported, and starts it with the first frame."""
    try:
        yield
    except (OSError, ImportError) as error:
        told = os.environ.get("FFMPEG_BINARY") or os.environ.get("IMAGEIO_FFMPEG_EXE")
        which = f": {told}, which the environment names, is none" if told else ""
        raise HiTVideoError(f"No ffmpeg to write videos with can be started{which}.") from error


@contextmanager
def _told_by(log: IO[str], name: str, path: str, process: "Popen[bytes]") -> Iterator[None]:
    """Errors of the encoder in its own last words; those of the frames' maker pass unchanged."""
    try:
        yield
    except OSError as error:
        log.seek(0)
        words = log.read().strip().splitlines()
        reason = words[-1].rstrip(".") if words else _why(process)
        if is_full(Path(path).parent):
            reason = "the disk is full"
        raise HiTVideoError(f"{name} cannot be written: {reason}.") from error


def _why(process: "Popen[bytes]") -> str:
    """Of an encoder that ended without a word, whose log may have found no room either."""
    if is_full(Path(tempfile.gettempdir())):
        return "the disk for temporary files is full"
    code = process.wait()
    if code < 0:
        return f"the encoder was ended by a signal ({signal.strsignal(-code) or -code})"
    return f"the encoder ended with code {code} and no word why"


def _check_target(path: str, name: str) -> None:
    folder = os.path.dirname(os.path.abspath(path))
    if not name.lower().endswith(".mp4"):
        raise HiTVideoError(f"A video is written as MP4, so {path or 'its name'} must end in .mp4.")
    if not os.path.isdir(folder):
        raise HiTVideoError(f"There is no folder {folder} to write {name} in.")


def _check_metadata(metadata: Mapping[str, str]) -> list[str]:
    for name, text in metadata.items():
        if not name.isidentifier() or "\0" in text:
            raise HiTVideoError(f"The metadata {name!r} cannot be stored in a video.")
    return [part for name, text in metadata.items() for part in ("-metadata", f"{name}={text}")]


def _checked(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    shape: tuple[int, ...] | None = None
    for frame in frames:
        shape = shape or frame.shape
        if frame.dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or 0 in shape:
            raise HiTVideoError(
                "Frames must be uint8 RGB of shape (height, width, 3), "
                f"not {frame.dtype} of shape {frame.shape}."
            )
        if frame.shape != shape:
            raise HiTVideoError(
                f"All frames must have one size, but {frame.shape} follows {shape}."
            )
        yield frame


def _even(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Frames with even sides: 4:2:0 video stores one colour for two by two pixels."""
    for frame in frames:
        height, width, _ = frame.shape
        odd = ((0, height % 2), (0, width % 2), (0, 0))
        yield np.pad(frame, odd, mode="edge") if height % 2 or width % 2 else frame
