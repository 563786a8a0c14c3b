"""A ladder of levels over one group of 8 frames after the other.

Everything runs through one function, `step`, on one group of 8 frames with the state of the groups
before it. Whole clips, chunks and training all loop over that step, so they cannot disagree.
Knows nothing of text, files or losses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.tokenizer.config import TokenizerConfig
from hitvideo.tokenizer.detail import Detail, DetailState
from hitvideo.tokenizer.level import Level, Source
from hitvideo.tokenizer.prediction import LevelOutput, Memory


class State(NamedTuple):
    """Of the groups before; `GroupTokenizer.initial_state` to begin. ladder: one per level."""

    ladder: tuple[Memory | None, ...]
    detail: DetailState | None


@dataclass(frozen=True)
class GroupResult:
    """One group through the ladder, with everything a loss may want.

    video: ``(B, 3, 8, H, W)``, or at the scale of the last level if the finer ones were left out;
    outputs and sources (where a group was encoded): one per level of the ladder; detail: codes of
    the level below it; state: for the next group.
    """

    video: Tensor
    outputs: tuple[LevelOutput, ...]
    sources: Sequence[Source | None]
    detail: Tensor | None
    state: State

    @property
    def codes(self) -> tuple[Tensor, ...]:
        written = [output.codes for output in self.outputs] + [self.detail]
        return tuple(codes for codes in written if codes is not None)


class GroupTokenizer(nn.Module):
    """Groups ``(B, 3, 8, H, W)`` in [-1, 1] to a hierarchy of codes, and back at any depth."""

    def __init__(self, config: TokenizerConfig | None = None) -> None:
        super().__init__()
        self.config = config or TokenizerConfig()
        configs = self.config.ladder
        self.levels = nn.ModuleList(
            Level(
                level,
                coarse_width=configs[k - 1].width if k else 0,
                finer=configs[k + 1] if level.reads_finer and k + 1 < len(configs) else None,
            )
            for k, level in enumerate(configs)
        )
        self.detail = Detail(self.config.detail) if self.config.detail else None

    @property
    def initial_state(self) -> State:
        return State((None,) * len(self.levels), None)

    @property
    def ladder(self) -> list[Level]:
        """The levels but for detail, coarse to fine."""
        return cast(list[Level], list(self.levels))

    @property
    def device(self) -> torch.device:
        return self.ladder[0].scale.device

    def step(
        self,
        state: State,
        shape: tuple[int, int, int],
        group: Tensor | None = None,
        codes: Sequence[Tensor] = (),
        depth: Tensor | None = None,
        levels: int | None = None,
    ) -> GroupResult:
        """One group of 8 frames: encodes and decodes ``group``, or decodes ``codes``.

        shape: batch, padded height and width. group: ``(B, 3, 8, H, W)``, sizes multiples of the
        coarsest stride. codes: the first levels' codes of the group, ``(B, 8/stride_t, h, w)``
        each, or, to differentiate, their quantized values ``(B, 8/stride_t, h, w, dims)``; levels
        without codes are omitted. depth: ``(B,)``, the levels each sample keeps (while training).
        levels: work out only so many, all the way through the clip (None: all).
        """
        sources = self._encode_group(group, shape, levels)
        outputs: list[LevelOutput] = []
        for k, level in enumerate(self.ladder[:levels]):
            outputs.append(
                level(
                    shape,
                    outputs[-1] if outputs else None,
                    state.ladder[k],
                    source=sources[k],
                    codes=codes[k] if k < len(codes) else None,
                    present=None if depth is None else depth > k,
                )
            )
        memory = [
            level.remember(output) for level, output in zip(self.ladder, outputs, strict=False)
        ]
        memory += [None] * (len(self.levels) - len(memory))
        video, written, detail = outputs[-1].video, None, None
        whole = levels in (None, self.config.depth) and depth is None
        if self.detail is not None and whole and (group is not None or len(codes) > len(outputs)):
            given = codes[-1] if group is None else None
            frames, detail = self.detail(video, state.detail, group, given)
            video = torch.stack([frame.video for frame in frames], 2)
            written = torch.stack([frame.codes for frame in frames], 1)
        after = State(tuple(memory), detail)
        return GroupResult(video, tuple(outputs), sources, written, after)

    def _encode_group(
        self, group: Tensor | None, shape: tuple[int, int, int], levels: int | None
    ) -> Sequence[Source | None]:
        """The encoder's views for the first levels, finest first worked out, coarse to fine."""
        if group is None:
            return [None] * len(self.levels)
        ladder = self.config.ladder
        needed = levels or len(ladder)
        while needed < len(ladder) and ladder[needed - 1].reads_finer:
            needed += 1
        sources: list[Source] = []
        finer: Tensor | None = None
        for level in reversed(self.ladder[:needed]):
            coefficients = level.view(group, shape)
            finer = level.encode(coefficients, finer if level.config.reads_finer else None)
            sources.append(Source(coefficients, finer))
        return sources[::-1]

    def pad(self, video: Tensor) -> Tensor:
        """Repeats the last row, column and frame up to multiples of the coarsest stride."""
        _, _, t, h, w = video.shape
        mt, mh, mw = self.config.multiple
        return F.pad(video, (0, -w % mw, 0, -h % mh, 0, -t % mt), mode="replicate")
