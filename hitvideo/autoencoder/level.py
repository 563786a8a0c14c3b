"""One level: what a group's features still lack is projected to a few digits, and put back.

Everywhere h is the running estimate, from codes alone, of the encoder's features e of a map.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from hitvideo.autoencoder.config import LevelConfig
from hitvideo.autoencoder.layers import Block, blocks, linear
from hitvideo.tokenizer.layers import conv
from hitvideo.tokenizer.quantizers import FSQ


class Level(nn.Module):
    """Two paths lie on top of each other: a linear one that is fitted before training, and networks
    that start at nothing and add what a line cannot."""

    def __init__(self, config: LevelConfig, width: int) -> None:
        super().__init__()
        self.config = config
        self.quantizer = FSQ(config.steps)
        self.recall = Recall(width) if config.memory else None
        self.project = linear(width, config.dims)
        self.compare = nn.Sequential(conv(2 * width, width), Block(width))
        self.adjust = conv(width, config.dims, zero=True)
        self.insert = linear(config.dims, width)
        self.absent = nn.Parameter(torch.zeros(width))
        self.blocks = blocks(width, config.blocks)

    def forward(
        self,
        h: Tensor,
        memory: Tensor | None,
        e: Tensor | None = None,
        codes: Tensor | None = None,
        present: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """One group: the better estimate, ``(B, C, y, x)`` like ``h``, and its codes.

        memory: the estimate that this level gave for the group before. e: what to encode; or codes
        to decode, ``(B, slots, y, x)``, or their values ``(B, slots, y, x, dims)``; neither: the
        level is omitted. present: ``(B,)``, which samples keep the level (None: all do).
        """
        if self.recall is not None and memory is not None:
            h = h + self.recall(torch.cat([memory, h], 1))
        absent = self.absent.view(1, -1, 1, 1)
        if e is not None:
            values, codes = self.quantizer(self._digits(h, e))
            if not self.training:  # bit for bit what the decoder will see
                values = self.quantizer.values(codes)
        elif codes is not None:
            values = codes if codes.is_floating_point() else self.quantizer.values(codes)
        else:
            return self.blocks(h + absent), None
        new = self.insert(rearrange(values, "b n y x d -> b (n d) y x").to(h.dtype))
        if present is not None:
            keep = present.to(h.dtype).view(-1, 1, 1, 1)
            new = keep * new + (1 - keep) * absent
        return self.blocks(h + new), codes

    def _digits(self, h: Tensor, e: Tensor) -> Tensor:
        z = self.project(e - h) + self.adjust(self.compare(torch.cat([e, h], 1)))
        return rearrange(z.float(), "b (n d) y x -> b n y x d", n=self.config.slots)


class Recall(nn.Module):
    """What the estimate of the group before adds to the one that a level begins with."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.join = conv(2 * width, width)
        self.block = Block(width)
        self.out = conv(width, width, zero=True)

    def forward(self, both: Tensor) -> Tensor:
        return self.out(F.silu(self.block(self.join(both))))
