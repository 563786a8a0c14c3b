"""A hierarchical causal autoencoder of video: one network, every level a part of its way back.

Frames are read in patches and folded to one map a group of 8 frames, which is folded twice more;
from the coarsest map on, every level codes what the estimate so far lacks; the finest map is
unfolded to frames and drawn. Whatever the depth, the same decoder draws: levels without codes add
what can be guessed. Time passes only through `State`: what levels with memory knew of the group
before, and what the drawing saw of its last frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from hitvideo.autoencoder.config import PATCH, AutoencoderConfig
from hitvideo.autoencoder.layers import Down, FrameBlock, Up, blocks, linear
from hitvideo.autoencoder.level import Level
from hitvideo.tokenizer.config import GROUP
from hitvideo.tokenizer.storage import load_config, load_weights, save_model

Features = Sequence[Tensor]  # one map a stride, coarse to fine, ``(B, groups, C, h, w)``


@dataclass(frozen=True)
class State:
    """Of the group before. memory: the estimate of every level (None where it keeps none), of
    levels 1 to k for level k, so that it is the same at every depth. frames: for the drawing."""

    memory: tuple[Tensor | None, ...]
    frames: tuple[Tensor | None, ...]


class GroupAutoencoder(nn.Module):
    def __init__(self, config: AutoencoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or AutoencoderConfig()
        widths, frame = config.widths, config.frame_width
        self.stem = Down(3, frame, PATCH)
        self.frame_encoder = frame_blocks(frame, config.frame_blocks[0])
        self.fold = linear(GROUP * frame, widths[-1])
        pairs = list(pairwise(widths))  # coarse, fine
        self.encoder = nn.ModuleList(blocks(width, config.encoder_blocks) for width in widths)
        self.down = nn.ModuleList(Down(fine, coarse) for coarse, fine in pairs)
        self.levels = nn.ModuleList(
            Level(level, widths[config.strides.index(level.stride[1])]) for level in config.levels
        )
        self.up = nn.ModuleList(Up(coarse, fine) for coarse, fine in pairs)
        self.unfold = linear(widths[-1], GROUP * frame)
        self.frame_decoder = frame_blocks(frame, config.frame_blocks[1])
        self.head = Up(frame, 3, PATCH)

    @property
    def ladder(self) -> list[Level]:
        """The levels, coarse to fine."""
        return cast(list[Level], list(self.levels))

    @property
    def initial_state(self) -> State:
        return State((None,) * self.config.depth, (None,) * len(self.frame_decoder))

    def forward(self, video: Tensor, depth: Tensor) -> Tensor:
        """Clips ``(B, 3, T, H, W)`` through their first ``depth`` levels ``(B,)``, to train."""
        features = self.features(video)
        h, _, _ = self._estimate(self.initial_state, features=features, present=depth)
        return self._draw(self.initial_state, h)[0]

    def features(self, video: Tensor) -> Features:
        """What is to be coded of ``(B, 3, T, H, W)``, sizes multiples of the configuration's."""
        batch = len(video)
        x = self.stem(video.transpose(1, 2).flatten(0, 1)).unflatten(0, (batch, -1))
        frames = x.unflatten(1, (-1, GROUP)).flatten(0, 1)  # groups know nothing of each other
        for block in self.frame_encoder:
            frames = block(frames)
        x = self.fold(frames.flatten(1, 2))
        maps = []
        for index in reversed(range(len(self.config.widths))):
            x = self.encoder[index](x)
            maps.append(x.unflatten(0, (batch, -1)))
            if index:
                x = self.down[index - 1](x)
        return maps[::-1]

    @torch.no_grad()
    def encode_group(
        self, state: State, group: Tensor, depth: int | None = None
    ) -> tuple[tuple[Tensor, ...], State]:
        """Codes ``(B, slots, h, w)`` of the first levels of a group ``(B, 3, 8, H, W)``."""
        _, codes, memory = self._estimate(state, features=self.features(group), stop=depth)
        return tuple(c[:, 0] for c in codes), State(memory, state.frames)

    def decode_group(
        self, state: State, shape: tuple[int, int, int], codes: Sequence[Tensor]
    ) -> tuple[Tensor, State]:
        """The group ``(B, 3, 8, H, W)`` from codes as ``encode_group`` gives them, or their values.

        shape: batch, padded height and width.
        """
        batch, height, width = shape
        side = self.config.strides[0]
        empty = self.stem.linear.weight.new_zeros(
            batch, 1, self.config.widths[0], height // side, width // side
        )
        h, _, memory = self._estimate(state, codes=[c[:, None] for c in codes], start=empty)
        video, frames = self._draw(state, h)
        return video, State(memory, frames)

    def _estimate(
        self,
        state: State,
        features: Features | None = None,
        codes: Sequence[Tensor] = (),
        start: Tensor | None = None,
        present: Tensor | None = None,
        stop: int | None = None,
    ) -> tuple[Tensor, list[Tensor], tuple[Tensor | None, ...]]:
        """All groups through the levels: the estimate, codes, and memories of the last group."""
        h = torch.zeros_like(features[0]) if features is not None else start
        assert h is not None
        written: list[Tensor] = []
        memory = list(state.memory)
        place = 0
        for k, level in enumerate(self.ladder[:stop]):
            index = self.config.strides.index(level.config.stride[1])
            if index != place:
                h = self.up[place](h.flatten(0, 1)).unflatten(0, h.shape[:2])
                place = index
            e = None if features is None else features[index]
            given = codes[k] if k < len(codes) else None
            keep = None if present is None else present > k
            h, new, memory[k] = _groups(level, h, memory[k], e, given, keep)
            if new is not None:
                written.append(new)
        return h, written, tuple(memory)

    def _draw(self, state: State, h: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        batch = len(h)
        x = self.unfold(h.flatten(0, 1)).unflatten(1, (GROUP, -1)).unflatten(0, (batch, -1))
        x = x.flatten(1, 2)
        frames = []
        for block, past in zip(self.frame_decoder, state.frames, strict=True):
            frames.append(cast(FrameBlock, block).keep(x))
            x = block(x, past)
        video = self.head(x.flatten(0, 1)).unflatten(0, (batch, -1)).transpose(1, 2)
        return video, tuple(frames)

    def save_pretrained(self, folder: str | Path, dtype: torch.dtype = torch.float32) -> None:
        """Writes ``config.json`` and safetensors shards (floats stored as ``dtype``)."""
        save_model(self, self.config.to_dict(), Path(folder), dtype)

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, device: str | torch.device = "cpu"
    ) -> GroupAutoencoder:
        """Reads what ``save_pretrained`` wrote; raises HiTVideoError if it does not fit."""
        model = cls(AutoencoderConfig.from_dict(load_config(Path(folder))))
        load_weights(model, Path(folder))
        return model.to(device).eval()


def frame_blocks(width: int, count: int) -> nn.ModuleList:
    return nn.ModuleList(FrameBlock(width) for _ in range(count))


def _groups(
    level: Level,
    h: Tensor,
    memory: Tensor | None,
    e: Tensor | None,
    codes: Tensor | None,
    present: Tensor | None,
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Groups ``(B, groups, ...)`` through a level: at once, or one after the other."""
    count = h.shape[1]
    if not level.config.memory:
        flat = [None if x is None else x.flatten(0, 1) for x in (e, codes)]
        keep = None if present is None else present.repeat_interleave(count)
        h, new = level(h.flatten(0, 1), None, *flat, keep)
        shape = (-1, count)
        return h.unflatten(0, shape), None if new is None else new.unflatten(0, shape), None
    estimates, written = [], []
    for g in range(count):
        parts = [None if x is None else x[:, g] for x in (e, codes)]
        memory, new = level(h[:, g], memory, *parts, present)
        estimates.append(memory)
        written.append(new)
    codes = None if written[0] is None else torch.stack(cast(list[Tensor], written), 1)
    return torch.stack(cast(list[Tensor], estimates), 1), codes, memory
