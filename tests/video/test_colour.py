"""Colours as a player shows them: high dynamic range, transparency, interlaced fields."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.filter import Graph

from hitvideo.video import Notes, read_video
from hitvideo.video.colour import composited, tone_mapped
from tests.video.making import grey, make

PQ, HLG = 16, 18


def pq(nits: np.ndarray) -> np.ndarray:
    """The inverse EOTF of SMPTE ST 2084."""
    y = (np.asarray(nits) / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375


def hlg(nits: np.ndarray) -> np.ndarray:
    """ARIB STD-B67 for a display of 1000 cd/m2, of colours without hue."""
    scene = (np.asarray(nits) / 1000) ** (1 / 1.2)
    high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), high)


# Linear light of BT.709 in BT.2020 (ITU-R BT.2087).
TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])


def picture(codes: np.ndarray) -> np.ndarray:
    return np.rint(np.broadcast_to(codes, (2, 2, 3)) * 65535).astype(np.uint16)


@pytest.mark.parametrize("transfer", ["PQ", "HLG"])
def test_greys_of_both_kinds_of_hdr(transfer: str) -> None:
    encode = pq if transfer == "PQ" else hlg
    shown = []
    for nits in (0, 10, 50, 90, 203, 500, 1000):
        pixels = tone_mapped(picture(encode(np.full(3, nits))), transfer).astype(int)
        assert np.ptp(pixels) <= 1  # grey stays grey
        shown.append(int(pixels[0, 0, 0]))
    dark = [round(255 * (nits / 203) ** (1 / 2.4)) for nits in (0, 10, 50, 90)]
    assert shown[:4] == pytest.approx(dark, abs=2)  # as they are, below the knee
    assert 220 <= shown[4] <= 240 and shown[6] == 255  # reference white, and the brightest
    assert shown == sorted(shown)


@pytest.mark.parametrize("colour", [(200, 40, 40), (43, 180, 60), (40, 60, 200), (16, 16, 16)])
def test_colours_of_ordinary_video_come_back_from_hdr(colour: tuple[int, int, int]) -> None:
    light = 203 * TO_BT2020 @ (np.array(colour) / 255) ** 2.4
    assert np.abs(tone_mapped(picture(pq(light)), "PQ")[0, 0].astype(int) - colour).max() <= 4


def test_hue_survives_the_roll_off_and_other_primaries() -> None:
    light = 203 * TO_BT2020 @ np.array([3.0, 1.5, 0.3])
    shown = (tone_mapped(picture(pq(light)), "PQ")[0, 0] / 255) ** 2.4
    assert shown[1] / shown[0] == pytest.approx(0.5, abs=0.02)
    assert shown[2] / shown[0] == pytest.approx(0.1, abs=0.01)
    same = tone_mapped(picture(pq(np.array([90.0, 30, 10]))), "PQ", 1)[0, 0]
    assert np.abs(same - 255 * (np.array([90, 30, 10]) / 203) ** (1 / 2.4)).max() <= 1.5


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_hdr_files_are_tone_mapped_and_say_so(tmp_path: Path, transfer: int) -> None:
    nits = np.full((64, 96, 3), 60.0)
    nits[:32, :48] = 10
    codes = np.rint((pq if transfer == PQ else hlg)(nits) * 255).astype(np.uint8)
    path = tmp_path / "v.mp4"
    name = "smpte2084" if transfer == PQ else "arib-std-b67"
    options = {"color_primaries": "bt2020", "color_trc": name, "qp": "0"}
    make(path, [codes] * 3, "libx264", "yuv444p", options=options)
    notes = Notes()
    frame = read_video(path, notes=notes)[0].astype(int)
    expected = 255 * (nits / 203) ** (1 / 2.4)
    assert np.abs(frame - expected).max() <= 4
    kind = "PQ" if transfer == PQ else "HLG"
    assert notes.sentences == [
        f"The video is HDR ({kind}); it was tone-mapped to SDR, with reference white at 203 nits."
    ]
    small = read_video(path, size=(16, 24), notes=Notes())[0].astype(int)  # shrunk before
    assert np.abs(small[::8, ::12] - expected[::32, ::48]).max() <= 4
    assert notes.complete


ALPHA = {
    "webm": ("libvpx-vp9", "yuva420p"),
    "mkv": ("libvpx", "yuva420p"),
    "apng": ("apng", "rgba"),
    "mov": ("qtrle", "argb"),
    "avi": ("png", "rgba"),
    "nut": ("ffv1", "yuva444p"),
    "mxf.mov": ("prores_ks", "yuva444p10le"),
}


@pytest.mark.parametrize("suffix", ALPHA)
def test_transparency_is_laid_on_white_in_every_format(tmp_path: Path, suffix: str) -> None:
    codec, pixels = ALPHA[suffix]
    layers = np.zeros((64, 64, 4), np.uint8)
    layers[...] = (255, 0, 255, 0)  # magenta that must not show
    layers[16:48, :32] = (200, 40, 40, 255)
    layers[16:48, 32:] = (40, 40, 200, 128)
    path = tmp_path / f"v.{suffix}"
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=5)
        stream.height = stream.width = 64
        stream.pix_fmt = pixels
        if codec.startswith("libvpx"):
            stream.metadata["alpha_mode"] = "1"
            stream.options = {"auto-alt-ref": "0", "b": "2M"}
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(layers, format="rgba").reformat(format=pixels)
            frame.pts = None
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    read = read_video(path).astype(int)
    assert len(read) == 3
    for (y, x), colour in {
        (8, 8): (255, 255, 255),
        (32, 12): (200, 40, 40),
        (32, 52): (147, 147, 227),
    }.items():
        assert np.abs(read[:, y, x] - colour).max() <= 12, (y, x)


def test_compositing_is_exact_at_both_ends() -> None:
    picture = np.arange(256, dtype=np.uint8)[:, None, None].repeat(3, 2)
    opaque, clear = (np.full((256, 1, 1), alpha, np.uint8) for alpha in (255, 0))
    assert np.array_equal(composited(picture, opaque), picture)
    assert (composited(picture, clear) == 255).all()
    half = composited(picture, np.full((256, 1, 1), 128, np.uint8)).astype(float)
    assert np.abs(half - (picture * 128.0 + 255 * 127) / 255).max() <= 0.5


def interlaced(path: Path, codec: str, frames: int) -> Path:
    """A bar that moves 8 pixels from one field to the next, the upper field first."""
    graph = Graph()
    yuv, tick = av.VideoFormat("yuv420p"), Fraction(1, 25)
    source = graph.add_buffer(width=96, height=64, format=yuv, time_base=tick)
    graph.link_nodes(source, graph.add("setfield", "tff"), graph.add("buffersink")).configure()
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=25, options={"flags": "+ildct+ilme", "g": "4"})
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
        stream.codec_context.time_base = tick
        for i in range(frames):
            woven = grey(4, 64, 96)
            for field in range(2):
                left = 8 * (2 * i + field) % 80
                woven[field::2, left : left + 16] = 220
            frame = av.VideoFrame.from_ndarray(woven, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = i, tick
            graph.push(frame)
            marked = graph.pull()
            marked.pts, marked.time_base = i, tick
            file.mux(stream.encode(marked))
        file.mux(stream.encode())
    return path


@pytest.mark.parametrize("frames", [1, 9])
@pytest.mark.parametrize(("suffix", "codec"), [("mpg", "mpeg2video"), ("mp4", "libx264")])
def test_interlaced_video_shows_no_combs(
    tmp_path: Path, suffix: str, codec: str, frames: int
) -> None:
    path = interlaced(tmp_path / f"v.{suffix}", codec, frames)
    notes = Notes()
    read = read_video(path, notes=notes)
    assert len(read) == frames
    assert notes.sentences == ["The video is interlaced; its fields were made whole pictures."]
    if frames == 1:
        return  # there is nothing to tell the fields apart by
    rows = read[:, 8:56].astype(int).mean(-1)
    assert np.abs(np.diff(rows, axis=1)).mean() < 8  # woven, it is 31
    assert np.array_equal(read_video(path, start=0.2, notes=Notes())[1:], read[6:])
