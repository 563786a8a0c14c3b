"""Video files in, frames out, and back: every file here is made on the spot with PyAV."""

import math
import os
import resource
import subprocess
import sys
import weakref
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from hitvideo.errors import HiTVideoError
from hitvideo.video import Limits, probe, read_frames, read_steps, read_video, write_video
from hitvideo.video.container import Source
from tests.video.making import FORMATS, add_silence, grey, make, numbers


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_all_frames_in_order(tmp_path: Path, suffix: str) -> None:
    codec, pixels = FORMATS[suffix]
    path = make(tmp_path / f"v.{suffix}", [grey(i) for i in range(25)], codec, pixels, rate=25)
    info = probe(path)
    assert (info.width, info.height, info.has_audio) == (64, 48, False)
    assert info.seconds == pytest.approx(1, abs=0.05) and info.fps == pytest.approx(25, abs=0.1)
    assert numbers(read_video(path)) == list(range(25))
    assert numbers(read_video(path, fps=5)) == [0, 5, 10, 15, 20]
    assert numbers(read_video(path, fps=5, start=0.4, seconds=0.4)) == [10, 15]
    assert numbers(read_video(path, start=0.5, seconds=0.1)) == [12, 13, 14]


@pytest.mark.parametrize("suffix", ["mp4", "webm"])
def test_sound_is_told_and_ignored(tmp_path: Path, suffix: str) -> None:
    frames = [grey(i) for i in range(3)]
    path = make(tmp_path / f"v.{suffix}", frames, *FORMATS[suffix], sound=True)
    assert probe(path).has_audio
    assert numbers(read_video(path)) == [0, 1, 2]


@pytest.mark.parametrize("rate", [12, 24, Fraction(30000, 1001), 60])
@pytest.mark.parametrize("fps", [8, 7.5, 100])
def test_resampling_takes_the_frame_on_screen(
    tmp_path: Path, rate: Fraction | int, fps: float
) -> None:
    path = make(tmp_path / "v.mp4", [grey(i) for i in range(31)], rate=rate)
    expected = [int(Fraction(i) / Fraction(fps) * rate) for i in range(math.ceil(31 / rate * fps))]
    assert numbers(read_video(path, fps=fps)) == expected


def test_variable_frame_rate_follows_the_timestamps(tmp_path: Path) -> None:
    stamps = [0, 10, 20, 30, 500, 510, 1000, 2000]  # a start other than 0 is the next test
    path = make(tmp_path / "v.mkv", [grey(i) for i in range(8)], stamps=stamps)
    shown = [max(j for j, stamp in enumerate(stamps) if stamp <= 125 * i) for i in range(17)]
    assert numbers(read_video(path, fps=8)) == shown
    assert numbers(read_video(path, fps=8, start=0.75, seconds=0.5)) == shown[6:10]
    numpy_floats = {"fps": np.float32(8), "start": np.float32(0.75), "seconds": np.float32(0.5)}
    assert numbers(read_video(path, **numpy_floats)) == shown[6:10]
    assert numbers(read_video(path)) == list(range(8))


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts"])
def test_time_starts_at_the_first_frame(tmp_path: Path, suffix: str) -> None:
    stamps = [5000 + 100 * i for i in range(20)]
    frames = [grey(i) for i in range(20)]
    path = make(tmp_path / f"v.{suffix}", frames, stamps=stamps, options={"g": "5"})
    assert numbers(read_video(path, fps=5)) == list(range(0, 20, 2))
    assert numbers(read_video(path, fps=5, start=1.4, seconds=0.6)) == [14, 16, 18]


def test_start_decodes_from_the_keyframe_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(
        tmp_path / "v.mp4", [grey(i % 32) for i in range(300)], rate=10, options={"g": "10"}
    )
    decoded = 0
    decode = Source.frames

    def counted(source: Source) -> Iterator[av.VideoFrame]:
        nonlocal decoded
        for frame in decode(source):
            decoded += 1
            yield frame

    monkeypatch.setattr(Source, "frames", counted)
    assert numbers(read_video(path, start=25.7, seconds=1)) == [i % 32 for i in range(257, 267)]
    assert decoded < 30


def test_a_way_to_the_start_can_be_left_at_every_frame(tmp_path: Path) -> None:
    once = {"g": "1000", "keyint_min": "1000", "sc_threshold": "0"}  # one keyframe only
    path = make(tmp_path / "v.mp4", [grey(i % 32) for i in range(60)], rate=10, options=once)
    steps = list(read_steps(path, start=4.0, seconds=1))
    assert [frame is None for frame in steps] == [True] * 40 + [False] * 10
    assert numbers([frame for frame in steps if frame is not None]) == [*range(8, 18)]


def test_one_frame(tmp_path: Path) -> None:
    path = make(tmp_path / "v.mp4", [grey(3)])
    assert numbers(read_video(path, fps=8)) == numbers(read_video(path)) == [3]


@pytest.mark.parametrize("angle", [90, 180, -90])
def test_rotation_flags_are_honoured(tmp_path: Path, angle: int) -> None:
    frame = np.zeros((32, 64, 3), np.uint8)
    frame[:8, :16] = 255  # a white corner: top left as stored
    path = make(tmp_path / "v.mov", [frame], rotation=angle)
    shown = np.rot90(frame, angle // 90)
    assert (probe(path).height, probe(path).width) == shown.shape[:2]
    assert np.abs(read_video(path)[0].astype(int) - shown).mean() < 3
    halved = read_video(path, size=(shown.shape[0] // 2, shown.shape[1] // 2))[0]
    assert np.abs(halved.astype(int) - shown[::2, ::2]).mean() < 3


@pytest.mark.parametrize(("height", "width"), [(47, 63), (97, 31), (31, 160)])
def test_odd_and_portrait_sizes(tmp_path: Path, height: int, width: int) -> None:
    path = make(tmp_path / "v.mkv", [grey(9, height, width)], "ffv1", "bgr0")
    assert read_video(path).shape == (1, height, width, 3)
    for size, shape in [(32, (32, 32)), ((40, 20), (40, 20)), ((1, 300), (1, 300))]:
        assert read_video(path, size=size).shape == (1, *shape, 3)
        assert numbers(read_video(path, size=size)) == [9]


def test_centre_square_by_area(tmp_path: Path) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    path = make(tmp_path / "v.mkv", [frame], "ffv1", "bgr0")  # lossless
    assert np.array_equal(read_video(path)[0], frame)
    square = frame[:, 16:80].astype(float)
    for side, rounding in [(64, 0), (16, 0.5), (24, 0.5), (17, 0.5)]:
        rows = area_weights(64, side)
        expected = np.einsum("ih,hwc,jw->ijc", rows, square, rows)
        assert np.abs(read_video(path, size=side)[0] - expected).max() <= rounding + 1e-4


def area_weights(source: int, target: int) -> np.ndarray:
    """The share that each of `source` pixels has in each of `target` larger ones."""
    edges = np.arange(target + 1)[:, None] * source / target
    covered = np.clip(edges - np.arange(source), 0, 1)
    return np.diff(covered, axis=0) * target / source


def test_memory_holds_a_few_frames_at_a_time(tmp_path: Path) -> None:
    alive: list[weakref.ref[np.ndarray]] = []

    def watched(frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        for frame in frames:
            alive.append(weakref.ref(frame))
            assert sum(reference() is not None for reference in alive) <= 4
            yield frame

    write_video(tmp_path / "v.mp4", watched(grey(i) for i in range(50)), 25)
    write_video(tmp_path / "w.mp4", watched(read_frames(tmp_path / "v.mp4", fps=50)), 50)
    assert probe(tmp_path / "w.mp4").seconds == pytest.approx(2)


def test_frames_given_twice_can_be_changed_apart(tmp_path: Path) -> None:
    path = make(tmp_path / "v.mp4", [grey(5)], rate=1)
    for frame in read_frames(path, fps=4):
        assert numbers(frame[None]) == [5]
        frame[:] = 0


@pytest.mark.parametrize("fps", [8, 29.97, 30000 / 1001, 0.5])
def test_written_files_play_in_browsers(tmp_path: Path, fps: float) -> None:
    path = tmp_path / "out.mp4"
    write_video(path, (grey(i) for i in range(20)), fps, {"title": 'a "red" car = fast'})
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(path) as file:
        stream = file.streams.video[0]
        assert (stream.codec.canonical_name, stream.pix_fmt) == ("h264", "yuv420p")
        assert file.metadata["title"] == 'a "red" car = fast'
        times = [frame.time for frame in file.decode(video=0)]
    assert times == pytest.approx([i / fps for i in range(20)])
    assert numbers(read_video(path)) == list(range(20))
    assert os.listdir(tmp_path) == ["out.mp4"]


def test_written_colours_and_odd_sizes_come_back(tmp_path: Path) -> None:
    frames = np.zeros((2, 33, 45, 3), np.uint8)
    frames[:, :16], frames[:, 16:, :22], frames[:, 16:, 22:] = (220, 30, 30), (20, 200, 40), 128
    write_video(tmp_path / "v.mp4", frames, 8)
    read = read_video(tmp_path / "v.mp4")
    assert read.shape == (2, 34, 46, 3)
    assert np.abs(read[:, :33, :45].astype(int) - frames).mean() < 3
    assert np.abs(read[:, 33, 3:20].astype(int) - frames[:, 32, 3:20]).mean() < 3  # edge repeated
    write_video(tmp_path / "v.mp4", frames[:1, :1, :1], 8)  # replaces
    assert read_video(tmp_path / "v.mp4").shape == (1, 2, 2, 3)


def test_recordings_without_a_duration(tmp_path: Path) -> None:
    frames = [grey(i) for i in range(30)]
    path = make(tmp_path / "v.webm", frames, *FORMATS["webm"], container={"live": "1"})
    with av.open(path) as file:
        assert file.duration is None
    assert probe(path).seconds == pytest.approx(1, abs=0.01)
    with pytest.raises(HiTVideoError, match=r"longer than 0\.5 seconds"):
        probe(path, Limits(max_seconds=0.5))


def refused(path: Path, match: str, **options: object) -> None:
    with pytest.raises(HiTVideoError, match=match) as caught:
        read_video(path, **options)  # type: ignore[arg-type]
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_bad_files_get_one_clear_sentence(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    refused(tmp_path / "none.mp4", "no file none.mp4")
    refused(tmp_path, "is a folder")
    path = tmp_path / "v.mp4"
    path.write_bytes(b"")
    refused(path, "is empty")
    path.write_text("Dear diary,\n" * 100)
    refused(path, "not a video")
    path.write_text("ffconcat version 1.0\nfile other.mp4\n")  # would open another file
    refused(path, "not a video")
    path.write_bytes(b"\0\0\0\x18ftypisom" + bytes(1000))
    refused(path, "v.mp4")
    with av.open(str(path), "w") as file:
        add_silence(file)
    refused(path, "holds no video")
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=30)
        stream.height = stream.width = 64
        stream.pix_fmt = "yuv420p"
        file.start_encoding()
    refused(path, "v.mp4")
    assert capfd.readouterr() == ("", "")


def test_cut_files_give_what_is_left(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (30, 48, 64, 3), np.uint8)
    whole = make(tmp_path / "v.mp4", list(noise)).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) // 2])  # the index, at the end, is missing
    refused(cut, "not a video that can be read, or its description is cut off")
    whole = make(tmp_path / "v.mp4", list(noise), container={"movflags": "faststart"}).read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    assert 5 < len(read_video(cut)) < 25
    cut.write_bytes(whole[: whole.index(b"mdat") + 8])
    refused(cut, "no frame that can be decoded")
    assert capfd.readouterr() == ("", "")


def test_too_long_or_too_large_is_refused_before_decoding(tmp_path: Path) -> None:
    hours = make(tmp_path / "v.mkv", [grey(0)] * 3, stamps=[0, 1000, 4 * 3600 * 1000])
    refused(hours, "longer than 3600 seconds")
    path = make(tmp_path / "8k.avi", [np.zeros((4320, 7680, 3), np.uint8)], "mjpeg", "yuvj420p")
    content = path.read_bytes()
    data = content.index(b"movi") + 4
    path.write_bytes(content[:data] + bytes(len(content) - data))  # nothing left to decode
    refused(path, "7680x4320 pixels")
    path = make(tmp_path / "v.mp4", [grey(i) for i in range(30)])
    refused(path, "more than 2 GiB", size=4096, fps=60)
    refused(path, "more than 7 frames", fps=8, limits=Limits(max_read_frames=7))


@pytest.mark.parametrize("bad", [0, -1, math.nan])
def test_bad_numbers(tmp_path: Path, bad: float) -> None:
    path = make(tmp_path / "v.mp4", [grey(i) for i in range(30)])
    refused(path, "frame rate must be", fps=bad)
    refused(path, "size must be", size=bad)
    refused(path, "size must be", size=(64, bad))
    refused(path, "length must be", seconds=bad)
    refused(path, "start must be", start=bad or math.inf)
    refused(path, "ends after 1 seconds, before the start at 2", start=2)
    with pytest.raises(HiTVideoError, match="frame rate must be"):
        write_video(tmp_path / "out.mp4", [grey(0)], bad)


def test_failed_writes_leave_nothing_behind(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"

    def broken() -> Iterator[np.ndarray]:
        yield grey(0, 16, 16)
        yield grey(0, 16, 16)  # still in the pipe to the encoder when it ends
        raise FileNotFoundError("not the writer's fault")

    with pytest.raises(FileNotFoundError):
        write_video(out, broken(), 8)
    for frames, words in [
        ([], "no frames"),
        ([grey(0), grey(0, 10, 10)], "one size"),
        ([np.zeros((8, 8), np.uint8)], "must be uint8 RGB"),
        ([np.zeros((8, 8, 3), np.float32)], "must be uint8 RGB"),
    ]:
        with pytest.raises(HiTVideoError, match=words):
            write_video(out, frames, 8)
    for path, words in [
        (tmp_path / "none" / "out.mp4", "no folder"),
        (tmp_path / "out.webm", "must end in .mp4"),
        (Path("/proc/out.mp4"), "cannot be written"),  # read-only, for root as well
    ]:
        with pytest.raises(HiTVideoError, match=words):
            write_video(path, [grey(0)], 8)
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_told_and_the_old_file_stays(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    write_video(out, [grey(1)], 8)
    before = out.read_bytes()
    noise = np.random.default_rng(0).integers(0, 256, (60, 128, 128, 3), np.uint8)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # stands in for a full disk
    try:
        with pytest.raises(HiTVideoError, match=r"out.mp4 cannot be written"):
            write_video(out, noise, 8)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert out.read_bytes() == before and os.listdir(tmp_path) == ["out.mp4"]


def test_reading_does_not_import_moviepy() -> None:
    code = "import sys, hitvideo.video; sys.exit('moviepy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("suffix", FORMATS)
def test_damaged_bytes_never_do_worse_than_an_error(tmp_path: Path, suffix: str) -> None:
    frames = list(np.random.default_rng(0).integers(0, 256, (12, 48, 64, 3), np.uint8))
    whole = make(tmp_path / f"v.{suffix}", frames, *FORMATS[suffix]).read_bytes()
    random = np.random.default_rng(1)
    path = tmp_path / f"damaged.{suffix}"
    limits = Limits(max_seconds=100, max_side=512, max_read_frames=1000)
    for _ in range(150):
        content = np.frombuffer(whole, np.uint8).copy()
        header = random.random() < 0.5  # where the sizes and durations are
        places = random.integers(0, 600 if header else len(content), 12)
        content[places[places < len(content)]] = random.integers(0, 256)
        path.write_bytes(content.tobytes()[: random.integers(1, 2 * len(content))])
        for options in [{}, {"fps": 8.0, "size": 32}, {"start": 0.2}]:
            with suppress(HiTVideoError):
                assert read_video(path, limits=limits, **options).shape[0] >= 1


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (None, "which the environment names, is none"),
        ("exit 0", "the encoder"),
        ("exit 3", "ended with code 3"),
        ("cat > /dev/null", "the encoder wrote nothing"),
        ("kill -9 $$", "ended by a signal"),
        ("echo I am full >&2; exit 1", "I am full"),
    ],
)
def test_an_ffmpeg_that_is_none_is_said(
    script: str | None, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, out = tmp_path / "ffmpeg", tmp_path / "out" / "a.mp4"
    out.parent.mkdir()
    out.write_bytes(b"old")
    if script is not None:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("FFMPEG_BINARY", str(program))
    monkeypatch.setattr("moviepy.video.io.ffmpeg_writer.FFMPEG_BINARY", str(program))
    with pytest.raises(HiTVideoError, match=words):
        write_video(out, np.zeros((40, 128, 128, 3), np.uint8), 8)
    assert out.read_bytes() == b"old" and list(out.parent.iterdir()) == [out]


def test_a_written_video_says_all_about_its_colours(tmp_path: Path) -> None:
    """A browser guesses all of it, and wrongly for small pictures, where any of it is missing."""
    write_video(tmp_path / "a.mp4", np.full((2, 32, 32, 3), (55, 184, 160), np.uint8), 8)
    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        bt709, limited = 1, 1
        said = context.colorspace, context.color_primaries, context.color_trc
        assert said == (bt709, bt709, bt709) and context.color_range == limited
