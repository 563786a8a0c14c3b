"""What several tests share: a tiny tokenizer, smooth moving video, the shipped weights."""

import os
from collections.abc import Iterator
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:  # one of as many processes as there are cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch

from hitvideo.tokenizer import DetailConfig, HiTVideoTokenizer, LevelConfig, TokenizerConfig

WEIGHTS = Path(__file__).parent.parent / "weights" / "hitvideo-mini"

TINY = TokenizerConfig(
    levels=(
        LevelConfig((8, 16, 16), (5, 4, 3), (2, 2, 2), 16, 1, 1, memory=0),
        LevelConfig((4, 16, 16), (4, 4, 4), (1, 2, 2), 16, 1, 1, memory=3),
        LevelConfig((4, 8, 8), (4, 4, 4), (1, 1, 1), 16, 1, 1, memory=3),
    )
)


def randomize(model: torch.nn.Module, seed: int = 0) -> None:
    """Fills every parameter, the zero-initialised ones too, so that all paths matter."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            fan_in = parameter[0].numel() if parameter.ndim > 1 else 4
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(noise * fan_in**-0.5 + (1.0 if parameter.ndim == 1 else 0.0) * 0.5)


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """Sums depend a little on how many threads share them: no test may change that for others."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def room(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Where several processes test, a browser has the machine to itself.

    Its tests press buttons while something is going on, which must not be over too soon. Whoever
    waits for the room closes the gate, so that nobody overtakes.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    import fcntl

    alone = request.path.stem.endswith("_browser")
    folder = tmp_path_factory.getbasetemp().parent  # the same for all processes
    with (folder / "gate").open("w") as gate, (folder / "room").open("w") as room:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield


@pytest.fixture(scope="session")
def tiny() -> HiTVideoTokenizer:
    """Three levels with random weights, small enough for any test."""
    torch.manual_seed(0)
    model = HiTVideoTokenizer(TINY).eval()
    randomize(model)
    return model


@pytest.fixture(scope="session")
def detailed(tiny: HiTVideoTokenizer) -> HiTVideoTokenizer:
    """The tiny one with a level of detail below it, of random weights, too."""
    torch.manual_seed(1)
    detail = DetailConfig((1, 4, 4), (5, 5, 3), width=8, context_blocks=1, synthesis_blocks=1)
    model = HiTVideoTokenizer(TokenizerConfig((*TINY.levels, detail))).eval()
    randomize(model, 1)
    model.levels.load_state_dict(tiny.levels.state_dict())
    return model


@pytest.fixture(scope="session")
def shipped() -> HiTVideoTokenizer:
    return HiTVideoTokenizer.from_pretrained(WEIGHTS / "tokenizer")


def moving_video(frames: int, height: int, width: int, batch: int = 1) -> torch.Tensor:
    """A drifting colour pattern ``(B, 3, T, H, W)`` in [-1, 1], different in every sample."""
    t, y, x = torch.meshgrid(
        torch.arange(frames) / 8,
        torch.arange(height) / 32,
        torch.arange(width) / 32,
        indexing="ij",
    )
    samples = []
    for b in range(batch):
        planes = [
            torch.sin(3 * x * (c + 1) + (b + 2) * t) * torch.cos(4 * y - c * t) for c in range(3)
        ]
        samples.append(torch.stack(planes))
    return torch.stack(samples).float()
