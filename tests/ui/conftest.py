"""The app with tiny random models, served on this machine, a clip to give it, and a browser."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import TINY, randomize

from hitvideo.generator import GeneratorConfig, HiTVideoGenerator, written_levels
from hitvideo.generator.presets import planner
from hitvideo.generator.text import new_text_encoder
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.pipeline.reconstruct import ReconstructStep
from hitvideo.pipeline.result import GenerateStep
from hitvideo.tokenizer import HiTVideoTokenizer, fingerprint
from hitvideo.ui import clip_files
from hitvideo.ui.app import build_app, launch
from hitvideo.ui.generate.prompts import EXAMPLES
from hitvideo.video import write_video

QUIET = (  # a browser that asks nobody on the network for anything
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}


class WatchedPipeline(HiTVideoPipeline):
    """The real pipeline, which notes what its runs do and can be slowed down to be stopped."""

    pause = 0.0  # seconds of rest after every step

    def __init__(self, *models: Any) -> None:
        super().__init__(*models)
        self.ended: list[float] = []  # the progress at which each run ended

    def reconstruct(self, frames: np.ndarray) -> Iterator[ReconstructStep]:
        return self._watch(super().reconstruct(frames))

    def stream(self, *args: Any, **options: Any) -> Iterator[GenerateStep]:
        return self._watch(super().stream(*args, **options))

    def _watch(self, steps: Iterator[Any]) -> Iterator[Any]:
        progress = 0.0
        try:
            for step in steps:
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
        """Until that many runs have ended, no other is left, and all is cleared away."""
        wait_until(lambda: len(self.pipeline.ended) >= runs and not self.leftovers)


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="session")
def temp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("app")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "gradio"))
        yield folder


@contextmanager
def serving(pipeline: WatchedPipeline, temp: Path, clips: Sequence[Path] = ()) -> Iterator[Served]:
    app = build_app(pipeline, clips)
    url = launch(app, prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    yield Served(url, pipeline, temp)
    app.close()


@contextmanager
def watched(server: Served) -> Iterator[Served]:
    """`server` as new, and what its runs must leave behind."""
    server.pipeline.pause = 0.0
    server.pipeline.ended.clear()
    yield server
    server.pipeline.pause = 0.0
    wait_until(lambda: not server.leftovers)  # a run shows its last step before it tidies up


@pytest.fixture(scope="session")
def server(temp: Path, tiny: HiTVideoTokenizer, clip: Path) -> Iterator[Served]:
    with serving(WatchedPipeline(tiny), temp, [clip]) as server:
        yield server


@pytest.fixture
def served(server: Served) -> Iterator[Served]:
    with watched(server):
        yield server


CAPTIONS = ("a red car drives to the left in a meadow", "a blue cat spins in space", *EXAMPLES)


@pytest.fixture(scope="session")
def writing_server(temp: Path, tiny: HiTVideoTokenizer) -> Iterator[Served]:
    """The app with a generator, too: 2 s of 32 x 32 pixels at three levels, random weights."""
    torch.manual_seed(0)
    text = new_text_encoder(CAPTIONS, 200).eval()
    config = GeneratorConfig(
        levels=written_levels(TINY, 3),
        llama={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 16,
        },
        text_width=text.width,
        head_width=16,
        frames=16,
        height=32,
        width=32,
        plan=True,
        mode="token",
        tokenizer_hash=fingerprint(tiny),
    )
    generator = HiTVideoGenerator(config).eval()
    randomize(generator, 1)
    plans = HiTVideoGenerator(planner(text.width, config.frames)).eval()
    randomize(plans, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clip_files, "SIDE", 64)  # quicker to write
        with serving(WatchedPipeline(tiny, generator, text, plans), temp) as server:
            yield server


@pytest.fixture
def writing(writing_server: Served) -> Iterator[Served]:
    with watched(writing_server):
        yield writing_server


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


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    engine = pytest.importorskip("playwright.sync_api")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
    if path is None:
        reason = "There is no Chromium here; on Debian, apt-get install chromium."
        if os.environ.get("HITVIDEO_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with engine.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


@contextmanager
def opened(browser: Any, url: str, viewport: dict[str, int] = DESKTOP) -> Iterator[Any]:
    """A page of its own, in which nothing may go wrong unseen."""
    context = browser.new_context(viewport=viewport, accept_downloads=True)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.goto(url)
    yield page
    context.close()
    assert errors == []


def let_play(page: Any, seconds: float) -> None:
    """Until the first video has played on for so long, over its end if need be."""
    page.evaluate("""() => {
        const video = document.querySelector(".tile video");
        let last = video.currentTime;
        window.played = 0;
        const look = () => {
            played += Math.max(0, video.currentTime - last);
            last = video.currentTime;
            requestAnimationFrame(look);
        };
        look();
    }""")
    page.wait_for_function(f"played >= {seconds}")


def fits(page: Any, size: dict[str, int]) -> None:
    """On a screen of this size, nothing reaches beyond its right edge."""
    page.set_viewport_size(size)
    width = size["width"]
    page.wait_for_function(
        f"innerWidth === {width} && document.documentElement.scrollWidth <= {width}"
    )


def give(page: Any, chooser: str, path: Path, taken: Any) -> None:
    """Gives a file to the page until `taken`, a locator, is seen.

    One that comes while Gradio still draws its place is lost without a word; nobody's hands are
    that quick.
    """
    from playwright.sync_api import TimeoutError

    for _ in range(5):
        page.set_input_files(chooser, path)
        try:
            return taken.wait_for(timeout=5_000)
        except TimeoutError:
            continue
    taken.wait_for()
