"""What moves on the screen is what the word says: measured on rendered pixels.

The subject is found by differencing against the same scene without actors.
"""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from hitvideo.toon import SPEEDS, Actor, Scene, render, sample_scene
from hitvideo.toon.motion import pose

# No shadow, no weather: what differs is the subject.
SCENE = Scene("sky", (), "clear", "still", 5)
FPS, SIZE = 8.0, 64


def actor(motion: str, speed: str = "medium", kind: str = "star", facing: int = 1) -> Actor:
    ground = motion == "bounce"
    return Actor(kind, "red", motion, speed, 0.4, 0.0, 0.7 if ground else 0.0, facing, 0.0)


def tracked(subject: Actor, frames: int = 64) -> tuple[Tensor, Tensor, Tensor]:
    """Centre x, y in half frames (nan: not seen) and area as a share of the frame, each (T,)."""
    shown = render(replace(SCENE, subjects=(subject,)), frames, SIZE, SIZE)
    empty = render(SCENE, frames, SIZE, SIZE)
    mask = ((shown.float() - empty.float()).abs().amax(-1) > 40).float()
    axis = (torch.arange(SIZE) + 0.5) / SIZE * 2 - 1
    mass = mask.sum((1, 2))
    x, y = (mask.sum(1) * axis).sum(1) / mass, (mask.sum(2) * axis).sum(1) / mass
    return x, y, mass / SIZE**2


def steps(track: Tensor) -> Tensor:
    """Movement from frame to frame, without the jumps where the subject re-enters."""
    step = track.diff()
    return step[step.abs() < 0.5]


@pytest.mark.parametrize(
    ("motion", "axis", "sign"), [("left", 0, -1), ("right", 0, 1), ("up", 1, -1), ("down", 1, 1)]
)
def test_travel_goes_the_way_it_says(motion: str, axis: int, sign: int) -> None:
    speeds = []
    for speed in SPEEDS:
        track = tracked(actor(motion, speed))
        along, across, area = steps(track[axis]), steps(track[1 - axis]), track[2]
        assert (sign * along > 0).float().mean() > 0.9
        assert across.sum().abs() < 0.2
        assert (area > 0.03).float().mean() > 0.75  # on screen most of the time
        speeds.append(float(along.median().abs()))
    assert speeds[0] * 1.7 < speeds[1] and speeds[1] * 1.7 < speeds[2]


def test_facing_does_not_turn_left_into_right() -> None:
    x, _, _ = tracked(actor("left", facing=1), 24)
    assert steps(x).sum() < 0


def test_bounce_goes_up_and_down_in_place() -> None:
    counts = []
    for speed in SPEEDS:
        x, y, _ = tracked(actor("bounce", speed))
        assert float(x.amax() - x.amin()) < 0.1
        assert float(y.amax() - y.amin()) > 0.5
        # Counted in the pose, which is not sampled too coarsely for the fastest.
        fine = pose(actor("bounce", speed), torch.linspace(0, 8, 2000), 1.0, 1.0).y
        counts.append(int(((fine[1:-1] > fine[:-2]) & (fine[1:-1] >= fine[2:])).sum()))
    assert counts[0] * 1.6 < counts[1] and counts[1] * 1.6 < counts[2]


def test_grow_and_shrink_change_the_size_and_nothing_else() -> None:
    half_way = []
    for speed in SPEEDS:
        x, y, area = tracked(actor("grow", speed))
        assert float(area[-1] / area[0]) > 4
        assert float(x.amax() - x.amin()) < 0.1 and float(y.amax() - y.amin()) < 0.1
        half_way.append(int((area > area.amax() / 2).float().argmax()))
        _, _, shrunk = tracked(actor("shrink", speed))
        assert float(shrunk[0] / shrunk[-1]) > 4
    assert half_way[0] > 1.5 * half_way[1] > 1.5 * 1.5 * half_way[2]


def test_circle_goes_round() -> None:
    x, y, _ = tracked(actor("circle", "medium"))
    radius = torch.hypot(x - x.mean(), y - y.mean())
    assert float(radius.amin()) > 0.3 and float(radius.amax()) < 0.55
    angle = torch.atan2(y - y.mean(), x - x.mean()).diff()
    angle = torch.remainder(angle + torch.pi, 2 * torch.pi) - torch.pi
    assert bool((angle > 0).all()) and float(angle.sum()) > 2 * torch.pi


def test_zigzag_crosses_while_going_up_and_down() -> None:
    x, y, _ = tracked(actor("zigzag", "medium"))
    assert (steps(x) > 0).float().mean() > 0.85
    vertical = steps(y)
    turns = (vertical[1:].sign() != vertical[:-1].sign()).sum()
    assert int(turns) >= 4 and float(y.amax() - y.amin()) > 0.5


@pytest.mark.parametrize("motion", ["spin", "sway", "stay"])
def test_in_place_means_in_place(motion: str) -> None:
    subject = actor(motion, kind="car")
    subject = replace(subject, y=0.35)
    x, y, area = tracked(subject)
    limit = 0.35 if motion == "sway" else 0.2
    assert float(x.amax() - x.amin()) < limit and float(y.amax() - y.amin()) < limit
    angle = pose(subject, torch.arange(64) / FPS, 1.0, 1.0).angle
    reach = float(angle.amax() - angle.amin())
    assert {"spin": reach > 6.2, "sway": 0.7 < reach < 1.2, "stay": reach == 0}[motion]
    assert float(area.amin()) > 0.05


def test_turning_and_standing_still_look_different() -> None:
    def change(motion: str) -> float:
        clip = render(replace(SCENE, subjects=(actor(motion),)), 32, SIZE, SIZE).float()
        return float(clip.diff(dim=0).abs().mean())

    assert change("spin") > 3 * change("stay") and change("sway") > 3 * change("stay")


def test_the_main_actor_is_on_screen_in_sampled_scenes() -> None:
    times = torch.arange(64) / FPS
    for seed in range(1500):
        for subject in sample_scene(seed).subjects:
            where = pose(subject, times, 1.0, 1.0)
            inside = (where.x.abs() < 1 + 0.4 * where.scale) & (
                where.y.abs() < 1 + 0.4 * where.scale
            )
            assert inside.float().mean() > 0.7, subject
            if subject.motion not in ("left", "right", "up", "down", "zigzag"):
                assert bool((where.x.abs() < 0.95).all() and (where.y.abs() < 0.95).all()), subject
