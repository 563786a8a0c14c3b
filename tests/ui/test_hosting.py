"""What whoever hosts the app decides: it holds, and what cannot work is one sentence."""

import argparse
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.ui.app import build_app, launch
from hitvideo.ui.hosting import Hosting, add_hosting, hosting_of
from hitvideo.ui.running import HEAVY

from .conftest import WatchedPipeline


def parsed(*flags: str) -> Hosting:
    parser = argparse.ArgumentParser()
    add_hosting(parser)
    return hosting_of(parser.parse_args(flags))


def test_no_flags_are_the_defaults() -> None:
    assert parsed() == Hosting()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--max-seconds", "0"], "between 1 and 3600"),
        (["--max-seconds", "nan"], "between 1 and 3600"),
        (["--max-upload-mb", "0"], "at least 1"),
        (["--concurrency", "-1"], "at least 1"),
        (["--auth", "nowhere.txt"], "nowhere.txt"),
    ],
)
def test_what_cannot_work_is_one_sentence(flags: list[str], words: str) -> None:
    with pytest.raises(HiTVideoError, match=words):
        parsed(*flags)


@pytest.mark.parametrize("text", ["", "\n \n", "ann\n", "ann:\n", ":secret\n", "ann:a\nsecret\n"])
def test_a_bad_list_of_people_lets_nobody_in_and_tells_no_password(
    text: str, tmp_path: Path
) -> None:
    (tmp_path / "people.txt").write_text(text)
    with pytest.raises(HiTVideoError) as refused:
        parsed("--auth", str(tmp_path / "people.txt"))
    assert "secret" not in str(refused.value)


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_an_app_keeps_to_what_its_host_decided(
    temp: Path, tiny: HiTVideoTokenizer, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "people.txt").write_text("ann:a:b\n\nbob: c \n")
    flags = ["--max-seconds", "3", "--concurrency", "1", "--max-upload-mb", "1"]
    hosting = parsed(*flags, "--auth", str(tmp_path / "people.txt"), "--root-path", "/video")
    assert hosting.auth == (("ann", "a:b"), ("bob", " c "))
    app = build_app(WatchedPipeline(tiny), [clip], hosting)
    lengths = [
        block.value
        for block in app.blocks.values()
        if "up to 3" in str(getattr(block, "label", ""))
    ]
    assert lengths == [3, 3]  # of both tabs that take a clip
    heavy = [fn for fn in app.fns.values() if fn.concurrency_id == HEAVY["concurrency_id"]]
    assert heavy and all(fn.concurrency_limit == 1 for fn in heavy)
    url = launch(app, hosting, prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    try:
        assert (app.max_file_size, app.root_path) == (1 << 20, "/video")
        assert status(f"{url}config") == 401
        assert status(url) == 200  # the page that asks who is there
    finally:
        app.close(verbose=False)


def test_a_clip_that_is_too_long_for_this_host_is_one_sentence(
    tiny: HiTVideoTokenizer, clip: Path
) -> None:
    from hitvideo.ui.reconstruct.run import Reconstruction
    from hitvideo.ui.tokens.run import TokenFiles

    pipeline = WatchedPipeline(tiny)
    run = Reconstruction(pipeline, TokenFiles(pipeline), max_seconds=3)
    steps = run.stream(str(clip), 0, 4, 64)
    assert "at most 3 seconds" in next(steps).screen["message"]
