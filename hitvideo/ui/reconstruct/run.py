"""The work behind the Reconstruct tab: a video file in, what the page shows out, step by step.

A generator that can be closed between any two groups of frames and leaves no file behind. Knows
nothing of buttons or layout.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from hitvideo.errors import HiTVideoError
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.pipeline.reconstruct import LevelResult
from hitvideo.temporary import scratch_folder
from hitvideo.ui.checks import choice, is_number
from hitvideo.ui.errors import explain, refusal
from hitvideo.ui.hosting import RECONSTRUCT_SECONDS
from hitvideo.ui.player import PlayerView, Tile, Value
from hitvideo.ui.reconstruct.archive import save_archive
from hitvideo.ui.reconstruct.bits_map import LEAST, MOST, bits_map
from hitvideo.ui.reconstruct.quality_table import table_value
from hitvideo.ui.tokens.run import TokenFiles
from hitvideo.video import Notes, read_steps, write_video

FPS = 8.0  # frames per second that the models know
SIZES = (64, 128, 192, 256)  # sides of the square clip, pixels
SURE_AFTER = 0.5  # seconds of work before a guess at the time left is worth showing


class Request(NamedTuple):
    """A checked request; start and seconds in seconds, size in pixels a side."""

    path: str
    start: float
    seconds: float
    size: int

    @classmethod
    def check(
        cls,
        path: object,
        start: object,
        length: object,
        size: object,
        longest: float,
    ) -> Self:
        """Raises HiTVideoError for what a person can put right; longest: in seconds."""
        if not path or not isinstance(path, str):
            raise HiTVideoError("Choose a clip first: upload one, or take an example.")
        if not is_number(start) or start < 0:
            raise HiTVideoError("The start must be a number of seconds, 0 or more.")
        if not is_number(length) or not 0 < length <= longest:
            raise HiTVideoError(f"The length must be more than 0 and at most {longest:g} seconds.")
        size = choice(size)
        if not is_number(size) or size not in SIZES:  # 64.0 is 64
            raise HiTVideoError(f"The size must be one of {', '.join(map(str, SIZES))} pixels.")
        return cls(path, start, length, int(size))


class Reconstructed(NamedTuple):
    """What a caller of the API gets, and the page shows.

    screen: a `PlayerView.value`. table: a `table_value`. tokens: a token file of all levels;
    archive: a ZIP file of everything; both None until they are made.
    """

    screen: Value
    table: Value
    tokens: str | None = None
    archive: str | None = None


class Reconstruction:
    """One pipeline, any number of people: nothing of a run is kept here."""

    def __init__(
        self,
        pipeline: HiTVideoPipeline,
        tokens: TokenFiles,
        max_seconds: float = RECONSTRUCT_SECONDS,
    ) -> None:
        self.pipeline, self.tokens, self.max_seconds = pipeline, tokens, max_seconds

    def stream(
        self, video: str | None, start: float | None, length: float | None, size: int | None
    ) -> Iterator[Reconstructed]:
        """Encode a clip and decode it at every level, coarse first.

        video: a video file. start: where to begin, in seconds. length: seconds, at most 20.
        size: side of the centre square, in pixels: 64, 128, 192 or 256.

        Returns what the player shows ({tiles: [{label, detail, video, psnr, ssim}], message, note,
        ...}: the original at 8 fps, then an MP4 for every level and the quality of each of its
        frames, and at the end a film of where the bits are spent; what to know of the clip, such
        as that its file ends early), the table ({summary, rows: [{level, tokens, bits, bpp, bytes,
        bpp_actual, psnr, ssim}]}: tokens and bits of the level alone, the others with all coarser
        levels: nominal bits per pixel, bytes of the token file, its actual bits per pixel,
        quality), the token file (.hitv), and a ZIP file of all videos, the token file and the table
        (CSV and JSON). The first two grow level by level; the files and what is known from them
        come last.
        """
        try:
            # Gradio copies what is shown to its own cache, which it cleans; the rest ends here.
            with scratch_folder() as folder:
                request = Request.check(video, start, length, size, self.max_seconds)
                yield from self._run(folder, request)
        except Exception as error:
            message = explain(error, "A reconstruction")
            yield Reconstructed(self.view(message=message, failed=True).value, table_value())
            raise refusal(message) from error

    def view(
        self,
        original: Tile | None = None,
        ready: Sequence[Tile] = (),
        message: str = "",
        progress: float | None = None,
        seconds_left: int | None = None,
        failed: bool = False,
        note: str = "",
    ) -> PlayerView:
        """The player with a place for every level, filled as far as it is `ready`."""
        levels = range(len(ready) + 1, self.pipeline.tokenizer.config.depth + 1)
        missing = (Tile(f"Level {level}") for level in levels)
        tiles = (original or Tile("Original"), *ready, *missing)
        return PlayerView(tiles, message, progress, seconds_left, failed, note)

    def _run(self, folder: Path, request: Request) -> Iterator[Reconstructed]:
        view = self.view(message="Reading the clip", progress=0.0)
        yield (reading := Reconstructed(view.value, table_value()))
        pictures = []
        path, start, seconds, size = request
        notes = Notes()
        for picture in read_steps(
            path, fps=FPS, size=size, start=start, seconds=seconds, notes=notes
        ):
            if picture is not None:
                pictures.append(picture)
            yield reading
        frames = np.stack(pictures)
        file = write(folder / "original.mp4", frames)
        original = Tile("Original", f"{size} pixels a side, {FPS:g} fps", file)

        results: list[LevelResult] = []
        tiles: list[Tile] = []
        begun = time.monotonic()
        for step in self.pipeline.reconstruct(frames):
            if step.result is not None:
                results.append(step.result)
                file = write(folder / f"level-{step.result.level}.mp4", step.result.frames)
                tiles.append(level_tile(step.result, file))
            left = seconds_left(step.progress, time.monotonic() - begun)
            view = self.view(original, tiles, step.message, step.progress, left, note=notes.note)
            yield Reconstructed(view.value, table_value(results))
        tokens = folder / f"{Path(path).stem}.hitv"
        sizes = self.tokens.save(tokens, results[-1].codes, FPS)
        table = table_value(results, sizes)
        tiles = [
            replace(tile, detail=f"{row['bpp_actual']:.4f} bpp")
            for tile, row in zip(tiles, table["rows"], strict=True)
        ]
        spent = bits_map(
            self.pipeline.coder.bits(results[-1].codes),
            [level.stride for level in self.pipeline.tokenizer.config.levels],
            (len(frames), size, size),
        )
        words = f"{LEAST:g} to {MOST:g} a pixel"
        tiles.append(Tile("Bits", words, write(folder / "bits.mp4", spent)))
        archive = folder / f"{Path(path).stem}.zip"
        videos = [tile.video for tile in (original, *tiles) if tile.video is not None]
        save_archive(archive, [*videos, tokens], table["rows"])
        done = f"Done in {time.monotonic() - begun:.0f} s"
        view = self.view(original, tiles, done, note=notes.note)
        yield Reconstructed(view.value, table, str(tokens), str(archive))


def level_tile(result: LevelResult, video: Path) -> Tile:
    """The tile of levels 1 to that of the result. What they take is known with the token file."""
    words = f"{result.tokens:,} tokens"
    return Tile(f"Level {result.level}", words, video, result.frame_psnr, result.frame_ssim)


def seconds_left(progress: float, elapsed: float) -> int | None:
    """A guess from the pace so far; None while it would be too rough, or when all is done."""
    if elapsed < SURE_AFTER or not 0 < progress < 1:
        return None
    return max(1, math.ceil(elapsed * (1 - progress) / progress))


def write(path: Path, frames: np.ndarray) -> Path:
    write_video(path, frames, FPS)
    return path
