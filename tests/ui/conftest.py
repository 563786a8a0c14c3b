"""The app with a tiny tokenizer, served on this machine, and a clip to give it."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hitvideo.pipeline import HiTVideoPipeline, ReconstructStep
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.ui.app import build_app, launch
from hitvideo.video import write_video


class WatchedPipeline(HiTVideoPipeline):
    """The real pipeline, which notes what its runs do and can be slowed down to be stopped."""

    pause = 0.0  # seconds of rest after every step

    def __init__(self, tokenizer: HiTVideoTokenizer) -> None:
        super().__init__(tokenizer)
        self.ended: list[float] = []  # the progress at which each run ended

    def reconstruct(self, frames: np.ndarray) -> Iterator[ReconstructStep]:
        progress = 0.0
        try:
            for step in super().reconstruct(frames):
                progress = step.progress
                time.sleep(self.pause)
                yield step
        finally:
            self.ended.append(progress)


class Served:
    """A running app: its address, its pipeline, and what its runs have left in `temp`."""

    def __init__(self, url: str, pipeline: WatchedPipeline, temp: Path) -> None:
        self.url = url
        self.pipeline = pipeline
        self.temp = temp

    @property
    def leftovers(self) -> list[str]:
        return [path.name for path in self.temp.glob("hitvideo-*")]

    def wait_for_end(self, runs: int) -> None:
        deadline = time.monotonic() + 10
        while (len(self.pipeline.ended) < runs or self.leftovers) and time.monotonic() < deadline:
            time.sleep(0.02)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, tiny: HiTVideoTokenizer) -> Iterator[Served]:
    temp = tmp_path_factory.mktemp("app")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(temp))
        patch.setenv("GRADIO_TEMP_DIR", str(temp / "gradio"))
        pipeline = WatchedPipeline(tiny)
        app = build_app(pipeline)
        url = launch(app, prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
        yield Served(url, pipeline, temp)
        app.close()


@pytest.fixture
def served(server: Served) -> Iterator[Served]:
    server.pipeline.pause = 0.0
    server.pipeline.ended.clear()
    yield server
    server.pipeline.pause = 0.0
    assert server.leftovers == []


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of a disc that crosses a slope of colour, 96 x 64 pixels, 8 fps."""
    y, x = np.mgrid[:64, :96]
    frames = np.empty((32, 64, 96, 3), np.uint8)
    for t, frame in enumerate(frames):
        frame[:] = np.stack([2 * x, 3 * y, 255 - x - y], -1)
        frame[(x - 3 * t) ** 2 + (y - 32) ** 2 < 150] = (250, 240, 40)
    path = tmp_path_factory.mktemp("clips") / "disc.mp4"
    write_video(path, frames, 8)
    return path


@pytest.fixture(scope="session")
def text_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "notes.mp4"
    path.write_text("These are only words. " * 50)
    return path
