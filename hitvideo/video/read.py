"""Video files to frames: chosen rate, size and stretch of time, one frame in memory at a time.

Time is counted from the first frame of the video, whatever its first timestamp is. Knows nothing
of containers (see `container`) or pixels (see `picture`).
"""

import math
import operator
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame

from hitvideo.errors import HiTVideoError
from hitvideo.rates import exact_rate
from hitvideo.video.colour import REFERENCE_WHITE, hdr_name
from hitvideo.video.container import DEFAULT_LIMITS, Limits, PathLike, Source
from hitvideo.video.notes import Notes, Spoken
from hitvideo.video.picture import upright_picture

MAX_ARRAY_BYTES = 2 * 1024**3  # the largest array that `read_video` makes
# How much shorter than its headers say a whole video may be: they round, and may count the last
# frame's time on screen in another way.
MISSED_FRAMES = Fraction(3, 2)


@dataclass(frozen=True)
class _Request:
    """What a caller wants of a video, checked; exact fractions, so that frames do not drift."""

    fps: Fraction | None  # None: every frame of the file once
    size: tuple[int, int] | None  # height and width; None: those of the file
    start: Fraction  # seconds after the first frame
    seconds: Fraction | None  # None: to the end

    def frame_size(self, source: Source) -> tuple[int, int]:
        return self.size or (source.info.height, source.info.width)

    def expected_frames(self, source: Source) -> int:
        """How many frames the file's own figures promise."""
        left = max(Fraction(source.info.seconds) - self.start, Fraction(0))
        window = left if self.seconds is None else min(left, self.seconds)
        return math.ceil(window * (self.fps or Fraction(source.info.fps)))


def read_frames(
    path: PathLike,
    *,
    fps: float | None = None,
    size: int | tuple[int, int] | None = None,
    start: float = 0.0,
    seconds: float | None = None,
    limits: Limits = DEFAULT_LIMITS,
    notes: Notes | None = None,
) -> Iterator[np.ndarray]:
    """The frames of a video as uint8 RGB (H, W, 3), made one by one as they are asked for.

    fps: frames per second; frame i is the one on screen `start + i / fps` seconds after the first.
        None gives every frame of the file once.
    size: side of the centre square, or (height, width), in pixels; the picture is scaled to fill
        it (area filter) and cropped at the centre. None keeps the size of the file.
    start, seconds: the stretch of time to read; `seconds=None` reads to the end.
    notes: gets what the frames do not tell, such as that the file ends early, by the time that the
        last one is given. Without it that is said as HiTVideoWarning.

    Whatever is transparent is shown on white, high dynamic range tone-mapped to an ordinary screen.

    Raises HiTVideoError, in one sentence: at once for arguments out of range and for files that
    are no readable video or exceed `limits`, and on the first frame if `start` is beyond the end.
    """
    request = _check(fps, size, start, seconds, limits)
    return _wanted(_frames(Source(path, limits), request, notes))


def read_steps(
    path: PathLike,
    *,
    fps: float | None = None,
    size: int | tuple[int, int] | None = None,
    start: float = 0.0,
    seconds: float | None = None,
    limits: Limits = DEFAULT_LIMITS,
    notes: Notes | None = None,
) -> Iterator[np.ndarray | None]:
    """As `read_frames`, with a None for every frame that had to be decoded and is not wanted.

    So whoever reads from the middle of a long video can stop on the way there.
    """
    request = _check(fps, size, start, seconds, limits)
    return _frames(Source(path, limits), request, notes)


def _wanted(frames: Iterator[np.ndarray | None]) -> Iterator[np.ndarray]:
    return (frame for frame in frames if frame is not None)


def read_video(
    path: PathLike,
    *,
    fps: float | None = None,
    size: int | tuple[int, int] | None = None,
    start: float = 0.0,
    seconds: float | None = None,
    limits: Limits = DEFAULT_LIMITS,
    notes: Notes | None = None,
) -> np.ndarray:
    """All that `read_frames` gives, as one uint8 RGB array (T, H, W, 3) with T at least 1.

    Raises HiTVideoError as `read_frames` does, and before decoding for more than 2 GiB.
    """
    request = _check(fps, size, start, seconds, limits)
    with Source(path, limits) as source:
        height, width = request.frame_size(source)
        room = MAX_ARRAY_BYTES // (height * width * 3)
        if request.expected_frames(source) > room:
            raise HiTVideoError(
                f"{source.name} would take more than {MAX_ARRAY_BYTES >> 30} GiB of memory; "
                "read fewer seconds, a lower fps or a smaller size."
            )
        source.limits = replace(limits, max_read_frames=min(room, limits.max_read_frames))
        shape = np.dtype((np.uint8, (height, width, 3)))
        return np.fromiter(_wanted(_frames(source, request, notes)), dtype=shape)


def _frames(source: Source, request: _Request, notes: Notes | None) -> Iterator[np.ndarray | None]:
    notes = Spoken(name=source.name) if notes is None else notes
    with source:
        most = source.limits.max_read_frames
        if request.expected_frames(source) > most:
            raise _too_many(source)
        size = request.frame_size(source)
        given = 0
        end = longest = last = Fraction(0)
        for frame, begin, end in _shown(source, request.start):
            _note_kind(source, frame, notes)
            last = end - begin
            longest = max(longest, last)
            copies = _count_due(source, request, given, begin, end)
            if given + copies > most:
                raise _too_many(source)
            if copies:
                picture = upright_picture(frame, size, source.display)
                for left in reversed(range(copies)):
                    given += 1
                    yield picture.copy() if left else picture  # whoever gets it may change it
            else:
                yield None
            if request.seconds is not None and end >= request.start + request.seconds:
                return
        # AVI leaves frames out that are as the one before, the last ones, too.
        step = longest if source.format == "avi" else max(last, 1 / Fraction(source.info.fps))
        _note_end(source, end, MISSED_FRAMES * step, notes)
        if not given:
            raise HiTVideoError(
                f"{source.name} ends after {float(end or source.info.seconds):g} seconds, "
                f"before the start at {float(request.start):g}."
            )


def _note_kind(source: Source, frame: VideoFrame, notes: Notes) -> None:
    if hdr := hdr_name(frame):
        notes.add(
            f"The video is HDR ({hdr}); it was tone-mapped to SDR, with reference white at "
            f"{REFERENCE_WHITE:g} nits."
        )
    if source.interlaced:
        notes.add("The video is interlaced; its fields were made whole pictures.")


def _note_end(source: Source, end: Fraction, slack: Fraction, notes: Notes) -> None:
    """Says so where the file is over before the time that its headers state, or in mid-data."""
    short = source.stated is not None and source.stated - end > slack
    if short or source.torn:
        notes.complete = False
        # Headers that count no frames, of fragmented files, count only what is there.
        known = short and not (source.torn and not source.stream.frames)
        of = f" of {source.stated:.3g}" if known else ""
        notes.add(f"The file ends early, after {float(end):.3g}{of} seconds.")


def _count_due(
    source: Source, request: _Request, given: int, begin: Fraction, end: Fraction
) -> int:
    """How often the frame on screen from `begin` to `end` is due, after `given` frames."""
    if request.fps is None:
        return int(end > request.start or begin >= request.start)
    # Matroska and WebM round to milliseconds: a frame that is due half of one early is in time.
    slack = source.tick / 2 if source.tick <= Fraction(1, 1000) else Fraction(0)
    due = math.ceil((end - slack - request.start) * request.fps)
    if request.seconds is not None:
        due = min(due, math.ceil(request.seconds * request.fps))
    return max(due - given, 0)


def _shown(source: Source, start: Fraction) -> Iterator[tuple[VideoFrame, Fraction, Fraction]]:
    """Frames with the times they appear and disappear, from the one on screen at `start` or before.

    Seconds after the first frame of the video.
    """
    if start > 0:
        source.seek(float(start))
        frames = _timed(source, after_seek=True)
        first = next(frames, None)
        if first is not None and first[1] <= start:
            yield first
            yield from frames
            return
        source.restart()
    yield from _timed(source, after_seek=False)


def _timed(source: Source, after_seek: bool) -> Iterator[tuple[VideoFrame, Fraction, Fraction]]:
    tick, step = source.tick, 1 / Fraction(source.info.fps)
    origin = source.timestamp(source.first) or 0
    held: VideoFrame | None = None
    begin = newest = Fraction(0)
    for frame in source.frames():
        stamp = source.timestamp(frame)
        if stamp is None and held is None and after_seek:
            return  # no telling where the seek has led
        stated = None if stamp is None else (stamp - origin) * tick
        if held is None:
            time = max(stated or Fraction(0), Fraction(0))
        elif stated is None or stated <= newest:
            time = begin + step  # missing, repeated or turned back: the next one in order
        else:
            time = max(stated, begin)
        newest = max(newest, stated or newest)
        source.check_time(time)
        if held is not None:
            yield held, begin, time
        held, begin = frame, time
    if held is not None:
        yield held, begin, begin + (held.duration * tick or step)


def _too_many(source: Source) -> HiTVideoError:
    return HiTVideoError(
        f"{source.name} would give more than {source.limits.max_read_frames} frames; "
        "read fewer seconds or a lower fps."
    )


def _check(
    fps: float | None,
    size: int | tuple[int, int] | None,
    start: float,
    seconds: float | None,
    limits: Limits,
) -> _Request:
    if not 0 <= start <= limits.max_seconds:  # false for nan too
        raise HiTVideoError(
            f"The start must be between 0 and {limits.max_seconds:g} seconds, not {start}."
        )
    if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
        raise HiTVideoError(f"The length must be more than 0 seconds, not {seconds}.")
    return _Request(
        fps=None if fps is None else exact_rate(fps),
        size=None if size is None else _check_size(size, limits),
        start=_exact(start),
        seconds=None if seconds is None else max(_exact(seconds), Fraction(1, 1_000_000)),
    )


def _exact(seconds: float) -> Fraction:
    return Fraction(float(seconds)).limit_denominator(1_000_000)


def _check_size(size: int | tuple[int, int], limits: Limits) -> tuple[int, int]:
    try:
        height, width = size if isinstance(size, tuple | list) else (size, size)
        height, width = operator.index(height), operator.index(width)
    except (TypeError, ValueError):
        height = width = 0  # nan, fractions and triples
    if not (0 < height <= limits.max_side and 0 < width <= limits.max_side):
        raise HiTVideoError(
            f"The size must be whole pixels, 1 to {limits.max_side} a side, not {size}."
        )
    return height, width
