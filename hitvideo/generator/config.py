"""What a generator is made of, as plain data that `transformers` can store.

Knows nothing of tensors, weights or pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from transformers import PreTrainedConfig

from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer import TokenizerConfig

# What one step of the decode loop writes of a level, and its row of a table: released weights have
# one more in between, for a row of positions a step, which "mixed" beats in speed and in quality.
KINDS = {"token": 0, "frame": 2}
MODES = (*KINDS, "mixed")  # of a whole clip


def kinds_of(mode: str, levels: int) -> tuple[str, ...]:
    """What one step writes of every level; raises HiTVideoError for an unknown mode.

    "mixed" writes level 1, which decides what happens, token by token, and finer ones by frames.
    """
    if mode not in MODES:
        raise HiTVideoError(f"The mode is one of {', '.join(MODES)}, not {mode}.")
    if mode == "mixed":
        return ("token", *["frame"] * (levels - 1))
    return (mode,) * levels


class GeneratorConfig(PreTrainedConfig):
    """Settings of `HiTVideoGenerator`.

    levels: per written level, coarse to fine, ``{"stride": [t, h, w], "steps": [...]}`` as in the
        tokenizer, and "patch": the side of the square of tokens that is one position of the
        sequence; how far the language model writes.
    llama: keyword arguments of `LlamaConfig`: hidden_size, num_hidden_layers and so on.
    text_width: width of the text encoder's output. text_encoder: its folder or hub name.
    text_places: how many of its embeddings tell the Llama where they stand; 0 is none, so that the
        order of words shows only in the embeddings themselves, and in what things are called.
    head_width, head_layers: width and residual blocks of the head that writes codes by digits.
    frames, height, width, fps: native size of a clip.
    guidance, warmth, mode: defaults: the scale of classifier-free guidance, the temperature of
        sampling (see `sampling_temperature`), an entry of ``MODES``.
    plan: whether it is told where things are (`hitvideo.plan`).
    tokenizer_hash: fingerprint of the tokenizer whose codes it writes. text_hash, planner_hash: of
        the text encoder and the planner that were trained with it; empty for any, or for none.
    note: a sentence for people on what these weights can and cannot do.
    """

    model_type = "hitvideo-generator"

    def __init__(
        self,
        levels: Sequence[dict[str, Any]] = (),
        llama: dict[str, Any] | None = None,
        text_width: int = 256,
        text_places: int = 0,
        text_encoder: str = "text",
        head_width: int = 256,
        head_layers: int = 2,
        frames: int = 64,
        height: int = 128,
        width: int = 128,
        fps: float = 8.0,
        guidance: float = 3.0,
        warmth: float = 1.0,
        mode: str = "mixed",
        plan: bool = False,
        tokenizer_hash: str = "",
        text_hash: str = "",
        planner_hash: str = "",
        note: str = "",
        **kwargs: Any,
    ) -> None:
        kinds_of(mode, len(levels))
        self.levels = [dict(level) for level in levels]
        self.llama = dict(llama or {})
        self.text_width, self.text_places = text_width, text_places
        self.text_encoder = text_encoder
        self.head_width, self.head_layers = head_width, head_layers
        self.frames, self.height, self.width, self.fps = frames, height, width, fps
        self.guidance = guidance
        self.warmth = warmth
        self.mode = mode
        self.plan = plan
        self.tokenizer_hash = tokenizer_hash
        self.text_hash, self.planner_hash = text_hash, planner_hash
        self.note = note
        super().__init__(**kwargs)

    @property
    def sampling_temperature(self) -> float:
        """By default; stored as ``warmth``, since transformers keeps "temperature" for itself."""
        return self.warmth

    @property
    def strides(self) -> list[tuple[int, int, int]]:
        return [
            (level["stride"][0], level["stride"][1], level["stride"][2]) for level in self.levels
        ]

    @property
    def patches(self) -> list[int]:
        return [level["patch"] for level in self.levels]

    @property
    def codebooks(self) -> list[int]:
        """How many codes a token of each level can be."""
        return [math.prod(level["steps"]) for level in self.levels]

    @property
    def steps(self) -> list[tuple[int, ...]]:
        """FSQ steps of all digits at one position, per level: those of a whole patch."""
        return [tuple(level["steps"]) * level["patch"] ** 2 for level in self.levels]


def written_levels(tokenizer: TokenizerConfig, depth: int) -> list[dict[str, Any]]:
    """``levels`` of a generator that writes the tokenizer's first ``depth`` levels."""
    if not 1 <= depth <= len(tokenizer.ladder):
        most = len(tokenizer.ladder)
        raise HiTVideoError(f"The levels to write are 1 to {most}, not {depth}.")
    return [
        {
            "stride": list(level.stride),
            "steps": list(level.steps),
            # A position is a square of four where their number fits into 63 bits.
            "patch": 2 if 4 * level.bits < 63 else 1,
        }
        for level in tokenizer.ladder[:depth]
    ]
