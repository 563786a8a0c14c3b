"""Which of the machine's processor cores are ours to use, and leaving the others in peace.

Knows nothing of torch, which reads what is set here when it is loaded.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

_GROUPS, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def usable_cores() -> int:
    """As many as this process may run on, within the time that its control groups are given."""
    affinity = getattr(os, "sched_getaffinity", None)  # not everywhere
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return min(cores, max(1, math.ceil(min(_quota(_GROUPS, _OWN), cores))))


def share_cores() -> None:
    """Makes torch, if it is loaded later, use the cores that there are and wait without spinning.

    Threads that spin while they wait for the others of their product keep just those from the core
    that they wait for, as soon as anybody else uses one: clips then take ten times as long or more.
    Whatever the environment says already holds.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
        os.environ.setdefault("KMP_BLOCKTIME", "0")  # the same for Intel's OpenMP
    cores = usable_cores()
    if cores < (os.cpu_count() or 1):
        os.environ.setdefault("OMP_NUM_THREADS", str(cores))


def _quota(groups: Path, own: Path) -> float:
    """Cores' worth of time in the tightest of our control groups; infinite where none limits it.

    groups: where they are mounted. own: the file that names ours.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return math.inf
    limits = [math.inf]
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if not controllers:
            root = groups
        elif "cpu" in controllers.split(","):
            root = groups / "cpu"
        else:
            continue
        folder = root / name.lstrip("/")  # seen from inside a container it may not be there
        above = [folder, *folder.parents]
        limits += [_limit(place) for place in above[: above.index(root) + 1]]
    return min(limits)


def _limit(group: Path) -> float:
    try:
        if (group / "cpu.max").is_file():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota, period = (
                (group / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period")
            )
        return int(quota) / int(period) if quota != "max" and int(quota) > 0 else math.inf
    except (OSError, ValueError):
        return math.inf
