"""Which of a container's streams is the video, what decodes it, and what is said of its length."""

import os
import re
from contextlib import suppress
from typing import cast

import av
from av.codec import Codec
from av.codec.codec import UnknownCodecError
from av.codec.context import CodecContext
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition, Stream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

# Without an index, and often joined or cut out of longer recordings: only their packets tell.
UNINDEXED = ("mpegts", "mpeg")
# Where the headers say how long the video is; elsewhere a length is a guess of the reader's.
MATROSKA = "matroska,webm"
STATING = ("mov,mp4,m4a,3gp,3g2,mj2", MATROSKA, "avi", "flv", "asf", "mxf")
TS_PACKET, TS_SYNC = 188, b"\x47"
ENDINGS = {"gif": b";", "mjpeg": b"\xff\xd9"}  # what a whole file ends with
# ffmpeg's own decoders pass over the transparency of VP8 and VP9.
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def video_stream(container: InputContainer) -> VideoStream | None:
    """The stream that a player would show: the one marked as default, else the first.

    Never a cover picture or a thumbnail, nor what cannot be decoded.
    """
    found = [s for s in container.streams.video if not _is_cover(s) and s.codec_context is not None]
    default = (s for s in found if _disposition(s) & Disposition.default)
    return next(default, found[0] if found else None)


def decoder(stream: VideoStream) -> VideoCodecContext:
    """The stream's own, or another one that knows of its transparency."""
    own = cast(VideoCodecContext, stream.codec_context)
    tags = {name.lower(): text for name, text in stream.metadata.items()}
    name = ALPHA_DECODERS.get(own.codec.canonical_name)
    if name is None or tags.get("alpha_mode") != "1":
        return own
    try:
        other = CodecContext.create(Codec(name, "r"))
    except UnknownCodecError:
        return own
    other.extradata = own.extradata
    return cast(VideoCodecContext, other)


def seconds_told(
    container: InputContainer, stream: VideoStream
) -> tuple[float | None, float | None]:
    """The length of the video by the file's headers, or None where they do not tell it.

    And the same with the reader's guesses, or None where only the packets tell. Matroska has to be
    opened again.
    """
    seconds = _own_seconds(container, stream)
    name = container.format.name
    return seconds if name in STATING else None, None if name in UNINDEXED else seconds


def breaks_off(path: str, format_name: str) -> bool:
    """Whether a file of a format that states no length ends where no whole one can."""
    if format_name not in ("mpegts", *ENDINGS):
        return False
    with open(path, "rb") as file:
        head = file.read(TS_PACKET + 1)
        size = file.seek(0, os.SEEK_END)
        file.seek(-min(size, 16), os.SEEK_END)
        end = file.read().rstrip(b"\0")
    if format_name in ENDINGS:
        return not end.endswith(ENDINGS[format_name])
    in_packets = head[:1] == head[-1:] == TS_SYNC  # those of disc recorders are longer
    return in_packets and size % TS_PACKET > 0


def _own_seconds(container: InputContainer, stream: VideoStream) -> float | None:
    tick = stream.time_base
    # Matroska has no length of a stream: what stands there, of a single frame, is the container's.
    if container.format.name != MATROSKA and stream.duration and stream.duration > 0 and tick:
        # AVI counts frames in both; a cut one has only as many as there are in `duration`.
        frames = stream.frames if container.format.name == "avi" else 0
        return float(max(stream.duration, frames) * tick)
    # What follows is a time of day rather than a length.
    begin = max(0.0, float((_first_time(container, stream) or 0) * (tick or 0)))
    end = _tagged_end(stream)
    if end is None and all(s is stream or _is_cover(s) for s in container.streams):
        end = (container.duration or 0) / av.time_base  # else it may be the sound's
    return end - begin if end and end > begin else None


def _first_time(container: InputContainer, stream: VideoStream) -> int | None:
    """When the video begins, in ticks; of Matroska, where one of a single frame is given the
    container's beginning, by its first packet, so that the container has to be opened again.
    """
    if container.format.name != MATROSKA:
        return stream.start_time
    with suppress(FFmpegError):
        return next((packet.pts for packet in container.demux(stream)), None)
    return None


def _tagged_end(stream: VideoStream) -> float | None:
    """Matroska's own, as ffmpeg writes it (DURATION) or mkvmerge (DURATION-eng)."""
    for name, text in stream.metadata.items():
        clock = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text)
        if clock and name.upper().partition("-")[0] == "DURATION":
            hours, minutes, seconds = clock.groups()
            return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    return None


def _is_cover(stream: Stream) -> bool:
    """Whether `stream` is the cover picture of a song, or thumbnails to find one's way by."""
    pictures = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
    return stream.type == "video" and bool(_disposition(stream) & pictures)


def _disposition(stream: Stream) -> Disposition:
    return cast(Disposition, stream.disposition)
