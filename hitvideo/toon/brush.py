"""The brush: fills signed distances into a premultiplied RGBA surface, antialiased and shaded.

Knows nothing of subjects, scenes or cameras. Used for actors (a crop per frame) and for the
backdrop's layers (one picture), which is why every surface has a leading axis of frames.
"""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from hitvideo.toon.sdf import Value

Colour = tuple[float, float, float]
Paint = str | Colour

_INK = (0.07, 0.06, 0.14)


@lru_cache(maxsize=512)
def _parse(code: str) -> Colour:
    return tuple(int(code[i : i + 2], 16) / 255 for i in (1, 3, 5))  # type: ignore[return-value]


def colour(paint: Paint) -> Colour:
    """sRGB in 0..1 from "#rrggbb" (or itself)."""
    return _parse(paint) if isinstance(paint, str) else paint


def mix(first: Paint, second: Paint, share: float) -> Colour:
    """``first`` with ``share`` of ``second``."""
    a, b = colour(first), colour(second)
    return (
        a[0] + share * (b[0] - a[0]),
        a[1] + share * (b[1] - a[1]),
        a[2] + share * (b[2] - a[2]),
    )


def pale(base: Colour) -> Colour:
    """For bellies and stripes: a lighter sister of a body's colour, greyer where that is white."""
    return mix(base, "#b4c0d4", 0.38) if sum(base) > 2.5 else mix(base, "#fff6e0", 0.58)


def deep(base: Colour) -> Colour:
    """For fins and trims: a darker sister of a body's colour."""
    return mix(base, "#1c1436", 0.21)


class Brush:
    """A surface of F frames and the pen that draws on it.

    x, y: (F, h, w) coordinates of the pixels' centres, y down.
    pixel: a pixel's size in those coordinates, a float or (F, 1, 1).
    light: the direction towards the light, two floats or (F, 1, 1) tensors.
    rgb: (3, F, h, w) premultiplied, alpha: (F, h, w), both 0..1.
    edge: (F, h, w) distance to everything drawn with an outline.
    """

    def __init__(self, x: Tensor, y: Tensor, pixel: Value, light: tuple[Value, Value]) -> None:
        self.x, self.y, self.pixel = x, y, pixel
        self.lit = x * light[0] + y * light[1]
        self.light = light
        self.rgb = torch.zeros(3, *x.shape, device=x.device)
        self.alpha = torch.zeros_like(x)
        self.edge = torch.full_like(x, 9.0)

    def window(self, part: tuple[slice, slice, slice]) -> "Brush":
        """A brush on a part of this surface: what it paints is painted here."""
        piece = object.__new__(Brush)
        piece.x, piece.y, piece.lit = self.x[part], self.y[part], self.lit[part]
        piece.pixel, piece.light = self.pixel, self.light
        piece.rgb, piece.alpha = self.rgb[:, *part], self.alpha[part]
        piece.edge = self.edge[part]
        return piece

    def cover(self, distance: Tensor, soft: float = 0.0) -> Tensor:
        """Share of each pixel inside the shape; ``soft`` widens the edge, in coordinates."""
        return (0.5 - distance / (self.pixel + soft)).clamp(0, 1)

    def paint(self, share: Tensor, paint: Paint | Sequence[Tensor]) -> None:
        """Lay a colour, or a tensor per channel, over the surface with an opacity per pixel."""
        rest = 1 - share
        channels = colour(paint) if isinstance(paint, str) else paint
        for surface, value in zip(self.rgb, channels, strict=True):
            if isinstance(value, Tensor):
                surface.mul_(rest).addcmul_(share, value)
            else:
                surface.mul_(rest).add_(share, alpha=value)
        self.alpha.mul_(rest).add_(share)

    def flat(self, distance: Tensor, paint: Paint, opacity: Value = 1.0, soft: float = 0.0) -> None:
        """One even colour."""
        self.paint(self.cover(distance, soft) * opacity, paint)

    def wash(
        self, distance: Tensor | None, top: Paint, bottom: Paint, y0: float, y1: float
    ) -> None:
        """A vertical gradient from ``top`` at y0 to ``bottom`` at y1; None fills everything."""
        share = torch.ones_like(self.x) if distance is None else self.cover(distance)
        way = ((self.y - y0) / (y1 - y0)).clamp(0, 1)
        a, b = colour(top), colour(bottom)
        self.paint(share, [a[i] + (b[i] - a[i]) * way for i in range(3)])

    def glow(self, distance: Tensor, paint: Paint, reach: float, opacity: Value = 1.0) -> None:
        """Light that fades out over ``reach`` outside the shape."""
        fade = (1 - distance.clamp(min=0) / reach).clamp(0, 1)
        self.paint(fade * fade * opacity, paint)

    def outline(self, distance: Tensor, paint: Paint, width: float = 0.055) -> None:
        """The dark line around a shape that is filled next, tinted with the shape's colour."""
        self.paint(self.cover(distance - width), mix(_INK, paint, 0.22))
        torch.minimum(self.edge, distance - width, out=self.edge)

    def fill(
        self,
        distance: Tensor,
        paint: Paint,
        *,
        ink: float = 0.055,
        at: tuple[Value, Value] = (0.0, 0.0),
        radius: float = 1.0,
        relief: float = 1.0,
    ) -> None:
        """A shaded shape with an outline (``ink`` wide, 0: none).

        Like a cel: a soft gradient over the whole, a crescent of shade on the far side, a rim of
        light on the near side, both following the edge. ``at`` and ``radius`` say where the shape
        is, so that a small part is lit as a body of its own; ``relief`` 0 is flat.
        """
        if ink:
            self.outline(distance, paint, ink)
        base = colour(paint)
        lit = self.lit - (at[0] * self.light[0] + at[1] * self.light[1])
        depth = -distance / radius
        lit = lit / radius if radius != 1.0 else lit
        rim = ((0.16 * lit - depth) * 16 + 0.5).clamp(0, 1)
        shade = ((-0.28 * lit - depth) * 8 + 0.5).clamp(0, 1)
        level = (0.24 * lit + 0.5 * rim - 0.48 * shade).clamp(-1, 1) * relief
        up, down = level.clamp(min=0), level.clamp(max=0)
        bright = mix(base, (1.0, 1.0, 0.94), 0.62)
        dark = mix(tuple(0.64 * c for c in base), (0.16, 0.1, 0.34), 0.18)  # type: ignore[arg-type]
        self.paint(
            self.cover(distance),
            [
                b + (hi - b) * up + (b - lo) * down
                for b, hi, lo in zip(base, bright, dark, strict=True)
            ],
        )
