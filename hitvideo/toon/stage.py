"""The stage: a backdrop's layers, and the camera that looks at them.

Knows nothing of what is painted on a layer, nor of actors. Each layer is painted once, larger than
the frame, and then sampled per frame where the camera, its drift and its bobbing put it.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from hitvideo.toon.brush import Brush

_CAMERA_SECONDS = 8.0  # the move takes one clip; the camera then rests
_PAN = 0.42  # how far to each side a layer at depth 1 moves, in half frames
_ZOOM = 1.45
_FOCUS = 0.4  # the height that zooms keep in place: the ground by the horizon
_MARGIN = 0.72  # painted beyond the frame on both sides, for pans of front layers
_LIGHT = (-0.5, -0.8)


@dataclass(frozen=True)
class Camera:
    """Where the camera is at T times: ``pan`` and ``zoom``, float32 tensors (T,).

    closest: the largest zoom of the whole move, however few times are asked for.
    """

    pan: Tensor
    zoom: Tensor
    closest: float

    @staticmethod
    def of(move: str, times: Tensor) -> "Camera":
        """The camera of a word in ``CAMERAS`` at ``times`` (T,) seconds."""
        done = (times / _CAMERA_SECONDS).clamp(0, 1)
        pan, zoom = torch.zeros_like(times), torch.ones_like(times)
        if move.startswith("pan"):
            pan = _PAN * (2 * done - 1) * (1 if move.endswith("right") else -1)
        elif move.startswith("zoom"):
            zoom = 1 + (_ZOOM - 1) * (done if move.endswith("in") else 1 - done)
        return Camera(pan, zoom, _ZOOM if move.startswith("zoom") else 1.0)


@dataclass(frozen=True)
class Layer:
    """One painted sheet. ``depth`` 0: at infinity, 1: where the actors are, above 1: in front.

    drift: speed to the right, in half frames per second. bob: (x amplitude, y amplitude, Hz, phase)
    of a slow floating about. twinkle: (Hz, phase) of a brightening and dimming, Hz 0: none.
    """

    brush: Brush
    depth: float
    drift: float
    bob: tuple[float, float, float, float]
    twinkle: tuple[float, float]


class Stage:
    """The layers of one backdrop, back to front, for frames of ``height`` x ``width`` pixels.

    half_w, half_h: half the frame's sides (the shorter side is 2). pixel: a pixel's size in those
    units. ground: whether actors cast a shadow. dark: whether the scene is dark, so that actors
    get a light rather than a dark halo.
    """

    def __init__(self, height: int, width: int, camera: Camera, device: torch.device) -> None:
        short = min(height, width)
        self.height, self.width, self.device = height, width, device
        self.half_w, self.half_h = width / short, height / short
        self.pixel = 2 / short
        self.camera = camera
        self.ground, self.dark = True, False
        self.layers: list[Layer] = []

    def layer(
        self,
        depth: float,
        *,
        drift: float = 0.0,
        bob: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
        twinkle: tuple[float, float] = (0.0, 0.0),
    ) -> Brush:
        """A new layer in front of those before; paint on the brush that comes back."""
        extent_x = self.half_w + _MARGIN + abs(drift) * 12
        extent_y = self.half_h + 0.12
        # What is zoomed into is painted finer, or it would go soft.
        pixel = self.pixel / (1.25 if self.camera.closest > 1 else 1)
        columns, rows = math.ceil(2 * extent_x / pixel), math.ceil(2 * extent_y / pixel)
        x = (torch.arange(columns, device=self.device) + 0.5 - columns / 2) * pixel
        y = (torch.arange(rows, device=self.device) + 0.5 - rows / 2) * pixel
        brush = Brush(
            x.expand(1, rows, columns).clone(),
            y[:, None].expand(1, rows, columns).clone(),
            pixel,
            _LIGHT,
        )
        self.layers.append(Layer(brush, depth, drift, bob, twinkle))
        return brush

    def zoom_at(self, depth: float) -> Tensor:
        """How much larger the camera shows things at ``depth``, (T,)."""
        return 1 + (self.camera.zoom - 1) * min(1.0, 0.35 + 0.65 * depth)

    def lay(self, frames: Tensor, times: Tensor, *, front: bool) -> Tensor:
        """Composite the layers behind the actors (or those in front) over ``frames``.

        frames: (3, 1 or T, H, W); one frame stays one frame for as long as nothing moves.
        """
        for layer in self.layers:
            if (layer.depth > 1) == front:
                sheet = self._sample(layer, times)
                rgb, alpha = sheet[:3], sheet[3]
                if rgb.shape[1] in (1, frames.shape[1]):
                    frames.mul_(1 - alpha).add_(rgb)
                else:
                    frames = frames * (1 - alpha) + rgb
        return frames

    def _sample(self, layer: Layer, times: Tensor) -> Tensor:
        bob_x, bob_y, hertz, phase = layer.bob
        swing = 2 * math.pi * (hertz * times + phase)
        move_x = layer.drift * times + bob_x * torch.sin(swing) - layer.depth * self.camera.pan
        move_y = bob_y * torch.cos(swing)
        zoom = self.zoom_at(layer.depth)
        hz, start = layer.twinkle
        light = 1 + 0.45 * (torch.sin(2 * math.pi * (hz * times + start)) - 1) * (hz > 0)
        changes = torch.stack([move_x, move_y, zoom, light])
        if bool((changes == changes[:, :1]).all()):
            move_x, move_y, zoom, light = (row[:1] for row in changes)
        sheet = torch.cat([layer.brush.rgb, layer.brush.alpha[None]]).transpose(0, 1)
        rows, columns = sheet.shape[-2:]
        span = layer.brush.pixel / 2
        assert isinstance(span, float)
        x = (torch.arange(self.width, device=self.device) + 0.5) * self.pixel - self.half_w
        y = (torch.arange(self.height, device=self.device) + 0.5) * self.pixel - self.half_h
        grid_x = (x / zoom[:, None] - move_x[:, None]) / (columns * span)
        grid_y = ((y - _FOCUS) / zoom[:, None] + _FOCUS - move_y[:, None]) / (rows * span)
        count = len(zoom)
        grid = torch.stack(
            [
                grid_x[:, None, :].expand(count, self.height, self.width),
                grid_y[:, :, None].expand(count, self.height, self.width),
            ],
            dim=-1,
        )
        # All frames as one tall picture: the sheet is not copied per frame.
        tall = grid.reshape(1, count * self.height, self.width, 2)
        seen = F.grid_sample(sheet, tall, padding_mode="border", align_corners=False)
        seen = seen.view(4, count, self.height, self.width)
        return seen * light[:, None, None] if hz > 0 else seen
