"""The painter in groups: causal, independent of its batch, exact at any size."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from hitvideo.errors import HiTVideoError
from hitvideo.painter.cels import CLOCK
from hitvideo.painter.config import PainterConfig
from hitvideo.painter.model import HiTVideoPainter
from hitvideo.plan.codes import from_codes, to_codes
from hitvideo.plan.tracks import THINGS, unknown
from hitvideo.toon import sample_scene, scene_plan

SMALL = PainterConfig(name_width=8, style=16, cel_widths=(16, 16, 16), backdrop_widths=(16, 16))


@pytest.fixture(scope="module")
def painter() -> HiTVideoPainter:
    torch.manual_seed(0)
    model = HiTVideoPainter(SMALL).eval()
    with torch.no_grad():
        for parameter in model.parameters():  # what starts at zero would hide mistakes
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return model


@pytest.fixture(scope="module")
def plan() -> Tensor:
    scenes = [sample_scene(seed) for seed in range(60) if len(sample_scene(seed).subjects) > 1]
    return torch.stack([from_codes(to_codes(scene_plan(s, 24))) for s in scenes[:2]])


def clips(height: int = 48, width: int = 48, frames: int = 24) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    video = torch.rand(2, 3, frames, height, width, generator=generator) * 2 - 1
    return video, torch.randn(2, THINGS, 8, generator=generator)


def test_groups_see_the_past_and_never_the_future(painter: HiTVideoPainter, plan: Tensor) -> None:
    video, names = clips()
    whole = painter.paint(video, plan, names)
    later = video.clone()
    later[:, :, 16:] *= -1
    assert torch.equal(painter.paint(later, plan, names)[:, :, :16], whole[:, :, :16])
    earlier = video.clone()
    earlier[:, :, :8] *= -1
    assert not torch.equal(painter.paint(earlier, plan, names)[:, :, 8:16], whole[:, :, 8:16])


def test_clips_of_a_batch_do_not_meet(painter: HiTVideoPainter, plan: Tensor) -> None:
    video, names = clips()
    both = painter.paint(video, plan, names)
    for k in range(2):
        alone = painter.paint(video[k : k + 1], plan[k : k + 1], names[k : k + 1])
        assert torch.allclose(alone[0], both[k], atol=1e-5)


@pytest.mark.parametrize("size", [(8, 9), (50, 70), (33, 16)])
def test_any_size_and_length(painter: HiTVideoPainter, plan: Tensor, size: tuple[int, int]) -> None:
    video, names = clips(*size, frames=21)
    painted = painter.paint(video, plan, names)
    assert painted.shape == video.shape
    assert bool(painted.isfinite().all()) and float(painted.abs().max()) <= 1


@torch.no_grad()
def test_where_nothing_is_planned_nothing_is_laid_over(
    painter: HiTVideoPainter, plan: Tensor
) -> None:
    video, names = clips(frames=8)
    poses = painter.trajectory(unknown(8)[None].expand(2, -1, -1, -1, -1), 8)
    time = torch.zeros(2, 8, THINGS, CLOCK)
    assert float(painter(video, poses, names, time).opacity.abs().max()) == 0
    there = painter.trajectory(plan[:, :1], 8)
    assert float(painter(video, there, names, time).opacity.max()) > 0


def test_names_and_clocks_are_seen(painter: HiTVideoPainter, plan: Tensor) -> None:
    video, names = clips(frames=8)
    first = painter.paint(video, plan[:, :1], names)
    assert not torch.allclose(painter.paint(video, plan[:, :1], -names), first)
    assert not torch.allclose(painter.paint(video, plan[:, :1], names, fps=3.0), first)


def test_it_is_stored_and_loaded(painter: HiTVideoPainter, plan: Tensor, tmp_path: Path) -> None:
    painter.save_pretrained(tmp_path)
    loaded = HiTVideoPainter.from_pretrained(tmp_path)
    video, names = clips()
    assert torch.equal(loaded.paint(video, plan, names), painter.paint(video, plan, names))
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"brushes": 3}))
    with pytest.raises(HiTVideoError, match="config"):
        HiTVideoPainter.from_pretrained(tmp_path)
