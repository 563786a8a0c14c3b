"""Learns entropy tables from the codes of a tokenizer.

Trains every level's network with floats, then rounds it to the integers that are shipped. Knows
nothing of videos or files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.bitstream.context import Context, Past, digits
from hitvideo.bitstream.network import ONE, LevelNetwork
from hitvideo.bitstream.release import BlockCodes
from hitvideo.tokenizer import TokenGrid, TokenizerConfig

HIDDEN = 64
BATCH = 1024  # tokens
TOKENS = 1 << 21  # that a level learns from at most: half a gigabyte of inputs or so
STEPS = 5000
EPOCHS = 24  # at most, since a level of few tokens would only be learned by heart
RATE = 2e-3
DECAY = 1e-2
_LARGEST = 2**15 - 1


def learn_networks(
    config: TokenizerConfig,
    clips: Sequence[BlockCodes],
    seed: int = 0,
    known: Sequence[LevelNetwork] = (),
) -> list[LevelNetwork]:
    """One network per level, coarse first.

    clips: the codes of each clip's first block at full depth, ``(t, h, w)`` a level. known: those
    of the first levels, if they have been learned before.
    """
    torch.manual_seed(seed)
    levels = range(len(known), config.depth)
    return [*known, *(_learn_level(config.levels[: k + 1], clips) for k in levels)]


def _learn_level(levels: Sequence[TokenGrid], clips: Sequence[BlockCodes]) -> LevelNetwork:
    steps = levels[-1].steps
    rng = np.random.default_rng(len(levels))
    most = max(1, TOKENS // len(clips))
    pairs = [_examples(levels, clip, most, rng) for clip in clips]
    inputs = torch.from_numpy(np.concatenate([x for x, _ in pairs]))
    targets = torch.from_numpy(np.concatenate([y for _, y in pairs]))
    network = _Network(inputs.shape[1], steps)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    total = min(STEPS, EPOCHS * len(inputs) // BATCH + 1)
    for step in range(total):
        rate = RATE * min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * step / total))
        for group in optimizer.param_groups:
            group["lr"] = rate
        picks = torch.randint(len(inputs), (BATCH,))
        loss = network.nats(inputs[picks].float(), targets[picks].long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.rounded()


def _examples(
    levels: Sequence[TokenGrid], clip: BlockCodes, most: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Inputs int8 ``(n, count)`` and digits uint8 ``(n, dims)`` of ``most`` tokens of a clip, by
    chance, or of all if it has fewer."""
    codes = clip[len(levels) - 1]
    pasts = [Past.none(grid.shape[1:]) for grid in clip[: len(levels)]]
    context = Context(levels, pasts, clip[: len(levels) - 1])
    own = np.concatenate([pasts[-1].codes, codes])
    each = codes[0].size
    chosen = np.sort(rng.permutation(codes.size)[:most])
    inputs = [
        context.inputs(own, frame)[chosen[chosen // each == frame] % each]
        for frame in range(len(codes))
    ]
    found = digits(codes, levels[-1].steps)
    return np.concatenate(inputs), found.reshape(-1, found.shape[-1])[chosen].astype(np.uint8)


class _Network(nn.Module):
    """`LevelNetwork` in floats, with natural logarithms."""

    mask: Tensor

    def __init__(self, inputs: int, steps: tuple[int, ...]) -> None:
        super().__init__()
        self.steps, outputs = steps, sum(steps)
        self.hidden = nn.Linear(inputs, HIDDEN)
        self.output = nn.Linear(HIDDEN, outputs)
        self.earlier = nn.Parameter(torch.zeros(outputs, outputs))
        place = torch.repeat_interleave(torch.arange(len(steps)), torch.tensor(steps))
        self.register_buffer("mask", (place[None] < place[:, None]).float())

    def nats(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Mean information of a token."""
        known = [F.one_hot(targets[:, i], count) for i, count in enumerate(self.steps)]
        logits = self.output(torch.relu(self.hidden(inputs)))
        logits = logits + torch.cat(known, 1).float() @ (self.earlier * self.mask).T
        parts = logits.split(self.steps, 1)
        return torch.stack(
            [F.cross_entropy(part, targets[:, i]) for i, part in enumerate(parts)]
        ).sum()

    @torch.no_grad()
    def rounded(self) -> LevelNetwork:
        bits = 1 / math.log(2)  # in one nat
        output_weight, output_bias = self.output.weight * bits, self.output.bias * bits
        hidden_shift = _shift(self.hidden.weight, ONE)
        output_shift = _shift(output_weight, 1)
        return LevelNetwork(
            steps=self.steps,
            hidden_weight=_round(self.hidden.weight, ONE << hidden_shift, np.int16),
            hidden_bias=_round(self.hidden.bias, ONE << hidden_shift, np.int32),
            hidden_shift=hidden_shift,
            output_weight=_round(output_weight, 1 << output_shift, np.int16),
            output_bias=_round(output_bias, ONE << output_shift, np.int32),
            output_shift=output_shift,
            earlier=_round(self.earlier * self.mask * bits, ONE << output_shift, np.int32),
        )


def _shift(weights: Tensor, unit: int) -> int:
    """The largest shift up to 16 with which the weights still are 16-bit integers."""
    largest = max(float(weights.abs().max()), 1e-9)
    return max(0, min(16, math.floor(math.log2(_LARGEST / unit / largest))))


def _round(values: Tensor, scale: int, kind: type) -> np.ndarray:
    limits = np.iinfo(kind)
    found: np.ndarray = (values.double() * scale).round().numpy()
    return found.clip(limits.min, limits.max).astype(kind)
