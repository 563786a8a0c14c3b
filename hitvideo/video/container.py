"""Opens a video file, says what is in it, and refuses what is broken or too large.

Everything here treats the file as hostile: sizes and durations are compared with the limits before
a frame is decoded. Knows nothing of resampling or resizing.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from types import TracebackType
from typing import Self

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hitvideo.cores import usable_cores
from hitvideo.errors import HiTVideoError
from hitvideo.video.clock import continuous, from_keyframe
from hitvideo.video.fields import deinterlaced
from hitvideo.video.picture import display_of
from hitvideo.video.streams import (
    MATROSKA,
    UNINDEXED,
    breaks_off,
    decoder,
    seconds_told,
    video_stream,
)

PathLike = str | os.PathLike[str]

# Playlists (hls, dash, concat) name other files to open, so only self-contained formats are let in.
FORMATS = (
    "mov,mp4,matroska,webm,avi,gif,mpegts,mpeg,mpegvideo,flv,ogg,asf,h264,hevc,m4v,ivf,obu,nut,"
    "apng,mjpeg,dv,mxf,rm,yuv4mpegpipe,mp3,wav,flac,aac"  # the last four to say "holds no video"
)
FALLBACK_FPS = 25.0  # for streams that state no frame rate at all
LEAST_TURN = 0.5  # seconds that a clock must turn back in formats that are rarely joined
MAX_DECODER_THREADS = 4  # every one of them holds a few full-size frames


@dataclass(frozen=True)
class Limits:
    """What is refused. Enforced on what the file says of itself, and again on what it holds."""

    max_seconds: float = 3600.0  # duration of the source
    max_side: int = 4096  # width and height of the source and of the output, pixels
    max_read_frames: int = 216_000  # frames given out by one read: an hour at 60 fps


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class VideoInfo:
    """What a file holds; width and height are as shown, after rotation."""

    width: int  # pixels
    height: int  # pixels
    fps: float  # average frames per second as stated, or a guess
    seconds: float  # as stated by the file; estimated where it states nothing
    codec: str  # "h264", "vp9", "gif", ...
    has_audio: bool


def probe(path: PathLike, limits: Limits = DEFAULT_LIMITS) -> VideoInfo:
    """What the video at `path` holds, found by decoding one frame.

    Raises HiTVideoError, in one sentence, for a path that is no readable video or exceeds `limits`.
    """
    with Source(path, limits) as source:
        return source.info


class Source:
    """An open video: its facts, its first frame, and its frames in order of display.

    `info` and `display` are settled on opening; `first` is the first frame that decodes, as stored.
    `stated` is the length in seconds that the headers promise, or None. `interlaced` is whether any
    frame so far was stored as two fields.
    A context manager: leaving it closes the file.
    """

    def __init__(self, path: PathLike, limits: Limits) -> None:
        self.path = os.path.abspath(os.fspath(path))
        self.name = os.path.basename(self.path)
        self.limits = limits
        _check_file(self.path, self.name)
        self._corrupt = self._failed = False  # the last packet read, the last one decoded
        self.interlaced = False
        self._start: int | None = None  # where to begin when there is no index, in ticks
        self.container, self.stream, self.decoder = self._open()
        try:
            self._refuse_large(self.stream.height, self.stream.width)
            fps = _frame_rate(self.stream)
            self.stated, likely = seconds_told(self.container, self.stream)
            if self.format == MATROSKA:
                self.restart()
            seconds = self._count_seconds(fps) if likely is None else likely
            self.check_time(seconds)
            self.first = self._first_frame()
            self.display = display_of(self.first, self.stream.sample_aspect_ratio)
            height, width = self.display.size(self.first.height, self.first.width)
            self._refuse_large(height, width)
        except BaseException:
            self.container.close()
            raise
        self.info = VideoInfo(
            width=width,
            height=height,
            fps=fps,
            seconds=seconds,
            codec=self.stream.codec.canonical_name,
            has_audio=bool(self.container.streams.audio),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.container.close()

    @property
    def format(self) -> str:
        """ffmpeg's name for the container: "avi", "matroska,webm", ..."""
        return self.container.format.name

    @property
    def tick(self) -> Fraction:
        """The unit of the stream's timestamps, seconds."""
        return self.stream.time_base or Fraction(1, 1000)

    def timestamp(self, frame: VideoFrame) -> int | None:
        """When `frame` appears, in ticks, or None where the file does not say."""
        # AVI stores no display times: the decoding times, a constant delay later, are all there is.
        if self.format == "avi" or frame.pts is None:
            return frame.dts
        return frame.pts

    def restart(self) -> None:
        """Go back to the first frame, also in formats that cannot seek."""
        self.container.close()
        self._start = None
        self.container, self.stream, self.decoder = self._open()

    def seek(self, seconds: float) -> None:
        """Go to a keyframe at or before `seconds` after the first frame, if the format can."""
        place = (self.timestamp(self.first) or 0) + int(seconds / self.tick)
        if self.format in UNINDEXED:
            self._start = place  # ffmpeg guesses by times, which may come twice
            return
        try:
            self.container.seek(place, stream=self.stream)
        except FFmpegError:
            self.restart()

    def frames(self) -> Iterator[VideoFrame]:
        """Frames from where the file stands; damaged ones are left out, a cut end just ends it."""
        return deinterlaced(self._decoded())

    def _decoded(self) -> Iterator[VideoFrame]:
        # Set only now: with this in place while opening, too large a file would not state its size.
        self.decoder.options = {"max_pixels": str(self.limits.max_side**2)}
        packets = self._continuous()
        if self._start is not None:
            packets = from_keyframe(packets, self._start)
        for packet in chain(packets, [None]):
            try:
                decoded = self.decoder.decode(packet)
            except FFmpegError:
                self._failed = True
                continue
            self._failed &= packet is None
            for frame in decoded:
                self._refuse_large(frame.height, frame.width)
                self.interlaced |= frame.interlaced_frame
                yield frame

    def _continuous(self) -> Iterator[Packet]:
        unindexed = self.format in UNINDEXED
        slack = 0 if unindexed else int(LEAST_TURN / self.tick)
        return continuous(self._packets(), slack)

    def _packets(self) -> Iterator[Packet]:
        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError:
                self._corrupt = True
                return
            if packet is None:
                return
            if not packet.size:  # of AVI, a frame that is as the one before
                continue
            self._corrupt = packet.is_corrupt
            # Of AVI, half a frame may be decoded as if it were whole.
            if not (self._corrupt and self.format == "avi"):
                yield packet

    @property
    def torn(self) -> bool:
        """Whether the data breaks off in mid-frame, as far as that can be told after the last."""
        return self._corrupt or self._failed or breaks_off(self.path, self.format)

    def check_time(self, seconds: float | Fraction) -> None:
        """Raise HiTVideoError if a video that reaches `seconds` is longer than the limit."""
        if seconds > self.limits.max_seconds:
            raise HiTVideoError(
                f"{self.name} is longer than {self.limits.max_seconds:g} seconds, "
                "the longest video that is read."
            )

    def _open(self) -> tuple[InputContainer, VideoStream, VideoCodecContext]:
        try:
            container = av.open(
                self.path,
                options={"format_whitelist": FORMATS},
                metadata_errors="replace",  # a title in another encoding must not stop us
            )
        except FFmpegError as error:
            raise HiTVideoError(
                f"{self.name} is not a video that can be read, or its description is cut off."
            ) from error
        stream = video_stream(container)
        if stream is None:
            container.close()
            raise HiTVideoError(f"{self.name} holds no video that can be decoded.")
        codec = decoder(stream)
        codec.thread_type = "AUTO"
        codec.thread_count = min(MAX_DECODER_THREADS, usable_cores())
        return container, stream, codec

    def _first_frame(self) -> VideoFrame:
        first = next(self._decoded(), None)
        if first is None:
            raise HiTVideoError(f"{self.name} holds no frame that can be decoded.")
        self.restart()
        return first

    def _refuse_large(self, height: int, width: int) -> None:
        if max(width, height) > self.limits.max_side:
            raise HiTVideoError(
                f"{self.name} is {width}x{height} pixels, "
                f"and at most {self.limits.max_side} a side are read."
            )

    def _count_seconds(self, fps: float) -> float:
        """The duration from the packets, not decoded: recordings from a browser state none."""
        count, first, last = 0, None, 0
        for packet in self._continuous():
            stamp = packet.pts if packet.pts is not None else packet.dts
            if stamp is not None:
                first = stamp if first is None else min(first, stamp)
                last = max(last, stamp)
                self.check_time((last - first) * self.tick)
            count += 1
        self.restart()
        spread = 0 if first is None else last - first
        return float(spread * self.tick) + 1 / fps if spread else count / fps


def _check_file(path: str, name: str) -> None:
    if os.path.isdir(path):
        raise HiTVideoError(f"{name} is a folder, not a video file.")
    if not os.path.isfile(path):
        raise HiTVideoError(f"There is no file {name}.")
    try:
        with open(path, "rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise HiTVideoError(f"{name} cannot be read: {error.strerror}.") from error
    if empty:
        raise HiTVideoError(f"{name} is empty.")


def _frame_rate(stream: VideoStream) -> float:
    rates = (stream.average_rate, stream.guessed_rate)
    return next((float(rate) for rate in rates if rate and 0 < rate <= 1000), FALLBACK_FPS)
