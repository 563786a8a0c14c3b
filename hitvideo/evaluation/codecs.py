"""What a video codec makes of the same clip at the same bytes.

x264 in its slowest preset, tuned for PSNR, 4:2:0, at full and at half resolution. Only payload
counts: what a container stores in its own header, and the encoder's text about itself, are left
out. Knows nothing of tokens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import numpy as np
import torch
import torch.nn.functional as F
from av.codec import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from hitvideo.evaluation.clips import FPS
from hitvideo.evaluation.colour import to_rgb, to_yuv420
from hitvideo.evaluation.metrics import psnr

MAX_CRF = 51
CRF_STEP = 3
HEADER_UNITS = {6, 7, 8}  # SEI (the encoder's text), sequence and picture parameters


@dataclass(frozen=True)
class Point:
    """One encode: payload bytes, and PSNR in dB against the original 8-bit frames."""

    bytes: int
    psnr: float
    crf: int
    scale: int  # 1: full resolution, 2: half


def x264_points(frames: np.ndarray, max_bytes: float) -> list[Point]:
    """Encodes from the coarsest quality up until ``max_bytes`` are exceeded, at both resolutions.

    frames: uint8 RGB ``(T, H, W, 3)``, sides multiples of 4.
    """
    points = []
    for scale in (1, 2):
        small = resize(frames, 1 / scale)
        for crf in range(MAX_CRF, -1, -CRF_STEP):
            size, decoded = x264(small, crf)
            shown = resize(decoded, scale)
            points.append(Point(size, psnr(frames, shown), crf, scale))
            if size > max_bytes:
                break
    return points


def quality_at(points: Sequence[Point], size: float) -> float | None:
    """PSNR in dB at ``size`` bytes on the points' upper hull, over the logarithm of bytes.

    None where no point is that small. Beyond the largest point, the best quality of all.
    """
    hull = upper_hull(points)
    if size < hull[0].bytes:
        return None
    logs = [math.log(point.bytes) for point in hull]
    return float(np.interp(math.log(size), logs, [point.psnr for point in hull]))


def upper_hull(points: Sequence[Point]) -> list[Point]:
    """The points that no mix of two others beats, from the smallest to the best."""
    hull: list[Point] = []
    for point in sorted(points, key=lambda p: (p.bytes, -p.psnr)):
        if hull and point.psnr <= hull[-1].psnr:
            continue
        while len(hull) > 1 and _slope(hull[-2], point) >= _slope(hull[-2], hull[-1]):
            hull.pop()
        hull.append(point)
    return hull


def _slope(a: Point, b: Point) -> float:
    return (b.psnr - a.psnr) / math.log(b.bytes / a.bytes)


def x264(frames: np.ndarray, crf: int) -> tuple[int, np.ndarray]:
    """Payload bytes, and the decoded frames, uint8 RGB of the shape that went in."""
    encoder = cast(VideoCodecContext, CodecContext.create("libx264", "w"))
    encoder.height, encoder.width = frames.shape[1:3]
    encoder.pix_fmt = "yuv420p"
    encoder.framerate, encoder.time_base = Fraction(FPS), 1 / Fraction(FPS)
    encoder.thread_count = 1  # threads cost quality
    encoder.options = {"preset": "veryslow", "tune": "psnr", "crf": str(crf)}
    decoder = cast(VideoCodecContext, CodecContext.create("h264", "r"))

    packets = []
    for index, planes in enumerate(to_yuv420(frames)):
        frame = VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = index
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    size = sum(payload_bytes(bytes(packet)) for packet in packets)
    shown = [frame for packet in packets for frame in decoder.decode(packet)] + decoder.decode(None)
    return size, to_rgb(np.stack([frame.to_ndarray() for frame in shown]))


def payload_bytes(packet: bytes) -> int:
    """Bytes of an Annex B packet without its header units; each unit counts a 4-byte length."""
    units = packet.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]
    return sum(4 + len(unit) for unit in units if unit[0] & 31 not in HEADER_UNITS)


def resize(frames: np.ndarray, factor: float) -> np.ndarray:
    """uint8 frames scaled bicubically, without aliasing when they shrink."""
    if factor == 1:
        return frames
    planes = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float()
    scaled = F.interpolate(planes, scale_factor=factor, mode="bicubic", antialias=factor < 1)
    return scaled.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()


def version() -> str:
    """The library that encodes, for the record beside the figures."""
    return f"libx264 in PyAV {av.__version__}"
