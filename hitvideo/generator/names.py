"""What each thing of a plan is, read from the text, and how it looks from every position.

A plan says where things are but not which; words say what there is but not where. Each thing
reads the text by a query of its own, and what it finds, its name, meets the position's place on it:
a box with a phrase (GLIGEN, arXiv 2301.07093). Knows nothing of tokens.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.generator.relations import RELATIONS
from hitvideo.plan.tracks import MOMENTS, THINGS

HEADS = 4
PLACES = 64  # as many as a prompt may have tokens; any beyond lie where the last of these does
STROKES = 256  # channels in which names and places meet


class Names(nn.Module):
    """Reads a name for each thing. text_width: of the embeddings; width: of the names.

    It is told where words stand: which of two things is meant is a matter of word order.
    """

    def __init__(self, text_width: int, width: int) -> None:
        super().__init__()
        self.where = nn.Embedding(PLACES, text_width)
        self.asks = nn.Embedding(THINGS, width)
        self.find = nn.Linear(text_width, width, bias=False)
        self.said = nn.Linear(text_width, width, bias=False)
        self.name = nn.Linear(width, width, bias=False)

    @property
    def spread(self) -> dict[nn.Module, float]:
        """The deviation that each table begins with.

        Two things are to tell words apart from the start: with the 0.02 of transformers it takes
        many times as long to learn.
        """
        tables: dict[nn.Module, float] = {self.asks: 1.0, self.where: 0.1}
        return tables | {part: part.in_features**-0.5 for part in (self.find, self.said, self.name)}

    def forward(self, text: Tensor, present: Tensor) -> Tensor:
        """Names ``(B, THINGS, width)`` of a text ``(B, L, text_width)``; zeros where none is told.

        present: which embeddings count, booleans ``(B, L)``.
        """
        values = self.said(self._placed(text)).unflatten(-1, (HEADS, -1)).transpose(1, 2)
        found = self.attention(text, present).to(values.dtype) @ values
        return self.name(found.transpose(1, 2).flatten(2))

    def attention(self, text: Tensor, present: Tensor) -> Tensor:
        """How far each thing reads each embedding ``(B, HEADS, THINGS, L)``.

        Sums over these are 1, or 0 where nothing is told. See `forward`.
        """
        keys = self.find(self._placed(text)).unflatten(-1, (HEADS, -1)).transpose(1, 2)
        asks = self.asks.weight.unflatten(-1, (HEADS, -1)).transpose(0, 1)
        scores = asks @ keys.transpose(-1, -2) * asks.shape[-1] ** -0.5
        ignored = ~present[:, None, None]
        return scores.masked_fill(ignored, -1e4).float().softmax(-1).masked_fill(ignored, 0)

    def _placed(self, text: Tensor) -> Tensor:
        places = torch.arange(text.shape[1], device=text.device).clamp_max(PLACES - 1)
        return text + self.where(places)


class Brush(nn.Module):
    """What a place on a thing of that name is told, for one level. width: of all it tells."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.place = nn.Linear(RELATIONS // THINGS, STROKES, bias=False)
        self.name = nn.Linear(width, STROKES, bias=False)
        self.paint = nn.Linear(STROKES, width, bias=False)

    @property
    def spread(self) -> dict[nn.Module, float]:
        """As `Names.spread`; of the strokes nothing is told at first."""
        return {self.place: 0.1, self.name: 0.06, self.paint: 0.0}

    def forward(self, relations: Tensor, names: Tensor) -> Tensor:
        """``(B, N, width)``, the sum over the things; nothing where no thing is, or has a name.

        relations: ``(B, N, RELATIONS)``. names: ``(B, THINGS, width)``.
        """
        each = relations.unflatten(-1, (MOMENTS, THINGS, -1)).transpose(2, 3).flatten(3)
        strokes = F.silu(self.place(each)) * self.name(names).unsqueeze(1)
        return self.paint(strokes.sum(2))
