"""How a value is drawn from its logits: guidance, temperature, top-k, top-p. Nothing of models.

A token is drawn digit by digit, so every one of these acts on the few values of one digit, not on
whole codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Sampling:
    """guidance: scale g of classifier-free guidance, u + g (c - u); 1 is none, and costs half.

    temperature: divides the logits; 0 always takes the likeliest value.
    top_k: only the k likeliest values of a digit may be drawn; 0 is no limit.
    top_p: only the likeliest values that together reach this probability; 1 is no limit.
    """

    guidance: float = 1.0
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    @property
    def guided(self) -> bool:
        return self.guidance != 1

    def choose(self, logits: Tensor, noise: Tensor) -> Tensor:
        """Values ``(...)`` from logits ``(branches, ..., values)`` and noise ``(..., values)``.

        branches: with the text, and without it if guided. noise: Gumbel's, which turns the
        likeliest value into a fair draw (Maddison et al. 2014, arXiv 1411.0030).
        """
        guided = torch.lerp(logits[1], logits[0], self.guidance) if self.guided else logits[0]
        if self.temperature == 0:
            return guided.argmax(-1)
        if self.temperature != 1:
            guided = guided / self.temperature
        if 0 < self.top_k < guided.shape[-1]:
            least = guided.topk(self.top_k).values[..., -1:]
            guided = guided.masked_fill(guided < least, float("-inf"))
        if self.top_p < 1:
            ranked, ranks = guided.softmax(-1).sort(dim=-1, descending=True, stable=True)
            beyond = ranked.cumsum(-1) - ranked >= self.top_p
            guided = guided.masked_fill(beyond.scatter(-1, ranks, beyond), float("-inf"))
        return (guided + noise).argmax(-1)


class Noise:
    """What chance decides, one generator per clip, so that no clip depends on its neighbours.

    Drawn on the CPU, level after level: a seed means the same everywhere, and a level's noise does
    not depend on how many finer levels follow.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def level(self, tokens: int, digits: int, values: int) -> Tensor:
        """Gumbel noise ``(B, tokens, digits, values)``."""
        shape = tokens, digits, values
        drawn = [
            torch.rand(shape, generator=generator, dtype=torch.float64)
            for generator in self.generators
        ]
        return -(-torch.stack(drawn).log()).log().float()
