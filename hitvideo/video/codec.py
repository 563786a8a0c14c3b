"""FFmpeg's encoders and decoders on planes in memory, without any file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.codec import CodecContext
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from hitvideo.errors import HiTVideoError

# SVT-AV1 tells its settings on stderr at every start, and listens to nothing else.
os.environ.setdefault("SVT_LOG", "1")


def library(encoder: str) -> str:
    """What encodes, with its version, for the record beside figures."""
    return f"{encoder} in PyAV {av.__version__}"


def encode_planes(
    planes: np.ndarray, encoder: str, options: Mapping[str, str], fps: float, name: str
) -> list[bytes]:
    """Packets of 4:2:0 planes, uint8 ``(T, H * 3 / 2, W)``, all one group of pictures at most.

    encoder: FFmpeg's name of it. options: FFmpeg's. name: what people call it, for an error.
    Raises HiTVideoError for what it cannot encode.
    """
    context = cast(VideoCodecContext, CodecContext.create(encoder, "w"))
    context.height, context.width = planes.shape[1] * 2 // 3, planes.shape[2]
    context.pix_fmt = "yuv420p"
    context.framerate, context.time_base = Fraction(fps), 1 / Fraction(fps)
    context.gop_size = len(planes)
    context.thread_count = 1  # threads cost quality
    context.options = dict(options)
    packets = []
    try:
        for index, plane in enumerate(planes):
            frame = VideoFrame.from_ndarray(plane, format="yuv420p")
            frame.pts = index
            packets += context.encode(frame)
        packets += context.encode(None)
    except FFmpegError as error:
        raise HiTVideoError(f"{name} cannot encode this clip: {error}.") from error
    return [bytes(packet) for packet in packets]


def decode_packets(packets: Iterable[bytes], decoder: str) -> np.ndarray:
    """Planes, uint8 ``(T, H * 3 / 2, W)``. decoder: FFmpeg's name of it."""
    context = cast(VideoCodecContext, CodecContext.create(decoder, "r"))
    frames = [frame for packet in packets for frame in context.decode(av.Packet(packet))]
    return np.stack([frame.to_ndarray() for frame in frames + context.decode(None)])
