"""The shared small inputs that once failed, each as its README says; skipped where they are not.

All show the same frames: a grey ramp of 25 frames a second behind four patches.
"""

from pathlib import Path

import numpy as np
import pytest

from hitvideo.video import Notes, probe, read_video

CASES = Path(__file__).parents[2].parent / "shared" / "cases"

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the shared inputs are not here")

# Means of the 32 frames of four seconds, at 8 fps.
RAMP = [75, 77, 78, 80, 81, 83, 84, 86, 88, 89, 91, 92, 94, 95, 97, 98]
RAMP += [100, 102, 103, 105, 106, 108, 109, 111, 113, 114, 116, 117, 119, 120, 122, 123]


def means(frames: np.ndarray) -> list[float]:
    return [float(frame.mean()) for frame in frames]


@pytest.mark.parametrize(
    ("name", "seconds", "frames"),
    [
        ("cat_a1_b3.ts", 4, 32),
        ("audio59min.mkv", 2, 16),
        ("thumb_first.mkv", 4, 32),
        ("frag.mp4", 2, 16),
        ("wrap.ts", 4, 32),
        ("o_r90.mp4", 1, 8),
        ("px_601pc.mp4", 2, 16),
        ("long100.mp4", 4, 32),
        ("hdr_pq.mp4", 2, 16),
    ],
)
def test_the_whole_video_is_read_in_order(name: str, seconds: float, frames: int) -> None:
    notes = Notes()
    read = read_video(CASES / name, fps=8, notes=notes)
    assert means(read) == pytest.approx(RAMP[:frames], abs=1.2)
    assert probe(CASES / name).seconds == pytest.approx(seconds)
    assert notes.complete


def test_frames_of_half_a_hertz() -> None:
    assert means(read_video(CASES / "fps05.mp4", fps=8)) == pytest.approx(
        [75] * 16 + [85] * 16 + [95] * 16, abs=1
    )


def test_a_size_that_changes_where_two_recordings_are_joined() -> None:
    read = read_video(CASES / "reschange.ts", fps=8)
    assert read.shape == (16, 64, 64, 3) and means(read) == pytest.approx(RAMP[:16], abs=1)


@pytest.mark.parametrize("start", [0.125, 0.5, 1.125, 3.0])
def test_a_start_in_joined_recordings(start: float) -> None:
    read = read_video(CASES / "cat_a1_b3.ts", fps=8, start=start, seconds=0.5)
    first = round(start * 8)
    assert means(read) == pytest.approx(RAMP[first : first + 4], abs=1)


def test_a_start_in_a_program_stream() -> None:
    whole = read_video(CASES / "long.mpg")
    for start in (2.5, 2.6, 7.04):
        read = read_video(CASES / "long.mpg", start=start, seconds=0.5)
        first = int(start * 25 + 1e-9)
        assert np.array_equal(read, whole[first : first + len(read)]) and 12 <= len(read) <= 13


def test_a_broken_download_is_read_as_far_as_it_goes() -> None:
    notes = Notes()
    read = read_video(CASES / "cut_half.mkv", fps=8, notes=notes)
    assert means(read) == pytest.approx(RAMP[:11], abs=1)
    assert not notes.complete
    assert notes.note == "The file ends early, after 1.36 of 4 seconds."


def test_hdr_is_tone_mapped() -> None:
    notes = Notes()
    frame = read_video(CASES / "hdr_pq.mp4", seconds=0.04, notes=notes)[0]
    colours, counts = np.unique(frame.reshape(-1, 3).astype(int), axis=0, return_counts=True)
    red = colours[np.where(colours[:, 0] > colours[:, 1] + 100, counts, 0).argmax()]
    assert np.abs(red - (200, 40, 40)).max() <= 4
    assert "HDR (PQ)" in notes.note


@pytest.mark.parametrize("name", ["alpha.webm", "alpha.apng"])
def test_transparency_shows_white(name: str) -> None:
    frame = read_video(CASES / name)[0].astype(int)
    pixels = frame.reshape(-1, 3)
    white = np.abs(pixels - 255).max(1) <= 5
    red = np.abs(pixels - (200, 40, 40)).max(1) <= 12
    assert white.sum() == 3328 and red.sum() == 768  # no trace of the magenta beneath
