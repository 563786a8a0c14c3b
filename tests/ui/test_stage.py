"""The comparison stage, as a person uses it in a headless Chromium: what it shows is what the
videos hold, at the very frame."""

import base64
import io
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hitvideo.pipeline.reconstruct import reconstruct
from hitvideo.video import read_video

from .conftest import PHONE, Served, give, let_play, opened

playwright = pytest.importorskip("playwright.sync_api")

GAP = 12
HEAT = np.array([(0, 0, 0), (80, 18, 123), (217, 70, 70), (253, 200, 60), (255, 255, 255)])


def reconstructed(page: "playwright.Page", clip: Path) -> None:
    page.get_by_role("button", name="Reconstruct", exact=True).wait_for()
    give(page, "input[type=file]", clip, page.get_by_label("Clear").first)
    page.get_by_role("radio", name="64", exact=True).check(force=True)
    page.get_by_role("button", name="Reconstruct", exact=True).click()
    page.get_by_text("Done in").wait_for()
    page.wait_for_function("document.querySelectorAll('.loaded video').length === 5")
    page.get_by_role("button", name="Pause", exact=True).click()


@pytest.fixture(scope="module")
def compared(
    server: Served, browser: "playwright.Browser", clip: Path
) -> Iterator["playwright.Page"]:
    with opened(browser, server.url) as page:
        reconstructed(page, clip)
        yield page


@pytest.fixture
def page(compared: "playwright.Page") -> "playwright.Page":
    """The stage as it is at first, standing still."""
    compared.get_by_role("button", name="Side by side").click()
    compared.get_by_role("button", name="Whole picture").click()
    compared.get_by_label("A", exact=True).select_option("Original")
    compared.get_by_label("B", exact=True).select_option("Level 3")
    if (pause := compared.get_by_role("button", name="Pause", exact=True)).is_visible():
        pause.click()
    return compared


@pytest.fixture(scope="module")
def videos(
    compared: "playwright.Page", tmp_path_factory: pytest.TempPathFactory
) -> list[np.ndarray]:
    """Frames of the original and of every level, as the page has them."""
    folder = tmp_path_factory.mktemp("shown")
    sources = compared.evaluate("[...document.querySelectorAll('.tile video')].map((v) => v.src)")
    decoded = []
    for k, source in enumerate(sources):
        urllib.request.urlretrieve(source, folder / f"{k}.mp4")
        decoded.append(read_video(folder / f"{k}.mp4").astype(int))
    return decoded


def frame(page: "playwright.Page") -> int:
    return int(page.locator(".canvas").get_attribute("data-frame") or -1)


def go_to(page: "playwright.Page", number: int) -> None:
    page.get_by_label("Position").fill(str((number + 0.5) / 8))
    page.wait_for_function(f"document.querySelector('.canvas').dataset.frame === '{number}'")


def stage(page: "playwright.Page") -> np.ndarray:
    url = page.evaluate("document.querySelector('.canvas').toDataURL()")
    picture = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1])))
    return np.asarray(picture.convert("RGB")).astype(int)


def shown(picture: np.ndarray, panel: int = 0, panels: int = 1) -> np.ndarray:
    """The 64 x 64 pixels of what lies amid a panel, one sample each."""
    height, width = picture.shape[:2]
    across = (width - GAP * (panels - 1)) / panels
    side = min(height, across)
    centre = panel * (across + GAP) + across / 2
    places = (np.arange(64) + 0.5) / 64 - 0.5
    rows = (height / 2 + side * places).astype(int)
    columns = (centre + side * places).astype(int)
    return picture[rows][:, columns]


def differs(a: np.ndarray, b: np.ndarray) -> float:
    """In grey levels, without the corners where the names stand."""
    return float(np.abs(a - b)[12:].mean())


def test_every_step_shows_exactly_the_next_frame_of_both(
    page: "playwright.Page", videos: list[np.ndarray]
) -> None:
    go_to(page, 10)  # by now there is something in the picture that moves
    page.locator(".canvas").focus()
    for number in (11, 12, 13):
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"document.querySelector('.canvas').dataset.frame === '{number}'")
        picture = stage(page)
        for panel, video in ((0, videos[0]), (1, videos[3])):
            errors = [differs(shown(picture, panel, 2), one) for one in video]
            assert int(np.argmin(errors)) == number and errors[number] < 6
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function("document.querySelector('.canvas').dataset.frame === '21'")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("document.querySelector('.canvas').dataset.frame === '20'")
    assert "Frame 21 of 32" in page.locator(".readout").inner_text()


def test_a_wipe_shows_one_on_each_side_of_its_handle(
    page: "playwright.Page", videos: list[np.ndarray]
) -> None:
    go_to(page, 5)
    page.get_by_role("button", name="Wipe", exact=True).click()
    page.get_by_label("B", exact=True).select_option("Level 1")
    box = page.locator(".canvas").bounding_box()
    side = min(box["width"], box["height"])
    left, middle = box["x"] + (box["width"] - side) / 2, box["y"] + box["height"] / 2
    page.mouse.move(left + side / 2, middle)
    page.mouse.down()
    page.mouse.move(left + side / 4, middle, steps=3)
    page.mouse.up()
    picture = shown(stage(page))
    assert differs(picture[:, :15], videos[0][5][:, :15]) < 6
    assert differs(picture[:, 18:], videos[1][5][:, 18:]) < 6
    assert differs(picture[:, 18:], videos[0][5][:, 18:]) > 12


def test_the_heat_is_how_much_both_differ_times_the_gain(
    page: "playwright.Page", videos: list[np.ndarray]
) -> None:
    go_to(page, 7)
    page.keyboard.press("d")
    for gain in (2, 8):
        page.get_by_role("slider", name="Gain").fill(str(gain))
        error = np.abs(videos[0][7] - videos[3][7]).mean(-1) * gain
        places = np.clip(error / 255, 0, 1) * 4
        expected = np.stack([np.interp(places, range(5), HEAT[:, c]) for c in range(3)], -1)
        assert differs(shown(stage(page)), expected) < 4 * gain  # decoders round differently


def test_keys_work_where_the_pointer_is_and_not_where_one_types(page: "playwright.Page") -> None:
    mode = page.locator(".mode[aria-pressed=true]")
    page.locator(".canvas").hover()
    for key, words in (("w", "Wipe"), ("b", "Blink"), ("d", "Difference"), ("s", "Side by side")):
        page.keyboard.press(key)
        assert mode.inner_text() == words
    page.keyboard.press("2")
    assert page.locator("select.b option:checked").inner_text() == "Level 2"
    top = page.evaluate("scrollY")
    page.keyboard.press(" ")
    page.get_by_role("button", name="Pause", exact=True).wait_for()
    page.keyboard.press(" ")
    page.get_by_role("button", name="Play", exact=True).wait_for()
    assert page.evaluate("scrollY") == top
    page.get_by_label("Start, seconds").focus()
    page.mouse.move(0, 0)
    page.keyboard.press("1")
    page.keyboard.press("ArrowUp")
    assert page.locator("select.b option:checked").inner_text() == "Level 2"


def test_zoom_is_shared_stays_under_the_pointer_and_is_left_at_once(
    page: "playwright.Page", videos: list[np.ndarray]
) -> None:
    go_to(page, 3)
    page.keyboard.press("w")
    before = page.evaluate("scrollY")
    page.locator(".canvas").hover()
    page.mouse.wheel(0, 50)  # not asked for yet: it scrolls the page
    page.wait_for_function(f"scrollY !== {before}")
    page.get_by_role("button", name="Blink").click()
    page.get_by_label("B", exact=True).select_option("Original")
    page.locator(".canvas").scroll_into_view_if_needed()
    page.locator(".canvas").click()
    page.mouse.wheel(0, -240)  # to twice the size, about the middle
    middle = shown(stage(page))[12:52, 12:52]
    twice = videos[0][3][16:48, 16:48].repeat(2, 0).repeat(2, 1)[12:52, 12:52]
    assert np.abs(middle - twice).mean() < 8
    moved = "getComputedStyle(document.querySelectorAll('.tile video')[2]).transform"
    assert page.evaluate(moved).startswith("matrix(2,")
    box = page.locator(".canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 2000, y, steps=4)  # as far as it goes: to the left edge
    page.mouse.up()
    edge = shown(stage(page))[12:52, 2:40]
    left = videos[0][3][16:48, 0:32].repeat(2, 0).repeat(2, 1)[12:52, 2:40]
    assert np.abs(edge - left).mean() < 8
    page.get_by_role("button", name="Whole picture").click()
    assert differs(shown(stage(page)), videos[0][3]) < 6


def test_two_fingers_zoom_on_a_phone(
    server: Served, browser: "playwright.Browser", clip: Path
) -> None:
    with opened(browser, server.url, PHONE) as page:
        reconstructed(page, clip)
        page.get_by_role("button", name="Wipe", exact=True).click()
        page.locator(".canvas").scroll_into_view_if_needed()
        box = page.locator(".canvas").bounding_box()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        table = page.locator(".levels table").bounding_box()
        assert table["x"] + table["width"] <= box["x"] + box["width"] + 1
        assert page.get_by_role("button", name="Open a token file").bounding_box()["height"] >= 44
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        touch = page.context.new_cdp_session(page)

        def fingers(kind: str, apart: float | None) -> None:
            points = [] if apart is None else [{"x": x - apart, "y": y}, {"x": x + apart, "y": y}]
            for k, point in enumerate(points):
                point["id"] = k
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        fingers("touchStart", 20)
        for apart in (30, 45, 60):
            fingers("touchMove", apart)
        fingers("touchEnd", None)
        zoom = page.evaluate(
            "new DOMMatrix(getComputedStyle(document.querySelector('.tile video')).transform).a"
        )
        assert zoom == pytest.approx(3, abs=0.3)


def test_the_picture_is_saved_as_it_is_seen(page: "playwright.Page", tmp_path: Path) -> None:
    go_to(page, 2)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save PNG").click()
    assert saved.value.suggested_filename == "original-level-3-side-frame-3.png"
    saved.value.save_as(tmp_path / "saved.png")
    picture = np.asarray(Image.open(tmp_path / "saved.png").convert("RGB")).astype(int)
    assert np.array_equal(picture, stage(page))


def test_a_section_repeats_until_it_is_let_go(page: "playwright.Page") -> None:
    go_to(page, 8)
    page.locator(".canvas").hover()
    page.keyboard.press("l")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.canvas').dataset.frame === '11'")
    page.keyboard.press("l")
    assert page.get_by_role("button", name="Loop 1.0 to 1.5 s").is_visible()
    page.get_by_role("button", name="0.25").click()  # so that a busy machine shows every frame
    page.locator(".canvas").focus()
    page.evaluate("""() => {
        window.seen = new Set();
        const look = () => { seen.add(Number(document.querySelector('.canvas').dataset.frame));
                             requestAnimationFrame(look); };
        look();
    }""")
    page.keyboard.press(" ")
    page.wait_for_function("seen.size >= 4")
    let_play(page, 1.2)  # twice the section and more
    assert page.evaluate("[...seen].sort((a, b) => a - b)") in ([8, 9, 10, 11], [8, 9, 10, 11, 12])
    page.keyboard.press("l")
    page.wait_for_function("seen.has(20)")


def test_the_curve_is_the_quality_of_every_frame(
    server: Served, page: "playwright.Page", clip: Path
) -> None:
    box = page.locator(".curves").bounding_box()
    page.locator(".curves").click(position={"x": 0.75 * box["width"], "y": 20})
    page.wait_for_function("document.querySelector('.canvas').dataset.frame === '24'")
    frames = read_video(clip, fps=8, size=64, seconds=8)
    steps = reconstruct(server.pipeline.tokenizer, frames)
    results = [step.result for step in steps if step.result is not None]
    figures = [
        f"Level {r.level} {r.frame_psnr[24]:.1f} dB, SSIM {r.frame_ssim[24]:.3f}" for r in results
    ]
    said = page.locator(".readout").inner_text()
    assert said == " · ".join(["Frame 25 of 32", *figures])
    assert page.locator(".curves polyline").count() == 3


def test_a_saved_comparison_shows_the_loop_and_the_part_that_are_looked_at(
    page: "playwright.Page", videos: list[np.ndarray], tmp_path: Path
) -> None:
    def saved(kind: str) -> Path:
        with page.expect_download() as waiting:
            page.get_by_role("button", name=f"Save {kind}").click()
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        page.get_by_role("button", name=f"Save {kind}").wait_for()  # it was "Saving"
        return path

    loop = page.get_by_role("button", name="Loop")
    go_to(page, 4)
    loop.click()
    go_to(page, 11)
    loop.click()
    film = saved("MP4")
    assert film.name == "original-level-3-side.mp4"
    frames = read_video(film).astype(int)
    assert frames.shape == (8, 256, 2 * 256 + 8, 3)
    for t, frame in enumerate(frames):
        for left, video in ((0, videos[0]), (264, videos[3])):
            small = frame[2::4, left + 2 : left + 256 : 4]
            assert differs(small, video[4 + t]) < 6
    loop.click()
    page.get_by_role("button", name="Difference").click()
    heat = Image.open(saved("GIF"))
    assert heat.n_frames == 32 and heat.size == (256, 256)
