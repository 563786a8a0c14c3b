"""The Rate vs quality tab as a program sees it."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from hitvideo.evaluation.rate.set import OneClip, evaluate_rate
from hitvideo.tokenizer import fingerprint
from hitvideo.ui.rate.run import reference
from hitvideo.video import probe, read_video, write_video

from .conftest import Served, wait_until


@pytest.fixture(scope="module")
def client(server: Served) -> Client:
    return Client(server.url, verbose=False)


@pytest.fixture(scope="module")
def short(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames, of which one group of 8 is measured."""
    path = tmp_path_factory.mktemp("clips") / "short.mp4"
    write_video(path, read_video(clip)[:10], 8)
    return path


def request(client: Client, video: Path | None, **options: object) -> dict:
    options = {"start": 0, "length": 1, "size": 64, "codecs": [], **options}
    file = video and handle_file(str(video))
    return client.predict(video=file, api_name="/rate_quality", **options)


@pytest.mark.slow
def test_the_points_are_those_of_evaluate_rate(
    served: Served, client: Client, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where the ffmpeg at hand does not know VMAF, which is also what takes longest.
    monkeypatch.setattr("hitvideo.ui.rate.run.available", lambda: False)
    answer = request(client, short, length=8, size=128, codecs=["x264"])
    measures = (["x264"], ["psnr", "ssim", "ms_ssim"])
    *_, report = evaluate_rate(served.pipeline, OneClip(short), "packed bits", *measures)
    figures = [{k: v for k, v in p.items() if k != "video"} for p in answer["points"]]
    assert figures == report["by_clip"][0]["points"]
    assert [p["kind"] for p in figures][:4] == ["level", "level", "level", "x264"]
    assert answer["clip"] == {"frames": 8, "height": 128, "width": 128, "fps": 8}


def test_every_point_comes_with_its_video(served: Served, client: Client, clip: Path) -> None:
    answer = request(client, clip, start=1)
    frames = read_video(clip, fps=8, size=64, start=1, seconds=1)
    results = [step.result for step in served.pipeline.reconstruct(frames) if step.result]
    assert np.abs(read_video(answer["original"]).astype(float) - frames).mean() < 3
    assert len(answer["points"]) == 3
    for k, point in enumerate(answer["points"]):
        assert 0 <= point["vmaf"] <= 100
        info = probe(point["video"])
        assert (info.width, info.height, info.codec, info.seconds) == (64, 64, "h264", 1)
        shown = read_video(point["video"]).astype(float)
        assert np.argmin([np.abs(shown - other.frames).mean() for other in results]) == k


def test_points_arrive_one_by_one_levels_first(served: Served, client: Client, clip: Path) -> None:
    job = client.submit(handle_file(str(clip)), 0, 1, 64, ["svt-av1"], api_name="/rate_quality")
    job.result()
    outputs = job.outputs()
    counts = [len(out["points"]) for out in outputs]
    assert counts == sorted(counts) and set(counts) >= {0, 1, 2, 3, 4}
    progress = [out["progress"] for out in outputs[:-1]]
    assert progress == sorted(progress)
    assert outputs[-1]["progress"] is None and outputs[-1]["message"].startswith("Done in")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"video": None}, "Choose a clip first"),
        ({"length": 8.5}, "more than 0 and at most 8 seconds"),
        ({"length": 0.5}, "shorter than 8 frames"),
        ({"start": 60}, "ends after 4 seconds, before the start at 60"),
        ({"codecs": ["vp9"]}, "vp9"),
    ],
)
def test_what_cannot_be_measured_gets_one_sentence(
    served: Served, client: Client, clip: Path, options: dict, sentence: str
) -> None:
    with pytest.raises(AppError) as caught:
        request(client, **{"video": clip, **options})
    text = caught.value.message
    assert sentence in text and text.count(". ") == 0 and "\n" not in text


def test_a_fault_of_ours_is_not_shown(
    served: Served, client: Client, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(frames: np.ndarray) -> None:
        raise RuntimeError("the secret")

    monkeypatch.setattr(served.pipeline, "reconstruct", broken)
    with pytest.raises(AppError) as caught:
        request(client, clip)
    assert "our side" in caught.value.message and "secret" not in caught.value.message


def test_stop_ends_one_run_and_no_other(served: Served, client: Client, clip: Path) -> None:
    served.pipeline.pause = 0.5
    arguments = (handle_file(str(clip)), 0, 1, 64, [])
    stopped = client.submit(*arguments, api_name="/rate_quality")
    other = Client(served.url, verbose=False).submit(*arguments, api_name="/rate_quality")
    wait_until(lambda: len(stopped.outputs()) > 1 and len(other.outputs()) > 1)
    stopped.cancel()
    wait_until(lambda: served.pipeline.ended)
    assert 0 < served.pipeline.ended[0] < 1
    served.pipeline.pause = 0.0
    assert len(other.result()["points"]) == 3


def test_two_people_at_once_get_what_one_alone_gets(served: Served, clip: Path) -> None:
    answers: dict[int, dict] = {}

    def ask(size: int) -> None:
        answers[size] = request(Client(served.url, verbose=False), clip, size=size)

    threads = [threading.Thread(target=ask, args=(size,)) for size in (64, 128)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for size, answer in answers.items():
        frames = read_video(clip, fps=8, size=size, seconds=1)
        alone = [step.result for step in served.pipeline.reconstruct(frames) if step.result]
        assert [p["psnr"] for p in answer["points"]] == [r.psnr for r in alone]


def test_the_reference_is_of_these_weights_or_none(served: Served, tmp_path: Path) -> None:
    pipeline = served.pipeline
    path = tmp_path / "rate-clips.json"
    assert reference(path, pipeline) is None
    level = {"level": 1, "bpp": {"mean": 0.01}, "psnr": {"mean": 21.5}}
    report = {"clips": 35, "metrics": ["psnr"], "levels": [level], "tokenizer": "another"}
    path.write_text(json.dumps(report))
    assert reference(path, pipeline) is None
    path.write_text(json.dumps({**report, "tokenizer": fingerprint(pipeline.tokenizer)}))
    assert reference(path, pipeline) == {"clips": 35, "points": [{"bpp": 0.01, "psnr": 21.5}]}
