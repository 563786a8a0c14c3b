"""Generated videos, whole, joined and cut, against a plain reader of what was put in.

Every frame is a grey that tells its number, so what should be on screen at any time follows from
the recipe alone. `pytest -m slow` tries many more.
"""

import math
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from av.stream import Disposition
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from limits import within_limits

from hitvideo.errors import HiTVideoError
from hitvideo.video import Limits, Notes, probe, read_video
from tests.video.making import grey, numbers, silence

LIMITS = Limits(max_seconds=600, max_side=512, max_read_frames=20_000)

# Which codecs and pixel formats go into what, and the ticks of its clock a second.
CONTAINERS: dict[str, tuple[list[tuple[str, str]], int]] = {
    "mp4": ([("libx264", "yuv420p"), ("libx264", "yuv444p"), ("libx264", "yuv420p10le")], 90_000),
    "mov": ([("libx264", "yuvj420p"), ("prores_ks", "yuva444p10le"), ("qtrle", "argb")], 90_000),
    "mkv": ([("ffv1", "gray"), ("ffv1", "yuv422p10le"), ("libx264", "yuv420p10le")], 1000),
    "webm": ([("libvpx", "yuv420p"), ("libvpx-vp9", "yuv420p")], 1000),
    "ts": ([("libx264", "yuv420p"), ("mpeg2video", "yuv420p"), ("mpeg2video", "yuv422p")], 90_000),
    "mpg": ([("mpeg2video", "yuv420p")], 90_000),
    "avi": ([("mjpeg", "yuvj420p"), ("ffv1", "yuv420p"), ("png", "rgba")], 25),
    "flv": ([("libx264", "yuv420p")], 1000),
    "gif": ([("gif", "gray")], 100),
    "apng": ([("apng", "rgb24"), ("apng", "rgba")], 1000),
}
LAST = 4  # hundredths of a second of every last frame: most containers do not hold how long it is
FEW = 8  # frames that a joined recording has at least
STEADY = ("avi", "mpg", "apng")  # whose frames are of one length, by format or by their writer
JOINABLE = ("ts", "mpg")
SINGLE = ("gif", "apng", "avi", "mpg", "flv")  # whose other streams are left alone here
TELLING = ("mp4", "mov", "mkv", "webm", "ts", "avi", "flv")  # where a cut can always be told


@dataclass(frozen=True)
class Recipe:
    """steps: of every frame, hundredths of a second on screen. begin: the first timestamp, ditto.
    again: how many frames are recorded anew, on a clock that starts again, and joined.
    decoy: a stream that must not be shown, before the others. cut: the share of the file left."""

    suffix: str
    codec: tuple[str, str]
    size: tuple[int, int]
    steps: tuple[int, ...]
    begin: int
    group: int
    b_frames: int
    again: int
    decoy: bool
    sound: bool
    cut: float | None

    @property
    def steady(self) -> bool:
        return self.suffix in STEADY or self.codec[0] == "mpeg2video"

    @property
    def anew(self) -> tuple[int, ...]:
        return (*self.steps[: self.again - 1], LAST) if self.again else ()

    @property
    def times(self) -> list[Fraction]:
        """When every frame appears, and last when all is over."""
        steps = self.steps + self.anew
        return [Fraction(sum(steps[:i]), 100) for i in range(len(steps) + 1)]


@st.composite
def recipes(draw: st.DrawFn, cuts: bool) -> Recipe:
    suffix = draw(st.sampled_from(sorted(CONTAINERS)))
    codec = draw(st.sampled_from(CONTAINERS[suffix][0]))
    steady = suffix in STEADY or codec[0] == "mpeg2video"
    steps = st.just(LAST) if steady else st.sampled_from([4, 4, 4, 10, 2, 50])
    # One frame of APNG is a PNG; a stream without headers needs a few to be known as one.
    least = {"apng": 2, "ts": FEW, "mpg": FEW, "mp4": 2}.get(suffix, 1)
    shown = [*draw(st.lists(steps, min_size=least - 1, max_size=14)), LAST]
    again = draw(st.sampled_from([0, FEW, len(shown)])) if suffix in JOINABLE and not cuts else 0
    shown = [LAST] * len(shown) if again else shown  # or the join would last nobody knows how long
    return Recipe(
        suffix=suffix,
        codec=codec,
        size=(draw(st.sampled_from([32, 48, 64])), draw(st.sampled_from([32, 64, 80]))),
        steps=tuple(shown),
        begin=0 if suffix in SINGLE else draw(st.sampled_from([0, 0, 7, 500])),
        group=draw(st.sampled_from([1, 4, 12])),
        # MP4 holds how long frames are in order of decoding: with both, the last one is a guess.
        b_frames=draw(st.integers(0, 2)) if set(shown) == {LAST} else 0,
        again=again,
        decoy=suffix in ("mkv", "mp4") and draw(st.booleans()),
        sound=suffix not in SINGLE and draw(st.booleans()),
        cut=draw(st.floats(0.02, 0.99)) if cuts else None,
    )


def bake(recipe: Recipe, folder: Path) -> Path:
    path = folder / f"v.{recipe.suffix}"
    data = _recorded(recipe, folder, 0, recipe.steps)
    if recipe.again:
        data += _recorded(recipe, folder, len(recipe.steps), recipe.anew)
    path.write_bytes(data if recipe.cut is None else data[: math.ceil(recipe.cut * len(data))])
    return path


def _recorded(recipe: Recipe, folder: Path, first: int, steps: tuple[int, ...]) -> bytes:
    path, tick = folder / f"piece.{recipe.suffix}", Fraction(1, 100)
    name, pixels = recipe.codec
    height, width = recipe.size
    with av.open(str(path), "w", options={"movflags": "faststart"}) as file:
        decoy = file.add_stream("mjpeg", rate=25) if recipe.decoy else None
        options = {"g": str(recipe.group)}
        if name in ("libx264", "mpeg2video"):
            options["bf"] = str(recipe.b_frames)
        if name.startswith("libvpx"):
            options |= {"deadline": "realtime", "cpu-used": "8", "b": "1M"}
        if name == "mpeg2video":
            options |= {"qmin": "1", "qmax": "2", "b": "8M"}  # or B frames repeat their neighbour
        stream = file.add_stream(name, rate=25, options=options)
        stream.height, stream.width, stream.pix_fmt = height, width, pixels
        stream.codec_context.time_base = Fraction(1, 25) if recipe.steady else tick
        stream.codec_context.thread_count = 1
        packets = []  # muxed when the headers of all streams are known
        if decoy is not None:
            decoy.height, decoy.width, decoy.pix_fmt = 16, 16, "yuvj420p"
            decoy.disposition, stream.disposition = Disposition(0), Disposition.default
            picture = av.VideoFrame.from_ndarray(grey(31, 16, 16), format="rgb24")
            packets += decoy.encode(picture) + decoy.encode()
        if recipe.sound:
            packets += silence(file)
        for i in range(len(steps)):
            frame = av.VideoFrame.from_ndarray(grey(first + i, height, width), format="rgb24")
            frame.pts, frame.time_base = recipe.begin + sum(steps[:i]), tick
            packets += stream.encode(frame)
        file.mux(packets + stream.encode())
    return path.read_bytes()


def plain(recipe: Recipe, fps: int | None, start: Fraction) -> list[set[int]]:
    """The frames to expect: which ones may be shown, since clocks round to their ticks."""
    times = recipe.times
    shown = [(i, begin, times[i + 1]) for i, begin in enumerate(times[:-1])]
    if fps is None:
        return [{i} for i, _, end in shown if end > start]
    slack = Fraction(3, 2) / min(1000, CONTAINERS[recipe.suffix][1])
    count = math.ceil((times[-1] - start) * fps)
    moments = [start + Fraction(k, fps) for k in range(count)]
    return [
        {i for i, begin, end in shown if begin - slack <= moment < end + slack}
        for moment in moments
    ]


def check_whole(recipe: Recipe, fps: int | None, at: float) -> None:
    end = recipe.times[-1]
    start = Fraction(int(at * float(end) * 25), 25) + Fraction(1, 50) if at else Fraction(0)
    if start >= end - Fraction(1, 50):
        start = Fraction(0)
    with tempfile.TemporaryDirectory() as folder:
        path, notes = bake(recipe, Path(folder)), Notes()
        info = probe(path, LIMITS)
        assert (info.height, info.width) == recipe.size
        assert info.seconds == pytest.approx(float(end), abs=0.05 + 1 / info.fps)
        read = numbers(read_video(path, fps=fps, start=float(start), notes=notes, limits=LIMITS))
    expected = plain(recipe, fps, start)
    assert abs(len(read) - len(expected)) <= (fps is not None)  # the end rounds to a tick, too
    assert all(a in b for a, b in zip(read, expected, strict=False)), (read, expected)
    assert notes == Notes()


def check_cut(recipe: Recipe, fps: int | None) -> None:
    """A file that ends early is a right beginning that says so, or one sentence."""
    with tempfile.TemporaryDirectory() as folder:
        path, notes = bake(recipe, Path(folder)), Notes()
        try:
            read = numbers(read_video(path, fps=fps, notes=notes, limits=LIMITS))
        except HiTVideoError as error:
            assert str(error).endswith(".") and "\n" not in str(error)
            return
    expected = plain(recipe, fps, Fraction(0))
    assert 1 <= len(read) <= len(expected) + 1
    sure = len(read) - (3 if fps is None else fps)  # behind, frames may be missing or damaged
    assert all(a in b for a, b in zip(read[: max(sure, 0)], expected, strict=False))
    times = recipe.times
    lost = times[-1] - (times[len(read)] if fps is None else Fraction(len(read), fps))
    if recipe.suffix in TELLING and lost > max(Fraction(1, 4), 2 * times[-1] / len(recipe.steps)):
        assert not notes.complete and "ends early" in notes.note


def past(suffix: str, codec: tuple[str, str], steps: tuple[int, ...], **more: Any) -> Recipe:
    """What once failed, or nearly was left failing."""
    usual: dict[str, Any] = {"size": (32, 80), "begin": 0, "group": 4, "b_frames": 0, "again": 0}
    usual |= {"decoy": False, "sound": False, "cut": None}
    return Recipe(suffix, codec, steps=steps, **usual | more)


X264, MPEG2 = ("libx264", "yuv420p"), ("mpeg2video", "yuv420p")
RATES = st.sampled_from([None, 8, 25])
PLACES = st.sampled_from([0.0, 0.0, 0.3, 0.7])
few = settings(max_examples=25, deadline=None, derandomize=True)
many = settings(max_examples=350, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@few
@given(recipes(cuts=False), RATES, PLACES)
@example(past("ts", X264, (4,) * 15, again=8), 25, 0.3)  # states a quarter of its frames' time
@example(past("ts", X264, (4,) * 8, again=8, b_frames=2, begin=500), 8, 0.7)
@example(past("mpg", MPEG2, (4,) * 12, b_frames=2, group=12), None, 0.7)
@example(past("mkv", ("ffv1", "gray"), (4,) * 5, decoy=True, sound=True), 25, 0.0)
@example(past("mkv", X264, (4,), sound=True), None, 0.0)  # of one frame, the sound's length
@example(past("mkv", X264, (4,), begin=7), None, 0.0)
def test_generated_videos_are_read_as_they_were_made(
    recipe: Recipe, fps: int | None, at: float
) -> None:
    check_whole(recipe, fps, at)


@few
@given(recipes(cuts=True), RATES)
@example(past("mkv", ("ffv1", "gray"), (2, 50, 10, 2, 4, 50, 4), begin=500, cut=0.8), 25)
def test_generated_videos_that_end_early_are_read_that_far(recipe: Recipe, fps: int | None) -> None:
    check_cut(recipe, fps)


@pytest.mark.slow
@many
@given(recipes(cuts=False), RATES, PLACES)
def test_many_generated_videos(recipe: Recipe, fps: int | None, at: float) -> None:
    with within_limits():
        check_whole(recipe, fps, at)


@pytest.mark.slow
@many
@given(recipes(cuts=True), RATES)
def test_many_generated_videos_that_end_early(recipe: Recipe, fps: int | None) -> None:
    with within_limits():
        check_cut(recipe, fps)
