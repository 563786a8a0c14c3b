"""Codes digit by digit: an FSQ code is a few small numbers, and the head writes them in turn.

p(code) = p(digit 1) p(digit 2 | digit 1) ...: an exact factorisation whose tables are a thousand
times smaller than one of whole codes, and in which no invalid code exists. Knows nothing of where a
token lies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Pick = Callable[[Tensor, int], Tensor]
Answer = tuple[Tensor, Tensor, Tensor]  # of a digit: its place, its table, what it says afterwards

AT_ONCE = 1 << 14  # digits that training works out together: what fits into a processor's cache


class Digits(nn.Module):
    """Tables over (level, digit, value), and codes to digits and back.

    steps: FSQ steps per level. Codes are mixed-radix numbers, first digit least significant, as in
    `hitvideo.tokenizer.quantizers.FSQ`. Levels with fewer digits are filled up with digits of one
    value, which cost nothing.
    """

    def __init__(self, steps: Sequence[tuple[int, ...]]) -> None:
        super().__init__()
        self.count = max(len(s) for s in steps)
        self.choices = max(max(s) for s in steps)
        self.levels = len(steps)
        self._real = [tuple(s) for s in steps]
        self._steps = [list(s) + [1] * (self.count - len(s)) for s in steps]

    def steps(self, level: Tensor) -> Tensor:
        """How many values each digit has ``(N, count)`` at the levels ``(N,)``."""
        return torch.tensor(self._steps, device=level.device)[level]

    def of(self, level: int) -> tuple[int, ...]:
        """How many values each digit has, without the filling, at one level."""
        return self._real[level]

    def split(self, codes: Tensor, level: Tensor) -> Tensor:
        """Codes ``(B, N)`` to digits ``(B, N, count)``."""
        steps = self.steps(level)
        return codes.unsqueeze(-1) // _base(steps) % steps

    def join(self, digits: Tensor, level: Tensor) -> Tensor:
        """Digits ``(B, N, count)`` to codes ``(B, N)``."""
        return (digits * _base(self.steps(level))).sum(-1)

    def rows(self, digits: Tensor, level: Tensor) -> Tensor:
        """Rows ``(B, N, count)`` of a table over (level, digit, value)."""
        place = level.unsqueeze(-1) * self.count + torch.arange(self.count, device=level.device)
        return place * self.choices + digits

    @property
    def table(self) -> int:
        """Rows of such a table."""
        return self.levels * self.count * self.choices


def _base(steps: Tensor) -> Tensor:
    return torch.cat([torch.ones_like(steps[..., :1]), steps[..., :-1]], -1).cumprod(-1)


class Block(nn.Module):
    """A residual block: norm, twice the width, back."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(width, eps=1e-6)
        self.up = nn.Linear(width, 2 * width, bias=False)
        self.down = nn.Linear(2 * width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.down(F.silu(self.up(self.norm(x))))


class DigitHead(nn.Module):
    """Hidden states to logits of every digit, each knowing the digits before it."""

    def __init__(self, digits: Digits, inputs: int, width: int, layers: int = 1) -> None:
        super().__init__()
        self.digits = digits
        self.read = nn.Linear(inputs, width)
        self.told = nn.Embedding(digits.table, width)
        self.place = nn.Embedding(digits.levels * digits.count, width)
        self.layers = nn.ModuleList(Block(width) for _ in range(layers))
        self.final = nn.RMSNorm(width, eps=1e-6)
        self.out = nn.Embedding(digits.table, width)

    def forward(self, hidden: Tensor, digits: Tensor, level: Tensor) -> Tensor:
        """Logits ``(n, count, choices)`` from ``(n, inputs)`` and ``(n, count)``.

        level: of the positions ``(n,)``, in any order.
        """
        order, parts = level.argsort(stable=True), []
        counts = level.bincount(minlength=self.digits.levels).tolist()
        for index, rows in enumerate(order.split(counts)):
            size = max(1, AT_ONCE // len(self.digits.of(index)))
            pieces = zip(hidden[rows].split(size), digits[rows].split(size), strict=True)
            parts += [self._logits(*piece, index) for piece in pieces]
        return torch.cat(parts)[order.argsort()]

    def _logits(self, hidden: Tensor, digits: Tensor, level: int) -> Tensor:
        """The same for positions of one level; only its real digits are worked out."""
        here, choices = len(self.digits.of(level)), self.digits.choices
        first = level * self.digits.count
        places = slice(first, first + here)
        rows = slice(first * choices, (first + here) * choices)
        steps = torch.tensor(self.digits.of(level), device=digits.device)

        values = digits[..., :here] + torch.arange(here, device=digits.device) * choices
        told = F.embedding(values, self.told.weight[rows]).cumsum(-2)
        before = F.pad(told[..., :-1, :], (0, 0, 1, 0))
        x = self._answer(self.read(hidden).unsqueeze(-2) + before + self.place.weight[places])
        table = self.out.weight[rows].unflatten(0, (here, choices)).to(x.dtype)
        logits = torch.einsum("nkd,kcd->nkc", x, table).float()
        valid = torch.arange(choices, device=digits.device) < steps[:, None]
        logits = logits.masked_fill(~valid, -math.inf)
        # A digit that only fills up has one value, 0, and is sure of it.
        sure = logits.new_full((len(logits), self.digits.count - here, choices), -math.inf)
        sure[..., 0] = 0
        return torch.cat([logits, sure], -2)

    def at(self, level: int) -> list[Answer]:
        """What `choose` needs to know of one level's digits; the filled up ones are left out."""
        answers = []
        for index, steps in enumerate(self.digits.of(level)):
            place = level * self.digits.count + index
            rows = slice(place * self.digits.choices, place * self.digits.choices + steps)
            answers.append(
                (self.place.weight[place], self.out.weight[rows], self.told.weight[rows])
            )
        return answers

    def choose(self, hidden: Tensor, answers: list[Answer], pick: Pick) -> Tensor:
        """Digits ``(B, n, count)`` of tokens of one level, all branches being told the same ones.

        hidden: ``(branches, B, n, inputs)``. pick: makes values ``(B, n)`` out of a digit's logits
        ``(branches, B, n, values)``, among which are only those that the digit can take.
        """
        state = self.read(hidden)
        chosen: list[Tensor] = []
        for place, out, told in answers:
            logits = F.linear(self._answer(state + place), out).float()
            chosen.append(pick(logits, len(chosen)))
            state = state + F.embedding(chosen[-1], told)
        return F.pad(torch.stack(chosen, -1), (0, self.digits.count - len(chosen)))

    def _answer(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return self.final(x)
