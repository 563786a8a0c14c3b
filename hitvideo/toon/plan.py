"""A scene's plan: where its subjects are at every moment. Knows nothing of drawing."""

import math

import torch
from torch import Tensor

from hitvideo.plan.tracks import MOMENTS, THINGS, moments
from hitvideo.toon.motion import pose
from hitvideo.toon.scene import Scene


def scene_plan(
    scene: Scene, frames: int = 64, height: int = 128, width: int = 128, fps: float = 8.0
) -> Tensor:
    """The plan ``(t, MOMENTS, THINGS, 5)`` of the clip that `render` draws: `hitvideo.plan`."""
    side = min(height, width)
    half_w, half_h = width / side, height / side
    times = moments(frames, fps)
    plan = torch.zeros(len(times), THINGS, 5)
    for index, actor in enumerate(scene.subjects[:THINGS]):
        p = pose(actor, times, half_w, half_h)
        turned = torch.remainder(p.angle, 2 * math.pi)
        numbers = [p.facing, p.x / half_w, p.y / half_h, p.scale, turned]
        plan[:, index] = torch.stack([n.expand_as(times) for n in numbers], -1)
    return plan.unflatten(0, (-1, MOMENTS))
