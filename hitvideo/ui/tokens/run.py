"""The work behind token files in the app: codes to a `.hitv` file, and such a file to an MP4.

A generator that can be closed between any two frames and leaves no file behind. Knows nothing of
buttons or layout.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hitvideo.bitstream import TokenReader, decode_video
from hitvideo.errors import HiTVideoError
from hitvideo.files import binary_output
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.rates import bits_per_pixel
from hitvideo.temporary import scratch_folder
from hitvideo.tokenizer import VideoCodes
from hitvideo.tokenizer.config import GROUP
from hitvideo.ui.checks import choice, is_number
from hitvideo.ui.errors import explain, refusal
from hitvideo.ui.player import PlayerView, Tile, Value
from hitvideo.video import write_video

MAX_PIXELS = 1 << 25  # of all frames together: four minutes of 128 x 128 at 8 fps
PLACE = Tile("Video")  # where the decoded clip will be


class Opened(NamedTuple):
    """What a caller of the API gets, and what the page shows.

    mp4: the file's video; None until it is made. report: what the file holds; None until it is
    read. screen: a `PlayerView.value`.
    """

    mp4: str | None
    report: dict[str, Any] | None
    screen: Value


class TokenFiles:
    """One release of weights, any number of people: nothing of a run is kept here."""

    def __init__(self, pipeline: HiTVideoPipeline) -> None:
        self.pipeline = pipeline

    def save(self, path: Path, codes: VideoCodes, fps: float) -> tuple[int, ...]:
        """Writes the token file of one clip; returns its bytes when cut after level 1, 2, ..."""
        data = self.pipeline.write_tokens(codes, fps)
        with binary_output(path) as file:
            file.write(data)
        return self.pipeline.coder.level_sizes(data)

    def stream(self, file: str | None, depth: int | None = None) -> Iterator[Opened]:
        """Turn a token file (.hitv) of this model into video, at any depth that it holds.

        file: the token file. depth: how many levels to decode, coarse first; 0 is all it has.

        Returns an MP4 of the clip, a report ({frames, height, width, fps, depths: levels decoded
        of every 8 seconds, bytes: of the file up to that depth, bpp: actual bits per pixel,
        complete: whether the file is whole, note: what is missing}), and what the player shows
        ({tiles: [{label, detail, video}], message, ...}).
        """
        try:
            if not file or not isinstance(file, str):
                raise HiTVideoError("Choose a token file first: one that ends in .hitv.")
            # Gradio copies what is shown to its own cache, which it cleans; the rest ends here.
            with scratch_folder() as folder:
                yield from self._run(folder, Path(file), checked_depth(depth))
        except Exception as error:
            message = explain(error, "Decoding a token file")
            yield Opened(None, None, PlayerView((PLACE,), message, failed=True).value)
            raise refusal(message) from error

    def _run(self, folder: Path, path: Path, depth: int | None) -> Iterator[Opened]:
        with path.open("rb") as file:
            reader = TokenReader(self.pipeline.coder.release, file)
            report = report_on(reader, depth)
            frames = []
            for frame in decode_video(self.pipeline.tokenizer, reader, depth):
                frames.append(frame)
                if len(frames) % GROUP == 0:
                    done = len(frames) / report["frames"]
                    yield Opened(None, report, PlayerView((PLACE,), "Decoding", done).value)
        mp4 = folder / f"{path.stem}.mp4"
        write_video(mp4, frames, reader.fps)
        yield Opened(str(mp4), report, PlayerView((tile(report, mp4),), describe(report)).value)


def checked_depth(depth: object) -> int | None:
    """How many levels to decode; None for nothing or 0, which is all that there are."""
    if depth is None:
        return None
    depth = choice(depth)
    if not is_number(depth) or depth != int(depth):
        raise HiTVideoError("The levels to decode must be a whole number, or 0 for all.")
    return int(depth) or None


def report_on(reader: TokenReader, depth: int | None) -> dict[str, Any]:
    """What the file holds, down to `depth`; HiTVideoError for what the app is not made for."""
    layout = reader.layout
    pixels = layout.frames * layout.height * layout.width
    if pixels > MAX_PIXELS:
        raise HiTVideoError(
            f"This token file holds {layout.frames} frames of {layout.width}x{layout.height}, "
            "which is more than this page decodes; python -m hitvideo decode does."
        )
    depths = [held if depth is None else min(held, depth) for held in reader.depths]
    size = reader.sizes[max(depths) - 1]
    return {
        "frames": layout.frames,
        "height": layout.height,
        "width": layout.width,
        "fps": reader.fps,
        "depths": depths,
        "bytes": size,
        "bpp": bits_per_pixel(8 * size, (layout.frames, layout.height, layout.width)),
        "complete": not reader.note,
        "note": reader.note,
    }


def tile(report: dict[str, Any], mp4: Path) -> Tile:
    deepest = max(report["depths"])
    label = "Level 1" if deepest == 1 else f"Levels 1 to {deepest}"
    return Tile(label, f"{report['bytes']:,} bytes, {report['bpp']:.4f} bpp actual", mp4)


def describe(report: dict[str, Any]) -> str:
    """What was opened, and what is missing from it, for people."""
    shape = f"{report['width']} by {report['height']} pixels"
    clip = f"{report['frames'] / report['fps']:.1f} s, {shape}, {report['fps']:g} fps"
    return f"{clip}. {report['note']}" if report["note"] else clip
