"""Several people at once: one line for all that is heavy, and what sharing costs is measured."""

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file

from hitvideo.benchmarks.sharing import measure_sharing
from hitvideo.ui.generate.run import Generation
from hitvideo.ui.rate.run import RateQuality
from hitvideo.ui.reconstruct.run import Reconstruction
from hitvideo.ui.running import HEAVY

from .conftest import Served, wait_until


def test_all_tabs_share_one_line(
    writing: Served, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(writing.url, verbose=False)
    lock, go_on = threading.Lock(), threading.Event()
    running, most = 0, 0

    def watched(run: Any) -> Any:
        def wait(*args: Any) -> Iterator[Any]:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            try:
                assert go_on.wait(20)
                yield from run(*args)
            finally:
                with lock:
                    running -= 1

        return wait

    for tab in (Generation, Reconstruction, RateQuality):
        monkeypatch.setattr(tab, "_run", watched(tab._run))
    video = handle_file(str(clip))
    part = {"start": 0, "length": 1, "size": 64}
    jobs = [
        client.submit(video, api_name="/rate_quality", codecs=[], **part),
        client.submit(video, api_name="/reconstruct", **part),
        client.submit(prompt="a blue cat", levels=1, api_name="/generate"),
        client.submit(video, api_name="/reconstruct", **part),
    ]
    wait_until(lambda: running == HEAVY["concurrency_limit"])
    # All are known to the queue by now; those that may not run yet have a place in it.
    wait_until(lambda: sum(job.status().rank is not None for job in jobs) == 2)
    go_on.set()
    for job in jobs:
        job.result(timeout=60)
    assert most == HEAVY["concurrency_limit"]


def test_the_cost_of_sharing_is_measured_and_the_neighbour_goes(
    writing: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Watched(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Watched)
    report = measure_sharing(writing.url, 1)
    assert all(seconds > 0 for seconds in report["seconds"].values())
    assert set(report["seconds"]) == {"one", "two", "busy_core"}
    assert report["times_two"] == report["seconds"]["two"] / report["seconds"]["one"]
    assert len(writing.pipeline.ended) == 5  # one to warm up, one, two and one
    (neighbour,) = (process for process in started if "while True" in str(process.args))
    assert neighbour.poll() is not None
