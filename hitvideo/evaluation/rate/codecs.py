"""What a video codec makes of the same clip, from its smallest file upwards.

x264, x265 and SVT-AV1 as PyAV carries them, each in a slow preset tuned for PSNR, 4:2:0, at full
and at half resolution. Only payload counts: what says how to decode (parameter sets, sequence
headers), the encoder's text about itself and the container are left out for all of them alike.
Knows nothing of tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from hitvideo.evaluation.clips import FPS
from hitvideo.evaluation.colour import to_rgb, to_yuv420
from hitvideo.evaluation.rate.bdrate import upper_hull
from hitvideo.evaluation.rate.payload import av1_payload, h264_payload, hevc_payload
from hitvideo.metrics import psnr
from hitvideo.video.codec import decode_packets, encode_planes, library

Packets = tuple[bytes, ...]  # as the encoder gives them, header units and all

CRF_STEP = 2  # between the encodes of a ladder: about a quarter more bytes each
MULTIPLE = 4  # pixels: half the resolution must have even sides
MIN_SIDE = 20  # pixels, what all three encoders take


def _x264_options(side: int) -> dict[str, str]:
    # With AVX-512, x264's look-ahead reads memory that it never wrote on most small widths, so that
    # one clip gave other bytes every time. Its other code paths agree to the bit.
    wide = torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    return {"preset": "veryslow", "tune": "psnr", **({"x264-params": "asm=avx2"} if wide else {})}


def _x265_options(side: int) -> dict[str, str]:
    # x265 does the same where a side is a single coding tree unit; 64 is its default and best.
    ctu = max(size for size in (16, 32, 64) if size < side)
    threads = "pools=none:frame-threads=1"
    return {
        "preset": "slow",
        "tune": "psnr",
        "x265-params": f"{threads}:log-level=none:ctu={ctu}",
    }


def _svt_av1_options(side: int) -> dict[str, str]:
    return {"preset": "4", "svtav1-params": "tune=1:lp=1"}  # tuned for PSNR, one thread


@dataclass(frozen=True)
class Codec:
    """An encoder and its settings.

    name: as people write it; encoder, decoder: FFmpeg's names of the libraries.
    max_crf: the coarsest quality it has.
    options: FFmpeg's options for frames whose shorter side has so many pixels.
    payload: bytes of one packet that count.
    """

    name: str
    encoder: str
    decoder: str
    max_crf: int
    options: Callable[[int], dict[str, str]]
    payload: Callable[[bytes], int]

    def describe(self) -> dict[str, Any]:
        """What made the figures, for the record beside them."""
        preset = self.options(MIN_SIDE)["preset"]
        return {
            "library": library(self.encoder),
            "preset": preset,
            "tune": "psnr",
            "crf": f"{self.max_crf} downwards in steps of {CRF_STEP}",
        }


X264 = Codec("x264", "libx264", "h264", 51, _x264_options, h264_payload)
X265 = Codec("x265", "libx265", "hevc", 51, _x265_options, hevc_payload)
SVT_AV1 = Codec("svt-av1", "libsvtav1", "libdav1d", 63, _svt_av1_options, av1_payload)
CODECS = {codec.name: codec for codec in (X264, X265, SVT_AV1)}


@dataclass(frozen=True)
class Encode:
    """One encode of a clip.

    bytes: payload. psnr: dB against the original 8-bit frames. scale: 1 full resolution, 2 half.
    """

    codec: Codec
    crf: int
    scale: int
    bytes: int
    psnr: float
    packets: Packets = field(repr=False)
    shape: tuple[int, ...] = field(repr=False)

    @property
    def name(self) -> str:
        return f"crf {self.crf}" + (", half size" if self.scale == 2 else "")

    def frames(self) -> np.ndarray:
        """Decodes it: uint8 RGB of the clip's own shape."""
        return _shown(self.codec, self.packets, self.scale, self.shape)


def ladder(codec: Codec, frames: np.ndarray, max_bytes: float) -> Iterator[Encode]:
    """Encodes from the coarsest quality up until ``max_bytes`` are exceeded, at both resolutions.

    frames: uint8 RGB ``(T, H, W, 3)``. Sides that are no multiple of 4 are extended by their edges.
    """
    padded = _pad(frames)
    for scale in (1, 2):
        if min(padded.shape[1:3]) < MIN_SIDE * scale:
            continue
        planes = to_yuv420(resize(padded, 1 / scale))
        for crf in range(codec.max_crf, -1, -CRF_STEP):
            packets = tuple(encode(codec, planes, crf))
            size = sum(codec.payload(packet) for packet in packets)
            shown = _shown(codec, packets, scale, frames.shape)
            yield Encode(codec, crf, scale, size, psnr(frames, shown), packets, frames.shape)
            if size > max_bytes:
                break


def best(encodes: Iterable[Encode]) -> list[Encode]:
    """The upper hull of PSNR over the logarithm of bytes, from the smallest up."""
    return upper_hull(encodes, lambda encode: (encode.bytes, encode.psnr))


def encode(codec: Codec, planes: np.ndarray, crf: int) -> list[bytes]:
    """Packets of 4:2:0 planes, uint8 ``(T, H * 3 / 2, W)``; key frames only where scenes change."""
    options = {**codec.options(min(planes.shape[1] * 2 // 3, planes.shape[2])), "crf": str(crf)}
    return encode_planes(planes, codec.encoder, options, FPS, codec.name)


def decode(codec: Codec, packets: Iterable[bytes]) -> np.ndarray:
    """The inverse of ``encode``."""
    return decode_packets(packets, codec.decoder)


def _shown(codec: Codec, packets: Packets, scale: int, shape: tuple[int, ...]) -> np.ndarray:
    full = resize(to_rgb(decode(codec, packets)), scale)
    return full[:, : shape[1], : shape[2]]


def _pad(frames: np.ndarray) -> np.ndarray:
    more = [max(-size % MULTIPLE, MIN_SIDE - size) for size in frames.shape[1:3]]
    return np.pad(frames, ((0, 0), (0, more[0]), (0, more[1]), (0, 0)), mode="edge")


def resize(frames: np.ndarray, factor: float) -> np.ndarray:
    """uint8 frames scaled bicubically, without aliasing when they shrink."""
    if factor == 1:
        return frames
    planes = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float()
    scaled = F.interpolate(planes, scale_factor=factor, mode="bicubic", antialias=factor < 1)
    return scaled.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
