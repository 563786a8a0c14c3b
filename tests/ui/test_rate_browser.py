"""The Rate vs quality tab as a person sees it, in a headless Chromium."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import DESKTOP, PHONE, Served, fits, give, opened, wait_until

playwright = pytest.importorskip("playwright.sync_api")

PLAYED = "document.querySelectorAll('.hv-pair video')[1]?.src ?? ''"


@pytest.fixture
def page(served: Served, browser: "playwright.Browser") -> Iterator["playwright.Page"]:
    with opened(browser, served.url) as page:
        page.get_by_role("tab", name="Rate vs quality").click()
        page.get_by_role("button", name="Run", exact=True).wait_for()
        yield page


def start(page: "playwright.Page", clip: Path, *codecs: str) -> None:
    place = ".hv-inputs:has(.hv-codecs) input[type=file]"
    give(page, place, clip, page.get_by_label("Clear").first)
    page.get_by_label("Length, up to 8").fill("1")
    page.get_by_role("radio", name="64").check(force=True)
    for name in ("x264", "x265", "SVT-AV1"):
        page.get_by_role("checkbox", name=name).set_checked(name in codecs)
    page.get_by_role("button", name="Run", exact=True).click()


def pair(page: "playwright.Page") -> str:
    return page.locator(".hv-pair .caption").nth(1).inner_text()


def test_points_are_drawn_and_any_of_them_plays(
    page: "playwright.Page", clip: Path, tmp_path: Path
) -> None:
    start(page, clip, "SVT-AV1")
    page.get_by_text("Done in").wait_for()
    points = page.locator(".rate .point")
    rows = page.locator(".rate tbody tr")
    assert points.count() == rows.count() > 3
    assert page.locator(".rate .point.level").count() == 3
    assert "Level 3" in pair(page) and "PSNR" in pair(page)
    assert "Level 3" in page.locator(".equal").inner_text()
    first = page.evaluate(PLAYED)
    assert first

    # By pointer, which first says what it points at.
    mark = page.locator(".rate .point.level").first
    mark.hover(force=True)
    tip = page.locator(".rate .tip")
    tip.wait_for()
    for words in ("Level 1", "bytes", "kbit/s", "bpp actual", "nominal"):
        assert words in tip.inner_text()
    mark.click(force=True)
    wait_until(lambda: "Level 1" in pair(page))
    assert page.evaluate(PLAYED) != first

    # By keyboard, from the point in use.
    page.locator(".rate .point[aria-checked=true]").focus()
    page.keyboard.press("ArrowRight")
    wait_until(lambda: "Level 2" in pair(page))
    assert page.evaluate("document.activeElement.getAttribute('aria-checked')") == "true"

    # From the table.
    page.get_by_role("button", name="SVT-AV1, crf").first.click()
    wait_until(lambda: "SVT-AV1" in pair(page))
    page.wait_for_function("document.querySelectorAll('.hv-pair video')[1].readyState >= 2")

    # Another measure is drawn from what is there.
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    for name in ("SSIM", "MS-SSIM", "VMAF"):
        page.locator(".metrics").get_by_role("button", name=name, exact=True).click()
        assert f"{name} " in page.locator(".rate .point").first.get_attribute("aria-label")
        assert points.count() == rows.count()
        wait_until(lambda name=name: f"{name} " in pair(page))
    assert not [url for url in requests if "queue" in url or "run" in url]

    check_files(page, tmp_path)
    for size in (PHONE, DESKTOP):
        fits(page, size)
        right = page.evaluate(
            "Math.max(...[...document.querySelectorAll('.rate svg text')]"
            ".map((t) => t.getBoundingClientRect().right))"
        )
        assert right <= size["width"]


def check_files(page: "playwright.Page", folder: Path) -> None:
    """Both files hold the points of the table."""
    for kind in ("csv", "json"):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind.upper(), exact=True).click()
        download.value.save_as(folder / f"points.{kind}")
    content = json.loads((folder / "points.json").read_text())
    assert content["clip"] == {"frames": 8, "height": 64, "width": 64, "fps": 8}
    with open(folder / "points.csv", newline="") as file:
        lines = [{key: number(text) for key, text in line.items()} for line in csv.DictReader(file)]
    shown = page.locator(".rate tbody tr td.bytes").all_inner_texts()
    for line, point, size in zip(lines, content["points"], shown, strict=True):
        assert {key: value for key, value in line.items() if value != ""} == point
        assert point["bytes"] == int(size.replace(",", ""))


def number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def test_stop_keeps_what_is_there_and_lets_run_again(
    served: Served, page: "playwright.Page", clip: Path
) -> None:
    served.pipeline.pause = 0.5
    start(page, clip)
    wait_until(lambda: "Encoding" in page.locator(".hv-pair .message").inner_text())
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped").wait_for()
    wait_until(lambda: served.pipeline.ended)
    assert served.pipeline.ended[0] < 1
    assert page.locator(".rate .point").count() == 0
    served.pipeline.pause = 0.0
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Done in").wait_for()
    assert page.locator(".rate .point").count() == 3


def test_an_error_is_one_sentence_on_the_page(page: "playwright.Page", text_file: Path) -> None:
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Choose a clip first: upload one, or take an example.").wait_for()
    playwright.expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()
