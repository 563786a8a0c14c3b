"""The app as a program sees it: through gradio_client, and through `python app.py`."""

import runpy
import sys
import threading
import wave
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from hitvideo.ui.make_examples import main as make_examples
from hitvideo.ui.reconstruct.run import seconds_left
from hitvideo.video import probe, read_video, write_video

from .conftest import Served, wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def client(server: Served) -> Client:
    return Client(server.url, verbose=False)


def request(client: Client, video: Path | None, **options: object) -> tuple[dict, dict]:
    options = {"start": 0, "length": 2, "size": 64, **options}
    file = video and handle_file(str(video))
    screen, table, *_ = client.predict(video=file, api_name="/reconstruct", **options)
    return screen, table


def test_every_level_comes_back_as_a_video_with_its_numbers(
    served: Served, client: Client, clip: Path
) -> None:
    screen, table = request(client, clip, start=1, length=2.5)
    tiles = screen["tiles"]
    assert [tile["label"] for tile in tiles] == [
        "Original",
        "Level 1",
        "Level 2",
        "Level 3",
        "Bits",
    ]
    for tile in tiles:
        info = probe(tile["video"])
        assert (info.width, info.height, info.codec) == (64, 64, "h264")
        assert info.seconds == pytest.approx(2.5)

    frames = read_video(clip, fps=8, size=64, start=1, seconds=2.5)
    results = [step.result for step in served.pipeline.reconstruct(frames) if step.result]
    assert len(table["rows"]) == len(results) == 3
    of_the_file = ("bytes", "bpp_actual")  # test_tokens.py looks at these
    for row, tile, result in zip(table["rows"], tiles[1:4], results, strict=True):
        expected = {name: getattr(result, name) for name in row if name not in of_the_file}
        assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-4)
        assert tile["detail"] == f"{row['bpp_actual']:.4f} bpp"
        # What is shown is that level and no other, up to the loss of the mp4.
        shown = read_video(tile["video"]).astype(float)
        errors = [np.abs(shown - other.frames).mean() for other in results]
        assert np.argmin(errors) == result.level - 1
    saving = 24 / table["rows"][-1]["bpp_actual"]
    assert f"{saving:,.0f} times fewer bits" in table["summary"]


def test_a_clip_that_ends_early_is_shown_that_far_and_said(
    client: Client, clip: Path, tmp_path: Path
) -> None:
    cut, data = tmp_path / "cut.mp4", clip.read_bytes()
    cut.write_bytes(data[: len(data) * 2 // 3])
    screen, _ = request(client, cut, length=20)
    assert screen["note"].startswith("The file ends early, after ")
    assert screen["message"].startswith("Done in ") and screen["message"].endswith(screen["note"])
    assert request(client, clip, length=20)[0]["note"] == ""

    handle, size = handle_file(str(cut)), 64
    answer = client.predict(handle, 0, 8, size, [], api_name="/rate_quality")
    assert answer["note"] == screen["note"] and answer["message"].endswith(answer["note"])


def test_levels_arrive_one_by_one_coarse_first(served: Served, client: Client, clip: Path) -> None:
    served.pipeline.pause = 0.02
    job = client.submit(handle_file(str(clip)), 0, 2, 64, api_name="/reconstruct")
    job.result()
    counts = []
    for screen, table, *_ in job.outputs():
        ready = [tile["video"] is not None for tile in screen["tiles"]]
        assert ready == sorted(ready, reverse=True)
        assert len(table["rows"]) == sum(ready[1:4])
        counts.append(sum(ready))
    assert counts == sorted(counts)
    assert set(counts) >= {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"video": None}, "Choose a clip first"),
        ({"length": 0}, "more than 0 and at most 20 seconds"),
        ({"length": 20.5}, "more than 0 and at most 20 seconds"),
        ({"start": -1}, "0 or more"),
        ({"start": None}, "must be a number"),
        ({"start": 60}, "ends after 4 seconds, before the start at 60"),
    ],
)
def test_a_wrong_number_gets_one_sentence(
    served: Served, client: Client, clip: Path, options: dict, sentence: str
) -> None:
    with pytest.raises(AppError) as caught:
        request(client, **{"video": clip, **options})
    check_sentence(caught.value, sentence)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        ("empty", "is empty"),
        ("text", "not a video"),
        ("truncated", "no video that can be decoded"),
        ("sound", "holds no video"),
        ("too_large", "at most 4096 a side"),
        ("too_long", "longer than 3600 seconds"),
    ],
)
def test_a_wrong_file_gets_one_sentence(
    served: Served, client: Client, clip: Path, tmp_path: Path, make: str, sentence: str
) -> None:
    path = tmp_path / "clip.mp4"
    if make == "empty":
        path.touch()
    elif make == "text":
        path.write_text("These are only words. " * 50)
    elif make == "truncated":
        path.write_bytes(clip.read_bytes()[:400])
    elif make == "sound":
        with wave.open(str(path), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(bytes(16000))
    elif make == "too_large":
        write_video(path, np.zeros((1, 16, 4100, 3), np.uint8), 8)
    else:
        write_video(path, np.zeros((40, 16, 16, 3), np.uint8), 0.01)
    with pytest.raises(AppError) as caught:
        request(client, path)
    check_sentence(caught.value, sentence)


def check_sentence(error: AppError, words: str) -> None:
    text = error.message
    assert words in text
    assert text.endswith(".") and text.count(". ") == 0 and "\n" not in text


def test_a_fault_of_ours_is_not_shown(
    served: Served, client: Client, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(frames: np.ndarray) -> None:
        raise RuntimeError("the secret")

    monkeypatch.setattr(served.pipeline, "reconstruct", broken)
    with pytest.raises(AppError) as caught:
        request(client, clip)
    assert "secret" not in caught.value.message
    assert "our side" in caught.value.message


def test_stop_ends_one_run_and_no_other(served: Served, client: Client, clip: Path) -> None:
    served.pipeline.pause = 0.25
    arguments = (handle_file(str(clip)), 0, 2, 64)
    stopped = client.submit(*arguments, api_name="/reconstruct")
    other = Client(served.url, verbose=False).submit(*arguments, api_name="/reconstruct")
    wait_until(lambda: any(out[1]["rows"] for out in stopped.outputs()))
    stopped.cancel()
    wait_until(lambda: served.pipeline.ended)
    assert 0 < served.pipeline.ended[0] < 1
    served.pipeline.pause = 0.0
    screen, *_ = other.result()
    assert all(tile["video"] for tile in screen["tiles"])
    served.wait_for_end(runs=2)
    assert served.pipeline.ended[1:] == [1]


def test_two_people_at_once_get_what_one_alone_gets(served: Served, clip: Path) -> None:
    answers: dict[int, tuple[dict, dict]] = {}

    def ask(person: int, size: int) -> None:
        answers[person] = request(Client(served.url, verbose=False), clip, size=size)

    threads = [threading.Thread(target=ask, args=pair) for pair in enumerate((64, 128))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for person, size in enumerate((64, 128)):
        frames = read_video(clip, fps=8, size=size, seconds=2)
        alone = [step.result for step in served.pipeline.reconstruct(frames) if step.result]
        rows = answers[person][1]["rows"]
        assert [row["psnr"] for row in rows] == pytest.approx([r.psnr for r in alone], rel=1e-4)


def test_the_time_left_follows_the_pace() -> None:
    assert seconds_left(0.25, 10.0) == 30
    assert seconds_left(0.9, 9.0) == 1
    assert seconds_left(0.01, 0.1) is None  # too early to tell
    assert seconds_left(1.0, 10.0) is None


def test_examples_are_rendered(tmp_path: Path) -> None:
    make_examples(tmp_path, size=32)
    infos = [probe(path) for path in sorted(tmp_path.glob("*.mp4"))]
    assert len(infos) == 4
    assert all(info.seconds == 8 and info.width == 32 for info in infos)


def test_app_py_says_where_weights_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", "--weights", str(tmp_path / "none")])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
    assert caught.value.code == 2
    shown = capsys.readouterr().err
    assert "none" in shown and shown.count("\n") == 1
