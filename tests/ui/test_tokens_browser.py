"""Token files as a person takes them away and opens them, in a headless Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import PHONE, Served, fits, give, opened

playwright = pytest.importorskip("playwright.sync_api")


@pytest.fixture
def page(served: Served, browser: "playwright.Browser") -> Iterator["playwright.Page"]:
    with opened(browser, served.url) as page:
        page.get_by_role("tab", name="Reconstruct").click()
        page.get_by_role("button", name="Reconstruct", exact=True).wait_for()
        yield page


def test_a_token_file_goes_out_and_comes_back(
    page: "playwright.Page", clip: Path, tmp_path: Path
) -> None:
    save = page.get_by_role("button", name="Save tokens")
    playwright.expect(save).to_be_disabled()
    give(page, ".hv-upload input[type=file]", clip, page.get_by_label("Clear").first)
    page.get_by_label("Length, up to 20").fill("2")
    page.get_by_role("button", name="Reconstruct", exact=True).click()
    page.get_by_text("Done in").wait_for()
    playwright.expect(save).to_be_enabled()
    path = tmp_path / "tokens.hitv"
    with page.expect_download() as download:
        save.click()
    download.value.save_as(path)
    assert download.value.suggested_filename == "disc.hitv"
    whole = f"{path.stat().st_size:,}"
    assert page.locator(".levels tbody tr").last.inner_text().count(whole) == 1

    page.get_by_role("button", name="Open a token file").click()
    decode = page.get_by_role("button", name="Decode", exact=True)
    decode.wait_for()
    give(page, ".hv-tokens input[type=file]", path, page.get_by_text("tokens.hitv"))
    for choice, label in (("all", "Levels 1 to 3"), ("1", "Level 1")):
        page.locator(".hv-tokens").get_by_role("radio", name=choice).check(force=True)
        decode.click()
        page.locator(".hv-tokens .ready .label").get_by_text(label, exact=True).wait_for()
        page.wait_for_function("document.querySelector('.hv-tokens video')?.readyState >= 2")
        playwright.expect(decode).to_be_enabled()
    page.get_by_text("2.0 s, 128 by 128 pixels, 8 fps").wait_for()
    with page.expect_download() as download:
        page.get_by_test_id("accordion-content").get_by_role("button", name="Save MP4").click()
    assert download.value.suggested_filename == "tokens.mp4"

    fits(page, PHONE)


def test_a_wrong_token_file_is_one_sentence_on_the_page(
    page: "playwright.Page", text_file: Path
) -> None:
    page.get_by_role("button", name="Open a token file").click()
    decode = page.get_by_role("button", name="Decode", exact=True)
    decode.click()
    page.get_by_text("Choose a token file first").wait_for()
    give(page, ".hv-tokens input[type=file]", text_file, page.get_by_text("notes.mp4"))
    decode.click()
    page.get_by_text("This is not a HiTVideo token file.").wait_for()
    playwright.expect(decode).to_be_enabled()
