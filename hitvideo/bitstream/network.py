"""The entropy model: a small integer network per level, from inputs to probabilities.

Everything is integer arithmetic (matrix products run in float64, whose sums of integers below 2^53
are exact in any order), so every machine finds the very same probabilities. Knows nothing of how
inputs are gathered or bits are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import isqrt

import numpy as np

TOTAL_BITS = 24  # probabilities are multiples of 2^-24
ONE = 256  # the activations' and logarithms' 1
MAX_ACTIVATION = 2**15 - 1
AT_ONCE = 8192  # positions, so that memory stays small for large pictures


@dataclass(frozen=True)
class LevelNetwork:
    """Logits of every FSQ digit of a token: one hidden layer, and a table of earlier digits.

    steps: of the level's FSQ; below, ``outputs = sum(steps)``. Hidden weights int16 ``(hidden,
    inputs)`` and biases int32 stand for real numbers times ``ONE << hidden_shift``; output weights
    int16 ``(outputs, hidden)`` for those times ``1 << output_shift``; output biases int32 and
    earlier int32 ``(outputs, outputs)`` (``[logit, digit of before]``) for base-2 logarithms times
    ``ONE << output_shift``.
    """

    steps: tuple[int, ...]
    hidden_weight: np.ndarray
    hidden_bias: np.ndarray
    hidden_shift: int
    output_weight: np.ndarray
    output_bias: np.ndarray
    output_shift: int
    earlier: np.ndarray

    @cached_property
    def _matrices(self) -> tuple[np.ndarray, np.ndarray]:
        return (
            self.hidden_weight.T.astype(np.float64),
            self.output_weight.T.astype(np.float64),
        )

    @cached_property
    def starts(self) -> list[int]:
        """Where each digit's logits begin among the outputs."""
        return [sum(self.steps[:i]) for i in range(len(self.steps))]

    def outputs(self, inputs: np.ndarray) -> np.ndarray:
        """Unshifted logits int64 ``(n, outputs)`` from inputs ``(n, inputs)``."""
        hidden_matrix, output_matrix = self._matrices
        found = []
        for start in range(0, len(inputs), AT_ONCE):
            some = inputs[start : start + AT_ONCE].astype(np.float64)
            hidden = (some @ hidden_matrix).astype(np.int64) + self.hidden_bias
            hidden = (hidden >> self.hidden_shift).clip(0, MAX_ACTIVATION)
            found.append((hidden.astype(np.float64) @ output_matrix).astype(np.int64))
        return np.concatenate(found) + self.output_bias

    def frequencies(self, outputs: np.ndarray, before: np.ndarray) -> np.ndarray:
        """How often of 2^24 times the next digit takes each value, int64 ``(n, steps[i])``.

        before: the digits before it ``(n, i)``.
        """
        place = before.shape[1]
        here = slice(self.starts[place], self.starts[place] + self.steps[place])
        logits = outputs[:, here]
        for earlier in range(place):
            logits = logits + self.earlier[here, self.starts[earlier] + before[:, earlier]].T
        return frequencies(logits >> self.output_shift)


def frequencies(logits: np.ndarray) -> np.ndarray:
    """Integers of at least 1 that add up to 2^24, as close to 2^(logits / 256) as they can be.

    logits: int64 ``(n, values)``.
    """
    below = logits.max(1, keepdims=True) - logits
    weights = _POWERS[below % ONE] >> np.minimum(below // ONE, 63)
    spare = (1 << TOTAL_BITS) - logits.shape[1]
    shares = weights * spare // weights.sum(1, keepdims=True)
    best = logits.argmax(1)
    shares[np.arange(len(shares)), best] += spare - shares.sum(1)
    return shares + 1


def _power(part: int) -> int:
    """2^(24 - part / 256), rounded down: the 256th root by eight exact square roots."""
    value = 1 << (TOTAL_BITS * ONE - part)
    for _ in range(8):
        value = isqrt(value)
    return value


_POWERS = np.array([_power(part) for part in range(ONE)], np.int64)
