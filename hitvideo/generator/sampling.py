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

    def guide(self, logits: Tensor) -> Tensor:
        """``(2 B, ...)``, with the text and then without, to ``(B, ...)``."""
        with_text, without = logits.chunk(2)
        return torch.lerp(without, with_text, self.guidance)

    def draw(self, logits: Tensor, noise: Tensor) -> Tensor:
        """Values ``(...)`` from logits ``(..., values)`` and noise ``(...)``, uniform in (0, 1].

        The noise is looked up in the cumulative distribution: noise above zero never draws a value
        whose probability is zero.
        """
        if self.temperature == 0:
            return logits.argmax(-1)
        logits = logits / self.temperature
        if 0 < self.top_k < logits.shape[-1]:
            least = logits.topk(self.top_k).values[..., -1:]
            logits = logits.masked_fill(logits < least, float("-inf"))
        share = logits.double().softmax(-1)
        if self.top_p < 1:
            ranked, ranks = share.sort(dim=-1, descending=True, stable=True)
            beyond = ranked.cumsum(-1) - ranked >= self.top_p
            share = share.masked_fill(torch.zeros_like(beyond).scatter(-1, ranks, beyond), 0)
        cumulative = share.cumsum(-1)
        return (cumulative < noise.unsqueeze(-1) * cumulative[..., -1:]).sum(-1)


class Noise:
    """What chance decides, one generator per clip, so that no clip depends on its neighbours.

    Drawn on the CPU, level after level: a seed means the same everywhere, and a level's noise does
    not depend on how many finer levels follow.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def level(self, tokens: int, digits: int) -> Tensor:
        """Uniform in (0, 1], ``(B, tokens, digits)`` of float64."""
        drawn = [
            torch.rand(tokens, digits, generator=generator, dtype=torch.float64)
            for generator in self.generators
        ]
        return 1 - torch.stack(drawn)
