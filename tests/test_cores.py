"""How many cores are ours, and that waiting for them costs nobody anything."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hitvideo import cores
from hitvideo.cores import share_cores, usable_cores

SPINNING = ("OMP_WAIT_POLICY", "KMP_BLOCKTIME", "OMP_NUM_THREADS")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """One in which nobody has said anything of threads."""
    kept = {name: value for name, value in os.environ.items() if name not in SPINNING}
    monkeypatch.setattr(os, "environ", kept)
    return kept


def test_threads_wait_passively_from_the_first_import_on(environment: dict[str, str]) -> None:
    script = "import os, sys, hitvideo; print(os.environ['OMP_WAIT_POLICY'], *sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**environment, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    policy, *modules = run.stdout.split()
    assert policy == "PASSIVE" and "hitvideo" in modules and "torch" not in modules


def test_what_the_environment_says_holds(environment: dict[str, str]) -> None:
    environment.update(OMP_WAIT_POLICY="ACTIVE", OMP_NUM_THREADS="7")
    share_cores()
    assert environment["OMP_WAIT_POLICY"] == "ACTIVE" and environment["OMP_NUM_THREADS"] == "7"
    assert "KMP_BLOCKTIME" not in environment


@pytest.mark.parametrize(("quota", "threads"), [(0.5, "1"), (1.5, "2"), (math.inf, None)])
def test_threads_are_as_many_as_the_time_that_is_given_allows(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, quota: float, threads: str | None
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(cores, "_quota", lambda *_: quota)
    share_cores()
    assert environment.get("OMP_NUM_THREADS") == threads
    assert usable_cores() == int(threads or 8)


def test_cores_that_others_are_pinned_to_are_not_ours(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 5}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    share_cores()
    assert environment["OMP_NUM_THREADS"] == str(usable_cores()) and usable_cores() <= 2


@pytest.mark.parametrize(
    ("own", "files", "quota"),
    [
        ("0::/", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/a/b", {"a/cpu.max": "50000 100000\n", "a/b/cpu.max": "max 100000\n"}, 0.5),
        ("0::/gone/from/here", {"cpu.max": "200000 100000\n"}, 2.0),
        ("0::/", {}, math.inf),
        (
            "3:cpu,cpuacct:/job\n2:memory:/x\n0::/",
            {"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"},
            3.0,
        ),
        (
            "3:cpu:/",
            {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
            math.inf,
        ),
    ],
)
def test_quotas_of_control_groups(
    tmp_path: Path, own: str, files: dict[str, str], quota: float
) -> None:
    (tmp_path / "own").write_text(own + "\n")
    for name, text in files.items():
        path = tmp_path / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert cores._quota(tmp_path / "groups", tmp_path / "own") == quota
    assert cores._quota(tmp_path / "groups", tmp_path / "nowhere") == math.inf
