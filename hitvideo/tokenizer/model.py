"""The hierarchical causal video tokenizer: a ladder of levels over groups of 8 frames.

Everything runs through one function, `step`, on one group of 8 frames with the state of the groups
before it. Whole clips, chunks and training all loop over that step, so they cannot disagree.
Knows nothing of text, files or losses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer.codes import VideoCodes
from hitvideo.tokenizer.config import TokenizerConfig
from hitvideo.tokenizer.level import Level, LevelOutput, Memory, Source
from hitvideo.tokenizer.storage import load_config, load_weights, save_model

State = tuple[Memory | None, ...]  # one per level; `HiTVideoTokenizer.initial_state` to begin


@dataclass(frozen=True)
class GroupResult:
    """One group through the ladder, with everything a loss may want.

    video: ``(B, 3, 8, H, W)``, or at the scale of the last level if the finer ones were left out;
    outputs and sources (where a group was encoded): one per level; state: for the next group.
    """

    video: Tensor
    outputs: tuple[LevelOutput, ...]
    sources: Sequence[Source | None]
    state: State

    @property
    def codes(self) -> tuple[Tensor, ...]:
        return tuple(o.codes for o in self.outputs if o.codes is not None)


class HiTVideoTokenizer(nn.Module):
    """Video ``(B, 3, T, H, W)`` in [-1, 1] to a hierarchy of codes, and back at any depth."""

    def __init__(self, config: TokenizerConfig | None = None) -> None:
        super().__init__()
        self.config = config or TokenizerConfig()
        configs = self.config.levels
        self.levels = nn.ModuleList(
            Level(
                level,
                self.config.quantizer,
                coarse_width=configs[k - 1].width if k else 0,
                finer=configs[k + 1] if level.reads_finer and k + 1 < len(configs) else None,
            )
            for k, level in enumerate(configs)
        )

    @property
    def initial_state(self) -> State:
        return (None,) * self.config.depth

    @property
    def ladder(self) -> list[Level]:
        """The levels, coarse to fine."""
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
                    state[k],
                    source=sources[k],
                    codes=codes[k] if k < len(codes) else None,
                    present=None if depth is None else depth > k,
                )
            )
        memory = [
            level.remember(output) for level, output in zip(self.ladder, outputs, strict=False)
        ]
        memory += [None] * (self.config.depth - len(memory))
        return GroupResult(outputs[-1].video, tuple(outputs), sources, tuple(memory))

    def _encode_group(
        self, group: Tensor | None, shape: tuple[int, int, int], levels: int | None
    ) -> Sequence[Source | None]:
        """The encoder's views for the first levels, finest first worked out, coarse to fine."""
        if group is None:
            return [None] * self.config.depth
        needed = levels or self.config.depth
        while needed < self.config.depth and self.config.levels[needed - 1].reads_finer:
            needed += 1
        sources: list[Source] = []
        finer: Tensor | None = None
        for level in reversed(self.ladder[:needed]):
            coefficients = level.view(group, shape)
            finer = level.encode(coefficients, finer if level.config.reads_finer else None)
            sources.append(Source(coefficients, finer))
        return sources[::-1]

    @torch.no_grad()
    def encode(self, video: Tensor, depth: int | None = None) -> VideoCodes:
        """Tokens of ``(B, 3, T, H, W)`` in [-1, 1], any T, H, W of at least 1.

        Sizes are padded at the bottom and right, time at the end, by repetition. depth: how many
        levels to write (None: all); fewer take less time and give the same codes.
        """
        from hitvideo.tokenizer.streaming import StreamEncoder

        encoder = StreamEncoder(self, depth)
        parts = [*encoder.push(video), *encoder.flush()]
        levels = tuple(torch.cat(parts_k, 1) for parts_k in zip(*parts, strict=True))
        return VideoCodes(levels, video.shape[2], video.shape[3], video.shape[4])

    @torch.no_grad()
    def decode(self, codes: VideoCodes, depth: int | None = None) -> Tensor:
        """The clip ``(B, 3, T, H, W)`` in [-1, 1] from its first ``depth`` levels (None: all)."""
        from hitvideo.tokenizer.streaming import decode_stream

        return torch.cat(list(decode_stream(self, codes, depth)), 2)

    def pad(self, video: Tensor) -> Tensor:
        """Repeats the last row, column and frame up to multiples of the coarsest stride."""
        _, _, t, h, w = video.shape
        mt, mh, mw = self.config.multiple
        return F.pad(video, (0, -w % mw, 0, -h % mh, 0, -t % mt), mode="replicate")

    def save_pretrained(self, folder: str | Path, dtype: torch.dtype = torch.float32) -> None:
        """Writes ``config.json`` and safetensors shards (floats stored as ``dtype``)."""
        save_model(self, self.config.to_dict(), Path(folder), dtype)

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, device: str | torch.device = "cpu"
    ) -> HiTVideoTokenizer:
        """Reads what ``save_pretrained`` wrote; raises HiTVideoError if it does not fit."""
        model = cls(TokenizerConfig.from_dict(load_config(Path(folder))))
        load_weights(model, Path(folder))
        return model.to(device).eval()


def check_video(video: Tensor) -> None:
    """Raises HiTVideoError unless ``video`` is ``(B, 3, T, H, W)`` with nothing empty."""
    if video.ndim != 5 or video.shape[1] != 3 or 0 in video.shape:
        raise HiTVideoError(
            f"A video is a tensor (batch, 3, frames, height, width), not {tuple(video.shape)}."
        )
