"""Paints what is around the things: the coarse video, cleared of their blur, with its edges found.

Knows nothing of plans, names or words: it sees the coarse video and what will be laid over it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.painter.cels import Mix
from hitvideo.painter.config import PainterConfig
from hitvideo.tokenizer.config import GROUP
from hitvideo.tokenizer.layers import zero_conv

PATCH = 8  # pixels a side of the finest map's places
MULTIPLE = 2 * PATCH  # sizes are padded to these
_SEEN = 7  # channels: the coarse video, the things laid over it, their opacity
_WRITTEN = 4  # channels: what is added to the coarse video, and how far things are hidden

State = tuple[Tensor, ...]  # features of the last frame, one per mixing layer


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.spatial = nn.Conv2d(width, width, 3, padding=1)
        self.out = nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return x + self.out(F.silu(self.spatial(F.silu(x))))


class Backdrop(nn.Module):
    def __init__(self, config: PainterConfig) -> None:
        super().__init__()
        width, deep = config.backdrop_widths
        self.read = nn.Conv2d(_SEEN * PATCH**2, width, 1)
        self.before = Residual(width)
        self.mixes = nn.ModuleList([Mix(width), Mix(deep)])
        self.down = nn.Conv2d(width, deep, 2, stride=2)
        self.middle = nn.ModuleList([Residual(deep), Residual(deep)])
        self.up = nn.Conv2d(deep, 4 * width, 1)
        self.after = nn.ModuleList([Residual(width), Residual(width)])
        self.write = zero_conv(width, _WRITTEN * PATCH**2)

    def forward(
        self, coarse: Tensor, laid: Tensor, state: State | None
    ) -> tuple[Tensor, Tensor, State]:
        """The picture without things ``(B * GROUP, 3, H, W)``, how far things are seen through
        what lies before them ``(B * GROUP, 1, H, W)``, and the state for the next group.

        coarse: frames of whole groups ``(B * GROUP, 3, H, W)``, sizes multiples of MULTIPLE.
        laid: the things over them ``(B * GROUP, 4, H, W)``. state: of the group before.
        """
        seen = torch.cat([coarse, laid], 1)
        x = self.before(self.read(F.pixel_unshuffle(seen, PATCH)))
        last = [_last_frames(x)]
        x = self.mixes[0](x, state[0] if state else None)
        deep = self.middle[0](self.down(x))
        last.append(_last_frames(deep))
        deep = self.middle[1](self.mixes[1](deep, state[1] if state else None))
        x = x + F.pixel_shuffle(self.up(deep), 2)
        for block in self.after:
            x = block(x)
        written = F.pixel_shuffle(self.write(F.silu(x)), PATCH)
        shown = torch.sigmoid(written[:, 3:] + 4)
        return coarse + written[:, :3], shown, tuple(last)


def _last_frames(x: Tensor) -> Tensor:
    return x.unflatten(0, (-1, GROUP))[:, -1]
