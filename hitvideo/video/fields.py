"""Interlaced frames, two moments each, to whole pictures of one.

Knows nothing of files; a frame keeps its timestamps.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction

from av.error import BlockingIOError as NothingYet
from av.error import EOFError as Ended
from av.filter import Graph
from av.video.frame import VideoFrame

FILTER = "bwdif", "mode=send_frame:deint=interlaced"  # those marked as interlaced, and no others

LEAST = 4  # pixels a side that it needs


def deinterlaced(frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
    """One frame for each of `frames`, in order; holds two back once one of them is interlaced."""
    filtered: _Filter | None = None
    for frame in frames:
        if filtered is not None and not filtered.takes(frame):
            yield from filtered.ended()
            filtered = None
        if filtered is None and frame.interlaced_frame and min(frame.height, frame.width) >= LEAST:
            filtered = _Filter(frame)
        if filtered is None:
            yield frame
        else:
            yield from filtered.add(frame)
    if filtered is not None:
        yield from filtered.ended()


class _Filter:
    """ffmpeg's deinterlacer for frames of one size and format."""

    def __init__(self, first: VideoFrame) -> None:
        self.shape = _shape(first)
        self.inside: deque[VideoFrame] = deque()  # what is still to come out
        self.graph = Graph()
        source = self.graph.add_buffer(
            width=first.width,
            height=first.height,
            format=first.format,
            time_base=Fraction(1, 1000),  # of no matter here
        )
        names = (FILTER, ("buffersink", None))
        self.graph.link_nodes(source, *(self.graph.add(*name) for name in names)).configure()

    def takes(self, frame: VideoFrame) -> bool:
        return _shape(frame) == self.shape

    def add(self, frame: VideoFrame) -> Iterator[VideoFrame]:
        self.inside.append(frame)
        self.graph.vpush(frame)
        yield from self._ready()

    def ended(self) -> Iterator[VideoFrame]:
        self.graph.vpush(None)
        yield from self._ready()
        yield from self.inside  # what the filter has kept for itself, if anything

    def _ready(self) -> Iterator[VideoFrame]:
        while self.inside:
            try:
                picture = self.graph.vpull()
            except (NothingYet, Ended):
                return
            frame = self.inside.popleft()
            # The filter counts time in other units, and knows nothing of decoding times.
            picture.pts, picture.dts, picture.duration = frame.pts, frame.dts, frame.duration
            yield picture


def _shape(frame: VideoFrame) -> tuple[int, int, str]:
    return frame.height, frame.width, frame.format.name
