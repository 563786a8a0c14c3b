"""What comes back from a generation, step by step. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hitvideo.pipeline.request import GenerateRequest
from hitvideo.tokenizer import VideoCodes

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Plan:
    """What is decided before the first token.

    tracks: where things will be ``(t, MOMENTS, THINGS, 5)``, see `hitvideo.plan`. names: for
    each thing the words of the prompt that tell the generator what it is; "" where no such thing
    is, or no word tells.
    """

    tracks: Tensor
    names: tuple[str, ...]


@dataclass(frozen=True)
class GeneratedVideo:
    """A clip made from text.

    video: uint8 RGB ``(T, H, W, 3)``, the picture that was asked for. faithful: the same decoded
        from the tokens alone. fps: frames per second.
    codes: the tokens of the levels written so far, a batch of one.
    level: how many levels that is.
    request: what was asked for, the seed that was used included.
    plan: of where things go; None without a planner.
    """

    video: np.ndarray
    faithful: np.ndarray
    codes: VideoCodes
    fps: float
    level: int
    request: GenerateRequest
    plan: Plan | None = None

    @property
    def prompt(self) -> str:
        return self.request.prompt

    @property
    def seed(self) -> int:
        return self.request.seed


@dataclass(frozen=True)
class GenerateStep:
    """Where a generation stands.

    progress: share of the steps done, in [0, 1]. message: what has just been done, for people.
    tokens, total_tokens: written so far, and in the end. steps, total_steps: of the decode loop.
    seconds: spent so far on reading the prompt, planning and writing tokens.
    result: the clip decoded from all levels so far, if this step finished one.
    plan: of where things go; None without a planner.
    """

    progress: float
    message: str
    tokens: int
    total_tokens: int
    steps: int
    total_steps: int
    seconds: float
    result: GeneratedVideo | None = None
    plan: Plan | None = None

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float:
        """Until all tokens are written, at the pace so far."""
        return self.seconds / self.steps * (self.total_steps - self.steps) if self.steps else 0.0
