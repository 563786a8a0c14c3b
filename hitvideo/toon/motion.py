"""Motion: where an actor is, how large and how turned, at any time.

Knows nothing of drawing. Actors move on the screen, not in the world behind it: the camera moves
the backdrop only, so the motion that a caption names is the motion that is seen.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from hitvideo.toon.scene import Actor

# By speed: share of the frame's width (height) per second, or turns, bounces, swings per second.
_TRAVEL = {"slow": 0.13, "medium": 0.31, "fast": 0.62}
_ZIGZAG = {"slow": 0.11, "medium": 0.24, "fast": 0.45}
_SPIN = {"slow": 0.12, "medium": 0.34, "fast": 0.8}
_CIRCLE = {"slow": 0.125, "medium": 0.28, "fast": 0.6}
_BOUNCE = {"slow": 0.4, "medium": 0.8, "fast": 1.5}
_SWAY = {"slow": 0.25, "medium": 0.55, "fast": 1.1}
# Seconds that growing and shrinking take; the end size then stays.
_RESIZE = {"slow": 7.5, "medium": 4.0, "fast": 1.8}
_SMALL, _LARGE = 0.48, 1.35

FOOT = 0.86  # how far below its centre a subject's feet are, in its own size


@dataclass(frozen=True)
class Pose:
    """An actor at T times; every field is a float32 tensor (T,).

    x, y: centre, in half frames. scale: half extent. angle: radians, clockwise on the screen.
    facing: +1 or -1 (mirrored). wide, tall: squash and stretch, around 1.
    """

    x: Tensor
    y: Tensor
    scale: Tensor
    angle: Tensor
    facing: Tensor
    wide: Tensor
    tall: Tensor


def pose(actor: Actor, times: Tensor, half_width: float, half_height: float) -> Pose:
    """The actor at ``times`` (T,) seconds, in a frame of these half sides (the shorter one is 1).

    What leaves the frame on one side comes in again on the other.
    """
    one = torch.ones_like(times)
    x, y = actor.x * half_width * one, actor.y * half_height * one
    sense = {"left": -1, "right": 1}.get(actor.motion, actor.facing)
    scale, angle, facing = actor.size * one, 0 * one, sense * one
    wide = tall = one
    speed, phase = actor.speed, actor.phase
    span_x, span_y = half_width + 1.0 * actor.size, half_height + 1.0 * actor.size
    heading: Tensor | None = None  # where it goes, for those that point there
    match actor.motion:
        case "left" | "right":
            travelled = 2 * half_width * (_TRAVEL[speed] * times + 0.12 * phase) - half_width
            x = sense * _wrap(travelled, span_x)
            y = y + 0.025 * torch.sin(2 * math.pi * (0.7 * times + phase)) * (not actor.grounded)
            heading = sense * math.pi / 2 * one
            if actor.kind == "ball":
                angle = sense * travelled / (0.84 * actor.size)  # it rolls
        case "up" | "down":
            down = 1 if actor.motion == "down" else -1
            travelled = 2 * half_height * (_TRAVEL[speed] * times + 0.12 * phase) - half_height
            y = down * _wrap(travelled, span_y)
            heading = (math.pi if down > 0 else 0.0) * one
            if actor.kind in ("fish", "bird", "plane"):
                angle = 0.35 * down * facing
        case "zigzag":
            travelled = 2 * half_width * (_ZIGZAG[speed] * times + 0.12 * phase) - half_width
            x = sense * _wrap(travelled, span_x)
            leg = travelled / (0.42 * half_width) + phase
            y = y + 0.36 * (2 * (leg - 2 * torch.floor(leg / 2) - 1).abs() - 1)
            falling = torch.where(leg - 2 * torch.floor(leg / 2) < 1, -1.0, 1.0)
            heading = sense * (math.pi / 2 + 0.9 * falling)
        case "circle":
            turn = 2 * math.pi * (_CIRCLE[speed] * times * sense + phase)
            x = x + 0.42 * torch.cos(turn)
            y = y + 0.42 * torch.sin(turn)
            heading = turn + math.pi * (sense > 0)
            facing = torch.where(-torch.sin(turn) * sense >= 0, 1.0, -1.0)
        case "bounce":
            height = torch.sin(math.pi * (_BOUNCE[speed] * times + phase)).abs()
            flat = (1 - height) ** 3
            tall = 1 + 0.08 * height - 0.3 * flat
            wide = 1 / tall
            y = y - FOOT * actor.size * tall - 0.75 * half_height * height
        case "spin":
            angle = 2 * math.pi * (_SPIN[speed] * times * sense + phase)
        case "sway":
            swing = torch.sin(2 * math.pi * (_SWAY[speed] * times + phase))
            angle = 0.5 * swing
            x = x + 0.3 * actor.size * swing
        case "grow" | "shrink":
            done = (times / _RESIZE[speed]).clamp(max=1)
            grown = done if actor.motion == "grow" else 1 - done
            scale = scale * (_SMALL + (_LARGE - _SMALL) * grown)
        case "stay":
            tall = 1 + 0.015 * torch.sin(2 * math.pi * (0.4 * times + phase))
            wide = 2 - tall
    if actor.grounded and actor.motion != "bounce":
        y = y - FOOT * scale * tall
    if actor.kind == "rocket" and heading is not None:
        angle = heading
    return Pose(x, y, scale, angle, facing, wide, tall)


def _wrap(value: Tensor, span: float) -> Tensor:
    """``value`` brought into [-span, span) by whole turns of 2 * span."""
    return torch.remainder(value + span, 2 * span) - span
