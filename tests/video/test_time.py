"""When which frame is shown: joined recordings, sound that goes on, several streams, cut files."""

import warnings
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from hitvideo.errors import HiTVideoError, HiTVideoWarning
from hitvideo.video import Notes, probe, read_frames, read_video
from tests.video.making import FORMATS, add_silence, grey, make, numbers

MPEG2 = ("mpeg2video", "yuv420p")


def joined(folder: Path, suffix: str, counts: list[int], codec: tuple[str, str]) -> Path:
    """Recordings of so many frames each, numbered through, whose clocks all begin alike."""
    path, first = folder / f"joined.{suffix}", 0
    with path.open("wb") as file:
        for count in counts:
            frames = [grey(i) for i in range(first, first + count)]
            file.write(make(folder / f"piece.{suffix}", frames, *codec, rate=25).read_bytes())
            first += count
    return path


@pytest.mark.parametrize("counts", [[10, 20], [20, 10], [9, 3, 18], [1, 29], [28, 2]])
@pytest.mark.parametrize(
    ("suffix", "codec"), [("ts", ("libx264", "yuv420p")), ("ts", MPEG2), ("mpg", MPEG2)]
)
def test_joined_recordings_go_on_after_the_join(
    tmp_path: Path, suffix: str, codec: tuple[str, str], counts: list[int]
) -> None:
    path = joined(tmp_path, suffix, counts, codec)
    assert probe(path).seconds == pytest.approx(30 / 25, abs=0.001)
    assert numbers(read_video(path)) == list(range(30))
    assert numbers(read_video(path, fps=25)) == list(range(30))
    for start in (0.08, 0.4, 0.64, 1.12):
        first = round(start * 25)
        assert numbers(read_video(path, start=start)) == list(range(first, 30))


def test_a_single_time_that_is_wrong_is_no_join(tmp_path: Path) -> None:
    path = make(tmp_path / "v.ts", [grey(i) for i in range(20)], rate=25, options={"bf": "0"})
    with av.open(str(path)) as source, av.open(str(tmp_path / "w.nut"), "w") as file:
        out = file.add_stream_from_template(source.streams.video[0])
        for index, packet in enumerate(source.demux(video=0)):
            if packet.dts is not None:
                packet.stream = out
                if index == 10:  # NUT's own rules keep this within the frames before
                    packet.pts = packet.dts = packet.dts - 1
                file.mux(packet)
    assert numbers(read_video(tmp_path / "w.nut", fps=25)) == list(range(20))


@pytest.mark.parametrize("suffix", ["mpg", "ts"])
def test_a_start_shows_what_the_whole_shows_there(tmp_path: Path, suffix: str) -> None:
    frames = [grey(i % 32) for i in range(120)]
    path = make(tmp_path / f"v.{suffix}", frames, *MPEG2, rate=25, options={"bf": "2", "g": "12"})
    whole = read_video(path)
    assert len(whole) == 120
    for first in range(3, 118, 7):
        read = read_video(path, start=first / 25, seconds=0.12)
        assert np.array_equal(read, whole[first : first + 3])


def with_sound(path: Path, seconds: float, tags: bool) -> Path:
    """Ten frames, one second of them, beside that much sound."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=10)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        sound = file.add_stream("flac", rate=8000)
        for i in range(10):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(grey(i), format="rgb24")))
        file.mux(stream.encode())
        for i in range(round(seconds * 10)):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
            silence.sample_rate, silence.pts = 8000, 800 * i
            file.mux(sound.encode(silence))
        file.mux(sound.encode())
    if not tags:  # as other writers do, who say how long the whole is and no more
        path.write_bytes(path.read_bytes().replace(b"DURATION", b"COMMENTS"))
    return path


@pytest.mark.parametrize("tags", [True, False])
def test_sound_that_goes_on_does_not_make_the_video_longer(tmp_path: Path, tags: bool) -> None:
    path = with_sound(tmp_path / "v.mkv", 30, tags)
    notes = Notes()
    assert probe(path).seconds == pytest.approx(1)
    assert numbers(read_video(path, notes=notes)) == list(range(10))
    assert notes == Notes()  # the video is whole


@pytest.mark.parametrize("default", [None, 0, 1])
def test_the_default_stream_is_shown_else_the_first(tmp_path: Path, default: int | None) -> None:
    path = tmp_path / "v.mkv"
    with av.open(str(path), "w") as file:
        streams = [file.add_stream("libx264", rate=10) for _ in range(2)]
        for number, stream in enumerate(streams):
            stream.height, stream.width, stream.pix_fmt = 48, 64 + 16 * number, "yuv420p"
            stream.disposition = Disposition.default if number == default else Disposition(0)
        for number, stream in enumerate(streams):
            picture = grey(10 + number, 48, 64 + 16 * number)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            file.mux(stream.encode(frame) + stream.encode())
    assert numbers(read_video(path)) == [10 + (default or 0)]
    assert probe(path).width == 64 + 16 * (default or 0)


def test_the_cover_of_a_song_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as file:
        cover = file.add_stream("mjpeg", rate=10)
        cover.height, cover.width, cover.pix_fmt = 48, 64, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        add_silence(file)
        frame = av.VideoFrame.from_ndarray(grey(10), format="rgb24")
        file.mux(cover.encode(frame) + cover.encode())
    with av.open(str(path)) as file:
        assert file.streams.video  # so it is the flag that counts
    with pytest.raises(HiTVideoError, match="holds no video"):
        read_video(path)


def noise(count: int) -> list[np.ndarray]:
    """Frames that take some bytes, so that a file can be cut in the middle of any."""
    return list(np.random.default_rng(0).integers(0, 120, (count, 48, 64, 3), np.uint8))


CUT = {suffix: FORMATS[suffix] for suffix in ("mkv", "webm", "avi", "ts", "gif")}
CUT |= {"mp4": FORMATS["mp4"], "mov": FORMATS["mov"], "flv": FORMATS["mp4"]}
CUT |= {"apng": ("apng", "rgb24"), "mjpeg": ("mjpeg", "yuvj420p")}


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("suffix", CUT)
def test_a_file_that_ends_early_is_read_that_far_and_says_so(
    tmp_path: Path, suffix: str, share: float
) -> None:
    path = tmp_path / f"v.{suffix}"
    # Frames that are large beside what heads the file.
    large = {"b": "4M"} if CUT[suffix][0] == "mjpeg" else {}
    make(path, noise(40), *CUT[suffix], 25, container={"movflags": "faststart"}, options=large)
    notes = Notes()
    whole = read_video(path, notes=notes)
    assert len(whole) == 40 and notes == Notes()
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])

    notes = Notes()
    read = read_video(path, notes=notes)
    count = len(read)
    assert 0 < count < 40
    sure = max(1, count - 4)  # the last ones may be damaged, or lack one between them
    assert np.array_equal(read[:sure], whole[:sure])
    seconds = len(read_video(path, fps=25, notes=Notes())) / 25
    assert not notes.complete and f"ends early, after {seconds:.3g}" in notes.note
    notes = Notes()
    assert len(read_video(path, seconds=0.04, notes=notes)) == 1 and notes.complete


def test_notes_that_nobody_asks_for_are_warnings(tmp_path: Path) -> None:
    path = make(tmp_path / "v.mkv", noise(30))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.warns(HiTVideoWarning, match=r"^v\.mkv: The file ends early, after 0\.\d+ of 1 s"):
        list(read_frames(path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(read_frames(path, notes=Notes()))


def test_frames_that_avi_leaves_out_repeat_the_one_before(tmp_path: Path) -> None:
    stamps = [0, 200, 400, 1000, 1200]
    path = tmp_path / "v.avi"
    make(path, [grey(i) for i in range(5)], "mjpeg", "yuvj420p", Fraction(5), stamps)
    notes = Notes()
    assert numbers(read_video(path, fps=5, notes=notes)) == [0, 1, 2, 2, 2, 3, 4]
    assert notes.complete
