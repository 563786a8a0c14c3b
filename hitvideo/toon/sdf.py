"""Signed distances: negative inside a shape, positive outside, in the units of the coordinates.

Knows nothing of colours or frames. ``x`` and ``y`` are tensors of one shape; every other number may
be a float or a tensor that broadcasts against them. Distances of ellipses and polygons are close to
true ones near the edge, which is all that antialiasing and outlines need.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

Value = float | Tensor


def length(x: Tensor, y: Tensor) -> Tensor:
    return torch.sqrt(x * x + y * y)


def turned(x: Tensor, y: Tensor, cx: Value, cy: Value, angle: Value) -> tuple[Tensor, Tensor]:
    """Coordinates in a frame centred on (cx, cy) and turned clockwise by ``angle`` radians."""
    if not isinstance(angle, Tensor):
        angle = torch.tensor(angle, device=x.device)
    cos, sin = torch.cos(angle), torch.sin(angle)
    dx, dy = x - cx, y - cy
    return cos * dx + sin * dy, cos * dy - sin * dx


def circle(x: Tensor, y: Tensor, cx: Value, cy: Value, radius: Value) -> Tensor:
    return length(x - cx, y - cy) - radius


def ellipse(x: Tensor, y: Tensor, cx: Value, cy: Value, rx: Value, ry: Value) -> Tensor:
    u, v = (x - cx) / rx, (y - cy) / ry
    near = length(u, v)
    return near * (near - 1) / (length(u / rx, v / ry) + 1e-6)


def box(
    x: Tensor, y: Tensor, cx: Value, cy: Value, half_w: Value, half_h: Value, radius: float = 0.0
) -> Tensor:
    """A rectangle of these half sides, its corners rounded within them."""
    dx, dy = (x - cx).abs() - (half_w - radius), (y - cy).abs() - (half_h - radius)
    outside = length(dx.clamp(min=0), dy.clamp(min=0))
    return outside + torch.maximum(dx, dy).clamp(max=0) - radius


def line(x: Tensor, y: Tensor, ax: Value, ay: Value, bx: Value, by: Value, radius: Value) -> Tensor:
    """A stroke from a to b with round ends."""
    px, py, dx, dy = x - ax, y - ay, bx - ax, by - ay
    along = ((px * dx + py * dy) / (dx * dx + dy * dy + 1e-9)).clamp(0, 1)
    return length(px - dx * along, py - dy * along) - radius


def polygon(
    x: Tensor, y: Tensor, corners: Sequence[tuple[float, float]], radius: float = 0.0
) -> Tensor:
    """A convex polygon, corners in order (either way round), grown by ``radius``."""
    pairs = list(zip(corners, (*corners[1:], corners[0]), strict=True))
    way = 1.0 if sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs) > 0 else -1.0
    distance: Tensor | None = None
    for (ax, ay), (bx, by) in pairs:
        nx, ny = way * (by - ay), way * (ax - bx)
        size = math.hypot(nx, ny)
        side = x * (nx / size) + y * (ny / size) - (ax * nx + ay * ny) / size
        distance = side if distance is None else torch.maximum(distance, side)
    assert distance is not None
    return distance - radius


def star(x: Tensor, y: Tensor, points: int, outer: float, inner: float) -> Tensor:
    """A star around the origin with one point up."""
    sector = math.pi / points
    angle = torch.remainder(torch.atan2(x, -y) + sector, 2 * sector) - sector
    radius = length(x, y)
    u, v = radius * torch.sin(angle).abs(), radius * torch.cos(angle)
    # In one folded half sector the edge is a single line from the tip to the notch.
    ex, ey = inner * math.sin(sector), inner * math.cos(sector) - outer
    size = math.hypot(ex, ey)
    return (u * -ey + (v - outer) * ex) / size


def ring(distance: Tensor, half_width: float) -> Tensor:
    """The outline of a shape as a band."""
    return distance.abs() - half_width


def union(first: Tensor, *others: Tensor) -> Tensor:
    for other in others:
        first = torch.minimum(first, other)
    return first


def both(first: Tensor, *others: Tensor) -> Tensor:
    for other in others:
        first = torch.maximum(first, other)
    return first


def without(first: Tensor, second: Tensor) -> Tensor:
    return torch.maximum(first, -second)


def blend(first: Tensor, second: Tensor, width: float) -> Tensor:
    """A union whose seam is rounded over ``width``."""
    h = (width - (first - second).abs()).clamp(min=0) / width
    return torch.minimum(first, second) - h * h * width * 0.25
