"""The Generate tab as a person sees it, in a headless Chromium."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hitvideo.ui.generate.prompts import EXAMPLES
from hitvideo.video import probe

from .conftest import DESKTOP, PHONE, Served, fits, let_play, opened, wait_until

playwright = pytest.importorskip("playwright.sync_api")

PROMPT = "a red car drives to the left"

# Which videos of the screen can be seen through those above them, and where they are.
SHOWN = """[...document.querySelectorAll(".stage .tile video")].map((v) => ({
    shown: v.closest(".tile").classList.contains("shown"), time: v.currentTime, paused: v.paused,
    width: v.getBoundingClientRect().width }))"""


@pytest.fixture
def page(writing: Served, browser: "playwright.Browser") -> Iterator["playwright.Page"]:
    with opened(browser, writing.url) as page:
        button(page, "Generate").wait_for()
        yield page


def button(page: "playwright.Page", name: str) -> "playwright.Locator":
    return page.get_by_role("button", name=name, exact=True)


def ask(page: "playwright.Page", prompt: str) -> None:
    page.get_by_label("Prompt").fill(prompt)
    page.get_by_label("Prompt").press("Enter")


def wait_for_videos(page: "playwright.Page", count: int) -> None:
    page.wait_for_function(
        """(count) => {
            const videos = [...document.querySelectorAll(".stage .tile video")];
            return videos.length >= count && videos.every((v) => v.readyState >= 2);
        }""",
        arg=count,
    )


def test_a_prompt_becomes_a_clip_to_keep(
    writing: Served, page: "playwright.Page", tmp_path: Path
) -> None:
    drawn = page.get_by_label("Seed", exact=True)
    playwright.expect(drawn).to_have_value(re.compile(r"\d+"))  # as soon as the page is open
    ask(page, PROMPT)
    page.get_by_text("Done in").wait_for()
    assert "full precision on the CPU" in page.locator(".stage .message").inner_text()
    wait_for_videos(page, 4)  # the plan and three levels
    let_play(page, 0.5)
    videos = page.evaluate(SHOWN)
    assert all(video["shown"] and not video["paused"] for video in videos), videos
    times = [video["time"] for video in videos]
    assert max(times) - min(times) < 0.2 or max(times) - min(times) > 1.8  # of 2 s, looping
    assert videos[0]["width"] > 380  # a clip of 32 pixels, enlarged

    page.get_by_role("button", name="Level 2").click()
    page.wait_for_function("document.querySelectorAll('.stage .shown').length === 3")
    page.get_by_role("button", name="Plan").click()
    page.wait_for_function("document.querySelectorAll('.stage .shown').length === 1")
    page.get_by_role("button", name="Level 3").click()
    page.wait_for_function("document.querySelectorAll('.stage .shown').length === 4")

    seed = page.get_by_label("Seed", exact=True).input_value()
    stem = f"{PROMPT.replace(' ', '-')}-seed-{seed}-level-3"
    for kind, name in (("MP4", f"{stem}.mp4"), ("GIF", f"{stem}.gif")):
        with page.expect_download() as download:
            button(page, f"Save {kind}").click()
        assert download.value.suggested_filename == name
        download.value.save_as(tmp_path / name)
        assert probe(tmp_path / name).seconds == pytest.approx(2, abs=0.1)

    for runs, keep in ((2, True), (3, False)):
        page.get_by_label("Keep this seed").set_checked(keep)
        button(page, "Generate").click()
        writing.wait_for_end(runs)
        playwright.expect(button(page, "Generate")).to_be_enabled()
        assert (page.get_by_label("Seed", exact=True).input_value() == seed) == keep

    for size in (PHONE, DESKTOP):
        fits(page, size)


def test_stop_is_quick_and_keeps_what_is_ready(writing: Served, page: "playwright.Page") -> None:
    writing.pipeline.pause = 0.2
    ask(page, PROMPT)
    wait_for_videos(page, 2)  # the plan and level 1
    page.get_by_text("a second").wait_for()
    button(page, "Stop").click()
    page.get_by_text("Stopped").wait_for()
    writing.wait_for_end(runs=1)
    assert 0 < writing.pipeline.ended[0] < 1
    assert page.locator(".stage .tile video").count() < 4
    playwright.expect(button(page, "Save MP4")).to_be_enabled()
    playwright.expect(button(page, "Save GIF")).to_be_disabled()
    writing.pipeline.pause = 0.0
    button(page, "Generate").click()
    page.get_by_text("Done in").wait_for()
    playwright.expect(button(page, "Save GIF")).to_be_enabled()


def test_closing_the_page_frees_its_place(writing: Served, browser: "playwright.Browser") -> None:
    writing.pipeline.pause = 0.3
    with opened(browser, writing.url) as page:
        ask(page, PROMPT)
        page.get_by_text("a second").wait_for()
    wait_until(lambda: writing.pipeline.ended)
    assert writing.pipeline.ended[0] < 1
    writing.wait_for_end(runs=1)


def test_what_is_typed_is_shown_as_text(page: "playwright.Page") -> None:
    ask(page, "a cat <img src=x onerror=alert(1)> & <b>hat</b>")
    page.get_by_text("The model never saw “img”, “src”").wait_for()
    assert page.locator("img[src=x]").count() == 0
    assert "It can show ball, star" in page.locator(".block.hv-unknown").inner_text()
    page.get_by_text("Done in").wait_for()
    page.get_by_label("Prompt").fill("a cat")
    page.get_by_label("Prompt").blur()
    page.wait_for_function("!document.querySelector('.hv-unknown').innerText.trim()")


def test_an_error_is_one_sentence_on_the_page(page: "playwright.Page") -> None:
    seed = page.get_by_label("Seed", exact=True)
    playwright.expect(seed).to_have_value(re.compile(r"\d+"))
    drawn = seed.input_value()
    ask(page, " ")
    page.get_by_text("Please write a prompt that says what the clip should show.").wait_for()
    assert seed.input_value() == drawn
    playwright.expect(button(page, "Generate")).to_be_enabled()
    page.get_by_label("Seed", exact=True).fill("-3")
    playwright.expect(page.get_by_label("Keep this seed")).to_be_checked()
    ask(page, PROMPT)
    page.get_by_text("The seed must be between 0 and 4294967295, not -3.").wait_for()
    assert seed.input_value() == "-3"
    assert page.locator(".stage .tile video").count() == 0


def test_prompts_are_offered(page: "playwright.Page") -> None:
    prompt = page.get_by_label("Prompt")
    button(page, "Surprise me").click()
    playwright.expect(prompt).not_to_have_value("")
    first = prompt.input_value()
    button(page, "Surprise me").click()
    playwright.expect(prompt).not_to_have_value(first)
    page.get_by_text(EXAMPLES[2], exact=True).click()
    playwright.expect(prompt).to_have_value(EXAMPLES[2])


def test_without_a_generator_the_tab_says_so(served: Served, browser: "playwright.Browser") -> None:
    with opened(browser, served.url) as page:
        button(page, "Reconstruct").wait_for()  # the tab that works is open
        page.get_by_role("tab", name="Generate").click()
        page.get_by_text("This weights folder holds no generator").wait_for()
        assert button(page, "Generate").count() == 0


def test_the_stop_of_one_person_leaves_the_other_alone(
    writing: Served, browser: "playwright.Browser", page: "playwright.Page"
) -> None:
    writing.pipeline.pause = 1.0
    with opened(browser, writing.url) as other:
        ask(page, PROMPT)
        ask(other, PROMPT)
        for one in (page, other):
            one.get_by_text("a second").wait_for()
        button(page, "Stop").click()
        page.get_by_text("Stopped").wait_for()
        wait_until(lambda: writing.pipeline.ended)
        assert len(writing.pipeline.ended) == 1 and writing.pipeline.ended[0] < 1
        writing.pipeline.pause = 0.0
        other.get_by_text("Done in").wait_for()
        assert writing.pipeline.ended[1:] == [1]
