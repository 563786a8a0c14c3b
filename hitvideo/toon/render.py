"""Rendering: a scene becomes frames.

Knows nothing of captions or training. The order is that of cel animation: the backdrop's layers,
what falls behind the actors, the actors with their shadows, the front layers, what falls in front.
"""

import random

import torch
from torch import Tensor

from hitvideo.errors import HiTVideoError
from hitvideo.toon import sdf, weather
from hitvideo.toon.backdrops import PAINT
from hitvideo.toon.brush import Brush
from hitvideo.toon.motion import FOOT, Pose, pose
from hitvideo.toon.scene import Actor, Scene
from hitvideo.toon.stage import Camera, Stage
from hitvideo.toon.subjects import DRAW
from hitvideo.toon.vocabulary import COLOURS

_EXTENT = 1.28  # what a subject's drawing reaches, outline and halo included
# Frames drawn at once: few enough for a processor's cache, many enough to be worth a GPU's launch.
_CHUNK, _GPU_CHUNK = 8, 64
_LIGHT = (-0.55, -0.83)
_IN_THE_AIR = {"underwater": "bubbles", "volcano": "embers"}


def render(
    scene: Scene,
    frames: int = 64,
    height: int = 128,
    width: int = 128,
    fps: float = 8.0,
    device: torch.device | str = "cpu",
) -> Tensor:
    """The scene's first ``frames`` frames, uint8 RGB (T, H, W, 3) on ``device``.

    Frame k shows second k / fps, so fewer frames are a prefix of more. Any size works; the same
    scene looks the same at every size. Raises HiTVideoError for a size or rate that is no size.
    """
    return render_with_mask(scene, frames, height, width, fps, device)[0]


@torch.no_grad()
def render_with_mask(
    scene: Scene,
    frames: int,
    height: int,
    width: int,
    fps: float,
    device: torch.device | str = "cpu",
    start: int = 0,
) -> tuple[Tensor, Tensor]:
    """What `render` returns, and how far each pixel shows a subject, uint8 ``(T, H, W)``.

    start: the frame of the scene that is the first to be drawn.
    """
    if frames < 1 or min(height, width) < 8 or not fps > 0:
        raise HiTVideoError(
            "A Toon clip needs at least one frame, 8 pixels on each side and a positive frame rate."
        )
    device = torch.device(device)
    times = torch.arange(start, start + frames, device=device, dtype=torch.float32) / fps
    stage = Stage(height, width, Camera.of(scene.camera, times), device)
    PAINT[scene.backdrop](stage, random.Random(f"toon backdrop {scene.seed}"))
    chance = random.Random(f"toon weather {scene.seed}")
    if scene.weather == "fog":
        weather.fog(stage, chance)
    falling = [scene.weather] if scene.weather in ("rain", "snow", "leaves") else []
    falling += [_IN_THE_AIR[scene.backdrop]] if scene.backdrop in _IN_THE_AIR else []

    video = stage.lay(torch.zeros(3, 1, height, width, device=device), times, front=False)
    video = video.repeat(1, frames, 1, 1) if video.shape[1] != frames else video
    if scene.weather == "rain":
        video.lerp_(torch.full_like(video, 0.45), 0.22)  # no sunshine in the rain
    for kind in falling:
        weather.fall(kind, stage, video, times, chance, front=False)
    mask = video.new_zeros(frames, height, width)
    for actor in reversed(scene.subjects):
        _draw_actor(stage, actor, video, mask, times)
    video = stage.lay(video, times, front=True)
    for kind in falling:
        weather.fall(kind, stage, video, times, chance, front=True)
    pixels = video.clamp_(0, 1).mul_(255).round_().to(torch.uint8)
    shown = mask.mul_(255).round_().to(torch.uint8)
    return pixels.permute(1, 2, 3, 0).contiguous(), shown


def _draw_actor(stage: Stage, actor: Actor, video: Tensor, mask: Tensor, times: Tensor) -> None:
    where = pose(actor, times, stage.half_w, stage.half_h)
    if stage.ground:
        _draw_shadow(stage, actor, where, video)
    base = tuple(channel / 255 for channel in COLOURS[actor.colour])
    chunk = _CHUNK if video.device.type == "cpu" else _GPU_CHUNK
    for start in range(0, len(times), chunk):
        part = slice(start, start + chunk)
        brush, corners = _crop(stage, where, part)
        DRAW[actor.kind](brush, times[part, None, None] + 3 * actor.phase, base)  # type: ignore[arg-type]
        away = brush.edge.clamp(min=0) / 0.11
        border = ((_EXTENT - torch.maximum(brush.x.abs(), brush.y.abs())) * 4).clamp(0, 1)
        halo = (0.5 if stage.dark else 0.3) * torch.exp(-away * away) * border
        tone = 0.85 if stage.dark else 0.16
        rows, columns = brush.x.shape[1:]
        for k, (top, left) in enumerate(corners):
            place = video[:, start + k, top : top + rows, left : left + columns]
            place.lerp_(torch.full_like(place, tone), halo[k])
            place.mul_(1 - brush.alpha[k]).add_(brush.rgb[:, k])
            area = mask[start + k, top : top + rows, left : left + columns]
            area.copy_(torch.maximum(area, brush.alpha[k]))


def _crop(stage: Stage, where: Pose, part: slice) -> tuple[Brush, list[tuple[int, int]]]:
    """A brush on the smallest boxes, of one size, that hold the subject in these frames."""
    x, y, scale = where.x[part], where.y[part], where.scale[part]
    stretch = torch.maximum(where.wide[part], where.tall[part])
    half = float((scale * stretch).max()) * _EXTENT
    side = 2 * int(half / stage.pixel + 1)
    rows, columns = min(side, stage.height), min(side, stage.width)
    left = ((x + stage.half_w) / stage.pixel - columns / 2).round().long()
    top = ((y + stage.half_h) / stage.pixel - rows / 2).round().long()
    left, top = left.clamp(0, stage.width - columns), top.clamp(0, stage.height - rows)
    u = (left[:, None] + torch.arange(columns, device=x.device) + 0.5) * stage.pixel - stage.half_w
    v = (top[:, None] + torch.arange(rows, device=x.device) + 0.5) * stage.pixel - stage.half_h
    scale, angle, facing = (f[part, None, None] for f in (where.scale, where.angle, where.facing))
    wide, tall = where.wide[part, None, None], where.tall[part, None, None]
    dx, dy = u[:, None, :] - x[:, None, None], v[:, :, None] - y[:, None, None]
    cos, sin = torch.cos(angle), torch.sin(angle)
    local_x = (cos * dx + sin * dy) * facing / (scale * wide)
    local_y = (cos * dy - sin * dx) / (scale * tall)
    light = (facing * (cos * _LIGHT[0] + sin * _LIGHT[1]), cos * _LIGHT[1] - sin * _LIGHT[0])
    brush = Brush(local_x, local_y, stage.pixel / scale, light)
    return brush, list(zip(top.tolist(), left.tolist(), strict=True))


def _draw_shadow(stage: Stage, actor: Actor, where: Pose, video: Tensor) -> None:
    """A soft ellipse on the ground under the actor, smaller and fainter the higher it is."""
    on_ground = actor.grounded or actor.motion == "bounce"
    floor = actor.y if on_ground else max(0.66, min(0.8, actor.y + 0.5))
    bottom = where.y + FOOT * where.scale * where.tall
    height = (floor - bottom).clamp(min=0)
    strength = 0.4 * (1 - 0.45 * height).clamp(0.15, 1) * (1 + (floor - bottom) / 0.3).clamp(0, 1)
    reach = where.scale * (0.95 - 0.25 * height).clamp(min=0.4)
    pixel = stage.pixel
    x = (torch.arange(stage.width, device=video.device) + 0.5) * pixel - stage.half_w
    low, high = int((floor - 0.3 + stage.half_h) / pixel), int((floor + 0.3 + stage.half_h) / pixel)
    rows = slice(max(low, 0), min(high, stage.height))
    y = (torch.arange(stage.height, device=video.device)[rows] + 0.5) * pixel - stage.half_h
    u = (x - where.x[:, None]) / reach[:, None]
    v = (y - floor)[None] / (0.2 * reach[:, None])
    near = sdf.length(u[:, None, :], v[:, :, None])
    share = strength[:, None, None] * torch.exp(-near.pow(4))
    for surface, value in zip(video, (0.1, 0.08, 0.2), strict=True):
        surface[:, rows].mul_(1 - share).add_(share, alpha=value)
