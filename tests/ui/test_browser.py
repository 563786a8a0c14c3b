"""The app as a person sees it, in a headless Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import DESKTOP, PHONE, Served, fits, give, let_play, opened

playwright = pytest.importorskip("playwright.sync_api")

VIDEOS = """[...document.querySelectorAll(".tile video")].map((v) => ({
    ready: v.readyState, time: v.currentTime, paused: v.paused, length: v.duration }))"""


@pytest.fixture
def page(served: Served, browser: "playwright.Browser") -> Iterator["playwright.Page"]:
    with opened(browser, served.url) as page:
        page.get_by_role("button", name="Reconstruct", exact=True).wait_for()
        yield page


def upload(page: "playwright.Page", path: Path) -> None:
    give(page, "input[type=file]", path, page.get_by_label("Clear").first)


def run(page: "playwright.Page") -> None:
    page.get_by_role("button", name="Reconstruct", exact=True).click()


def wait_for_videos(page: "playwright.Page", count: int) -> None:
    page.wait_for_function(
        """(count) => {
            const videos = [...document.querySelectorAll(".tile video")];
            return videos.length === count && videos.every((v) => v.readyState >= 2);
        }""",
        arg=count,
    )


def spread(videos: list[dict]) -> float:
    """How far the videos are apart, seconds, all of them looping."""
    length = videos[0]["length"]
    drifts = [(v["time"] - videos[0]["time"] + length / 2) % length - length / 2 for v in videos]
    return max(drifts) - min(drifts)


def test_an_example_is_taken_by_a_click(page: "playwright.Page") -> None:
    page.locator("[aria-label='Or try one of these'] button, .gallery-item").first.click()
    page.get_by_label("Clear").first.wait_for()
    run(page)
    wait_for_videos(page, 5)
    page.get_by_text("Done in").wait_for()


def test_a_clip_plays_at_every_level_in_step(
    page: "playwright.Page", clip: Path, tmp_path: Path
) -> None:
    upload(page, clip)
    run(page)
    wait_for_videos(page, 5)
    page.get_by_text("Done in").wait_for()
    before = page.evaluate(VIDEOS)[0]["time"]
    let_play(page, 1)
    videos = page.evaluate(VIDEOS)
    assert all(v["ready"] >= 2 and not v["paused"] for v in videos)
    assert videos[0]["time"] != before
    assert spread(videos) < 0.15
    assert page.locator(".levels tbody tr").count() == 3
    assert "times fewer bits" in page.locator(".summary").inner_text()

    page.get_by_role("button", name="Pause", exact=True).click()
    page.wait_for_function("[...document.querySelectorAll('.tile video')].every((v) => v.paused)")
    page.get_by_label("Position").fill("2.5")
    page.wait_for_function(
        "[...document.querySelectorAll('.tile video')]"
        ".every((v) => v.paused && Math.abs(v.currentTime - 20.5 / 8) < 0.01)"  # amid frame 20
    )
    page.get_by_role("button", name="0.5").click()
    page.get_by_role("button", name="Play", exact=True).click()
    let_play(page, 0.4)
    videos = page.evaluate(VIDEOS)
    assert all(not v["paused"] for v in videos)
    assert spread(videos) < 0.15
    for size in (PHONE, DESKTOP):
        fits(page, size)


def test_stop_keeps_what_is_ready_and_lets_run_again(
    served: Served, page: "playwright.Page", clip: Path
) -> None:
    served.pipeline.pause = 0.25
    upload(page, clip)
    run(page)
    page.get_by_text("left", exact=False).first.wait_for()
    wait_for_videos(page, 2)
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped").wait_for()
    served.wait_for_end(runs=1)
    assert served.pipeline.ended[0] < 1
    assert page.locator(".tile video").count() < 4
    served.pipeline.pause = 0.0
    run(page)
    wait_for_videos(page, 5)
    page.get_by_text("Done in").wait_for()


def test_an_error_is_one_sentence_on_the_page(page: "playwright.Page", text_file: Path) -> None:
    run(page)
    page.get_by_text("Choose a clip first: upload one, or take an example.").wait_for()
    upload(page, text_file)
    run(page)
    page.get_by_text("is not a video that can be read").wait_for()
    button = page.get_by_role("button", name="Reconstruct", exact=True)
    playwright.expect(button).to_be_enabled()
    assert page.locator(".tile video").count() == 0
