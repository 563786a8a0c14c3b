"""Sheets and frames: a place on a thing is where its pose says."""

import math

import pytest
import torch

from hitvideo.painter.geometry import REACH, frame_to_sheet, lay, look, sheet_to_frame
from hitvideo.toon import render_with_mask, sample_scene
from hitvideo.training.painter_samples import true_poses

POSES = torch.tensor(
    [
        [1.0, 0.0, 0.0, 0.4, 0.0, 1.0, 1.0],
        [-1.0, 0.3, -0.5, 0.25, 2.0, 1.2, 0.8],
        [1.0, -0.9, 0.4, 0.6, 5.0, 0.9, 1.1],
    ]
)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (48, 96), (100, 60)])
def test_the_two_ways_are_inverse(height: int, width: int) -> None:
    there, back = (f(POSES, height, width) for f in (frame_to_sheet, sheet_to_frame))
    corner = torch.tensor([[[0.0, 0.0, 1.0]]]).expand(len(POSES), -1, -1)
    both = torch.cat([there, corner], 1) @ torch.cat([back, corner], 1)
    assert torch.allclose(both, torch.eye(3).expand_as(both), atol=1e-5)


def test_a_dot_on_a_sheet_lands_where_the_pose_says() -> None:
    side = 65
    sheet = torch.zeros(1, 1, 33, 33)
    sheet[0, 0, 16, 28] = 1  # to the right of the middle, as the thing sees it
    along = (28 - 16) / 33 * 2 * REACH
    for facing, angle in [(1.0, 0.0), (-1.0, 0.0), (1.0, math.pi / 2)]:
        pose = torch.tensor([[facing, 0.2, -0.1, 0.5, angle, 1.0, 1.0]])
        frame = lay(sheet, frame_to_sheet(pose, side, side), side, side)[0, 0]
        row, column = divmod(int(frame.argmax()), side)
        x = 0.2 + 0.5 * along * facing * math.cos(angle)
        y = -0.1 + 0.5 * along * facing * math.sin(angle)
        assert abs((column + 0.5) / side * 2 - 1 - x) < 2 / side
        assert abs((row + 0.5) / side * 2 - 1 - y) < 2 / side


@pytest.mark.parametrize("seed", [1, 3, 8])
def test_toon_draws_its_main_actor_onto_its_sheet(seed: int) -> None:
    """What covers the frame lies on the sheet: as much of it, and in its middle."""
    scene = sample_scene(seed)
    mask = render_with_mask(scene, 16, 96, 96, 8.0)[1].float() / 255
    poses = true_poses(scene, 16, 96, 96)[:, 0]
    inside = (poses[:, 1:3].abs() + 1.3 * poses[:, 3:4] < 1).all(1)
    sheets = look(mask[inside, None], sheet_to_frame(poses[inside], 96, 96), 64)
    area = sheets.mean((1, 2, 3)) * (2 * REACH * poses[inside, 3]) ** 2
    area = area * poses[inside, 5] * poses[inside, 6]
    seen = mask[inside].mean((1, 2)) * 4
    assert len(seen) > 0
    assert torch.allclose(area, seen, rtol=0.06)
