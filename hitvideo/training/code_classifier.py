"""Reads off the coarsest level what a Toon clip shows, so that its codes come to say it.

A language model finds "a red fish" hard to write where colour and kind are scattered over pixels'
worth of detail. While the tokenizer trains, this small network has to tell subject, colour, motion
and backdrop from the features that the first level decodes its codes to, which depend on nothing
else; the gradient makes room for them there. (Speech codecs distil meaning into their first level
likewise: Zhang et al., SpeechTokenizer, 2023.) It is dropped afterwards and is not the judge. Knows
nothing of pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.toon import ATTRIBUTES, UNKNOWN

GAZES = 4


class CodeClassifier(nn.Module):
    """Looks at a few places in every group of frames, then over time."""

    def __init__(self, inputs: int, width: int = 96) -> None:
        super().__init__()
        self.near = nn.Conv3d(inputs, width, 3, padding=1)
        self.wider = nn.Conv3d(width, width, 3, padding=1)
        self.gaze = nn.Conv3d(width, GAZES, 1)
        self.join = nn.Conv1d(GAZES * (width + 2), 2 * width, 3, padding=1)
        self.over_time = nn.Conv1d(2 * width, 2 * width, 3, padding=1)
        self.tell = nn.ModuleList(nn.Linear(2 * width, len(words)) for words in ATTRIBUTES.values())

    def forward(self, features: Tensor) -> list[Tensor]:
        """Logits of every attribute, from features ``(B, inputs, groups, h, w)``."""
        x = F.silu(self.near(features))
        x = F.silu(x + self.wider(x))
        weights = self.gaze(x).flatten(3).softmax(-1)
        seen = torch.einsum("bqgn,bcgn->bqcg", weights, x.flatten(3))
        rows, columns = (torch.linspace(-1, 1, n, device=x.device) for n in x.shape[3:])
        places = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), 0).flatten(1)
        where = torch.einsum("bqgn,cn->bqcg", weights, places.to(weights.dtype))
        told = F.silu(self.join(torch.cat([seen, where], 2).flatten(1, 2)))
        told = F.silu(told + self.over_time(told)).mean(-1)
        return [tell(told).float() for tell in self.tell]


def reading_loss(logits: Sequence[Tensor], target: Tensor) -> tuple[Tensor, Tensor]:
    """Nats per known clip, summed over the attributes, and the share of them that was read right.

    Both are zero, but never without a gradient, if nothing is known of any clip.
    """
    known = target[:, 0] != UNKNOWN
    safe = target.clamp(min=0)
    nats = [F.cross_entropy(x, t, reduction="none") for x, t in zip(logits, safe.T, strict=True)]
    right = [x.argmax(1) == t for x, t in zip(logits, safe.T, strict=True)]
    count = known.sum().clamp(min=1)
    share = (torch.stack(right).float().mean(0) * known).sum() / count
    return (torch.stack(nats).sum(0) * known).sum() / count, share
