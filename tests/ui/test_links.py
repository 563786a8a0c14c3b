"""A link brings a setting back, in any browser, and runs nothing by itself."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from .conftest import Served, opened

playwright = pytest.importorskip("playwright.sync_api")

PROMPT = "a red car & a blue cat? 50 %"


def fields(page: "playwright.Page") -> list[str]:
    return [
        page.get_by_test_id("textbox").first.input_value(),
        page.get_by_label("Seed", exact=True).input_value(),
        str(page.get_by_label("Keep this seed").is_checked()),
        page.locator("input[type=radio]:checked").evaluate_all("(all) => all.map((x) => x.value)"),
        page.get_by_label("Guidance").input_value(),
        page.get_by_label("Top-k, 0: all").input_value(),
    ]


@pytest.fixture(scope="module")
def page(writing_server: Served, browser: "playwright.Browser") -> Iterator["playwright.Page"]:
    with opened(browser, writing_server.url) as page:
        page.get_by_role("button", name="Generate", exact=True).wait_for()
        yield page


def test_a_link_that_was_copied_fills_everything_in_and_runs_nothing(
    page: "playwright.Page", writing_server: Served, browser: "playwright.Browser"
) -> None:
    assert urlsplit(page.url).query == ""  # nothing was asked for yet
    runs = list(writing_server.pipeline.ended)  # of tests before this one
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_test_id("textbox").first.fill(PROMPT)
    page.get_by_label("Seed", exact=True).fill("77")
    page.get_by_text("Advanced", exact=True).click()
    page.get_by_label("Guidance").fill("2.5")
    page.get_by_label("Top-k, 0: all").fill("3")
    page.get_by_role("radio", name="2", exact=True).check(force=True)
    page.get_by_role("radio", name="a frame", exact=True).check(force=True)
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Link copied").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert parse_qs(urlsplit(link).query)["prompt"] == [PROMPT]
    with opened(browser, link) as other:
        other.wait_for_function("document.querySelector('.hv-prompt textarea')?.value")
        other.get_by_text("Advanced", exact=True).click()
        assert fields(other) == fields(page)
        assert fields(other)[:3] == [PROMPT, "77", "True"]
    assert writing_server.pipeline.ended == runs


def test_a_link_with_nonsense_leaves_the_page_as_it_is(
    writing_server: Served, browser: "playwright.Browser"
) -> None:
    bad = {"seed": "x", "levels": "", "guidance": "<b>", "tab": "'"}
    with opened(browser, f"{writing_server.url}?{urlencode({'prompt': 'a cat', **bad})}") as page:
        page.wait_for_function("document.querySelector('.hv-prompt textarea')?.value === 'a cat'")
        page.get_by_text("Advanced", exact=True).click()
        assert page.get_by_label("Guidance").input_value() == "3"
        assert page.get_by_role("radio", name="3", exact=True).is_checked()


def test_the_tab_is_in_the_link(writing_server: Served, browser: "playwright.Browser") -> None:
    with opened(browser, f"{writing_server.url}?tab=rate&__theme=dark") as page:
        page.get_by_role("tab", name="Rate vs quality", selected=True).wait_for()
        page.get_by_role("tab", name="Reconstruct").click()
        page.wait_for_function("location.search.includes('tab=reconstruct')")
        assert "__theme=dark" in page.url
