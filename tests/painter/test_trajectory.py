"""From the steps of a plan to where things are: what is corrected, and how errors are counted."""

import torch

from hitvideo.painter.trajectory import Trajectory, corrected, pose_error
from hitvideo.plan.codes import from_codes, to_codes
from hitvideo.plan.tracks import at_frames
from hitvideo.toon import sample_scene, scene_plan
from hitvideo.training.painter_samples import true_poses


def test_an_untrained_one_goes_evenly_from_moment_to_moment() -> None:
    scene = sample_scene(5)
    plan = from_codes(to_codes(scene_plan(scene)))
    poses = Trajectory()(plan[None], 64)[0]
    assert torch.allclose(poses[..., :5], at_frames(plan, 64), atol=1e-6)
    there = poses[..., 0] != 0
    assert torch.equal(poses[..., 5:][there], torch.ones_like(poses[..., 5:][there]))
    assert float(poses[~there].abs().sum()) == 0


def test_the_true_plan_is_nearly_the_true_pose() -> None:
    """The same units on both sides: a plan in full precision is off by its moments only."""
    for seed in range(20):
        scene = sample_scene(seed)
        poses = Trajectory()(scene_plan(scene)[None], 64)[0]
        assert pose_error(poses, true_poses(scene, 64, 128, 128)) < 0.05


def test_errors_grow_with_distance_and_forget_jumps() -> None:
    true = torch.tensor([[[1.0, 0.1, 0.2, 0.4, 0.3, 1.0, 1.0]]])
    shift = torch.zeros(1, 1, 6)
    assert pose_error(true, true) == 0
    errors = []
    for far in (0.1, 0.5):
        shift[..., 0] = far
        errors.append(float(pose_error(corrected(true, shift, torch.full((2,), 0.2)), true)))
    assert abs(errors[0] - 0.02**2) < 1e-6 and abs(errors[1] - 0.1**2) < 1e-6
    away = true.clone()
    away[..., 1] += 1.6
    assert pose_error(away, true) == 0
