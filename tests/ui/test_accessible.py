"""What axe-core finds wrong with the page for people who do not see it, or see it otherwise."""

from pathlib import Path

import pytest

from .conftest import DESKTOP, PHONE, Served, give, opened

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")


def findings(page: "playwright.Page", tab: str) -> list[tuple[str, ...]]:
    page.get_by_role("tab", name=tab).click()
    page.get_by_role("tab", name=tab, selected=True).wait_for()
    response = axe.Axe().run(page).response
    assert len(response["passes"]) > 20  # it has looked
    return [
        (tab, finding["id"], node["html"][:200], node["failureSummary"])
        for finding in response["violations"]
        for node in finding["nodes"]
    ]


@pytest.mark.parametrize(("theme", "size"), [("light", DESKTOP), ("dark", PHONE)])
def test_axe_finds_nothing(
    writing_server: Served,
    browser: "playwright.Browser",
    clip: Path,
    theme: str,
    size: dict[str, int],
) -> None:
    with opened(browser, f"{writing_server.url}?__theme={theme}", size) as page:
        page.get_by_text("Advanced", exact=True).click()
        found = findings(page, "Generate") + findings(page, "Rate vs quality")
        page.get_by_role("tab", name="Reconstruct").click()
        give(
            page,
            "input[type=file]:visible, .hv-upload input[type=file]",
            clip,
            page.get_by_label("Clear").first,
        )
        page.get_by_role("radio", name="64", exact=True).first.check(force=True)
        page.get_by_role("button", name="Reconstruct", exact=True).click()
        page.get_by_text("Done in").wait_for()
        assert found + findings(page, "Reconstruct") == []
