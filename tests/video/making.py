"""Video files of every kind, made on the spot with PyAV."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

STEP = 8  # frame i of a test video is grey of value STEP * i, so a frame tells its own number


def grey(index: int, height: int = 48, width: int = 64) -> np.ndarray:
    return np.full((height, width, 3), STEP * index % 256, np.uint8)


def numbers(frames: np.ndarray) -> list[int]:
    return [round(float(frame.mean()) / STEP) for frame in frames]


def make(
    path: Path,
    frames: list[np.ndarray],
    codec: str = "libx264",
    pixels: str = "yuv420p",
    rate: Fraction | int = 30,
    stamps: list[int] | None = None,  # milliseconds; None: constant `rate`
    rotation: int = 0,
    container: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
    sound: bool = False,
) -> Path:
    with av.open(str(path), "w", options=container or {}) as file:
        stream = file.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        if rotation:
            stream.set_display_rotation(rotation)
        if stamps:
            stream.codec_context.time_base = Fraction(1, 1000)
        if sound:
            add_silence(file)
        for index, array in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(array, format="rgb24")
            if stamps:
                frame.pts, frame.time_base = stamps[index], Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def add_silence(file: av.container.OutputContainer) -> None:
    file.mux(silence(file))


def silence(file: av.container.OutputContainer) -> list[av.Packet]:
    """A tenth of a second of it, to mux when all streams are ready."""
    codec = "libopus" if file.format.name == "webm" else "aac"
    stream = file.add_stream(codec, rate=48000)
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.float32), "flt", "mono")
    frame.sample_rate = 48000
    resampled = av.AudioResampler(stream.format, stream.layout, 48000, 960).resample(frame)
    return [packet for part in resampled for packet in stream.encode(part)] + stream.encode()


FORMATS = {
    "mp4": ("libx264", "yuv420p"),
    "mov": ("libx264", "yuv420p"),
    "mkv": ("libx264", "yuv420p"),
    "webm": ("libvpx-vp9", "yuv420p"),
    "avi": ("mjpeg", "yuvj420p"),
    "ts": ("libx264", "yuv420p"),
    "gif": ("gif", "gray"),
    "h264": ("libx264", "yuv420p"),  # no timestamps, no duration, no seeking
}
