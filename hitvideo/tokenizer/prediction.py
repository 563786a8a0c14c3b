"""What a level knows of a group before any code: from the coarser level, and from its own memory.

A level with memory starts from its own last frame wherever that still holds, and codes what is
missing there with the next of its linear transforms: a place that stands still gets sharper from
group to group. Where it still holds is read off what both sides know, so it costs no bits.

Knows nothing of codes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from hitvideo.tokenizer.config import LevelConfig
from hitvideo.tokenizer.haar import HaarPatches
from hitvideo.tokenizer.layers import blocks, zero_conv


@dataclass(frozen=True)
class Memory:
    """What a level keeps of the group before. Both depend only on this level and coarser ones.

    features: decoder features ``(B, width, h, w)``.
    frame: the last reconstructed frame at the level's scale ``(B, 3, H/pool_h, W/pool_w)``.
    age: for how many groups each place has stood still ``(B, 1, h, w)``, at least 0.
    coarse: what the coarser level made of the group, as this level's coefficients ``(B, C, h, w)``.
    """

    features: Tensor
    frame: Tensor
    age: Tensor
    coarse: Tensor


@dataclass(frozen=True)
class LevelOutput:
    """What a level hands on.

    video: the group reconstructed at this level's scale ``(B, 3, 8/pool_t, H/pool_h, W/pool_w)``.
    features: decoder features ``(B, width, h, w)``.
    coefficients: the same as Haar coefficients ``(B, C, h, w)``.
    codes: ``(B, 8/stride_t, h, w)``, or None where nothing was encoded or decoded.
    guess: what it started from.
    """

    video: Tensor
    features: Tensor
    coefficients: Tensor
    guess: Prediction
    codes: Tensor | None


@dataclass(frozen=True)
class Prediction:
    """What is known of a group before any code of this level.

    base: coefficients ``(B, C, h, w)``; features: ``(B, width, h, w)``; age, coarse: see `Memory`.
    transform: weights of the level's linear transforms, ``(B, max(1, memory), h, w)``; sum 1.
    stillness: how surely each place has not moved, as logits ``(B, 1, h, w)``; 0 is undecided.
    """

    base: Tensor
    features: Tensor
    age: Tensor
    coarse: Tensor
    transform: Tensor
    stillness: Tensor

    def spread(self, values: Tensor) -> Tensor:
        """Quantized values ``(B, d, h, w)`` to one weighted copy per transform, stacked."""
        return (self.transform.unsqueeze(2) * values.unsqueeze(1)).flatten(1, 2)

    def gather(self, projections: Tensor) -> Tensor:
        """Every transform's projections, stacked, to their weighted sum ``(B, d, h, w)``."""
        count = self.transform.shape[1]
        return (projections.unflatten(1, (count, -1)) * self.transform.unsqueeze(2)).sum(1)


class Predictor(nn.Module):
    """The part of a `Level` that predicts and remembers; the level makes ``haar`` and ``scale``."""

    config: LevelConfig
    haar: HaarPatches
    scale: Tensor  # of each coefficient, for the networks
    bands: Tensor

    def _add_prediction(self, config: LevelConfig, coarse_width: int, channels: int) -> None:
        """Makes its layers, in the midst of the level's: their order decides a seed's weights."""
        width = config.width
        if coarse_width:
            self.up = nn.Conv2d(coarse_width, width, 1)
            self.embed_base = nn.Conv2d(channels, width, 1)
        else:
            self.start = nn.Parameter(torch.zeros(width))
        if config.memory:
            self.recall = nn.Conv2d(width, width, 1)
            self.embed_still = nn.Conv2d(channels, width, 1)
            self.haar_frame = HaarPatches((1, *config.patch[1:]))
            self.register_buffer("bands", _bands(config.patch), persistent=False)
            bands = self.bands.shape[1]
            self.embed_gap = nn.Conv2d(bands, width, 1)
            self.embed_change = zero_conv(bands, width)
            self.stillness = zero_conv(width, 1)
            self.evidence = zero_conv(bands, 1)
            self.gate = zero_conv(width, bands)
            self.choose = zero_conv(width, config.memory)
            self.embed_transform = nn.Conv2d(config.memory, width, 1)
        self.context = blocks(width, 1)

    def remember(self, output: LevelOutput) -> Memory | None:
        if not self.config.memory:
            return None
        guess = output.guess
        return Memory(output.features, output.video[:, :, -1], guess.age, guess.coarse)

    def predict(
        self, shape: tuple[int, int, int], coarse: LevelOutput | None, memory: Memory | None
    ) -> Prediction:
        """The best guess before any code of this level."""
        batch, height, width = shape
        (_, sh, sw), (pt, ph, pw) = self.config.stride, self.config.pool
        grid = height // sh, width // sw
        if coarse is None:
            base = self.scale.new_zeros(batch, self.haar.channels, *grid)
            features = self.start.view(1, -1, 1, 1).expand(batch, -1, *grid)
        else:
            size = 8 // pt, height // ph, width // pw
            base = self.haar(F.interpolate(coarse.video, size, mode="trilinear")).float()
            lifted = F.interpolate(coarse.features, grid, mode="nearest")
            features = self.up(lifted) + self._read(self.embed_base, base)
        zero = base.new_zeros(batch, 1, *grid)
        if not self.config.memory:
            return Prediction(base, self.context(features), zero, base, zero + 1, zero)
        told = F.interpolate(coarse.guess.stillness, grid, mode="nearest") if coarse else zero
        if memory is None:
            return self._choose_transform(base, self.context(features), zero, base, told)
        return self._continue(base, features, told, memory)

    def _continue(
        self, coarse: Tensor, features: Tensor, told: Tensor, memory: Memory
    ) -> Prediction:
        """If nothing moved, the last frame goes on: a candidate, weighted per wavelet band.

        told: what the coarser level knows of stillness, as logits.
        """
        still = self.still(memory.frame) - coarse
        change = self._log_energy(coarse - memory.coarse)
        features = self.context(
            features
            + self.recall(memory.features)
            + self._read(self.embed_still, still)
            + self.embed_gap(self._log_energy(still))
            + self.embed_change(change)
        )
        # Where nothing moves the coarser level's video hardly changes: the plainest evidence,
        # unless that level refines what stands still itself; but then it has told.
        stillness = self.stillness(features).float() + self.evidence(change).float() + told
        gates = torch.sigmoid(self.gate(features) + stillness)
        base = coarse + F.conv2d(gates, self.bands.to(gates.dtype)).float() * still
        age = torch.sigmoid(stillness) * (memory.age + 1)
        return self._choose_transform(base, features, age, coarse, stillness)

    def _choose_transform(
        self, base: Tensor, features: Tensor, age: Tensor, coarse: Tensor, stillness: Tensor
    ) -> Prediction:
        """The transform of a place's age, softly; the features may argue for another."""
        ages = torch.arange(self.config.memory, device=age.device).view(1, -1, 1, 1)
        distance = age.clamp(max=self.config.memory - 1) - ages
        transform = torch.softmax(self.choose(features).float() - 4 * distance.pow(2), 1)
        features = features + self.embed_transform(transform)
        return Prediction(base, features, age, coarse, transform, stillness)

    def _log_energy(self, coefficients: Tensor) -> Tensor:
        """Per wavelet band the logarithm of the energy at each place ``(B, bands, h, w)``."""
        energy = F.conv2d(coefficients.pow(2), self.bands.transpose(0, 1)).float()
        return torch.log(energy + 1e-4)

    def still(self, frame: Tensor) -> Tensor:
        """Coefficients of a group in which ``frame`` stands still: all in the lowest band of t."""
        pt = self.haar.patch[0]
        low = rearrange(self.haar_frame(frame.unsqueeze(2)), "b (c k) h w -> b c 1 k h w", c=3)
        full = F.pad(low * pt**0.5, (0, 0, 0, 0, 0, 0, 0, pt - 1))
        return rearrange(full, "b c t k h w -> b (c t k) h w").float()

    def _read(self, layer: nn.Conv2d, coefficients: Tensor) -> Tensor:
        """``layer`` on coefficients divided by their scale, the division done on its kernel."""
        return F.conv2d(coefficients, layer.weight / self.scale.view(1, -1, 1, 1), layer.bias)


def _bands(patch: tuple[int, int, int]) -> Tensor:
    """A 1x1 kernel ``(channels, bands, 1, 1)`` that spreads one value per wavelet band.

    A band is a scale along t, y and x; all its coefficients and colours share the value.
    """
    per_axis = [torch.arange(size).float().add(0.5).log2().floor().add(1).long() for size in patch]
    counts = [int(scales.max()) + 1 for scales in per_axis]
    t, y, x = torch.meshgrid(*per_axis, indexing="ij")
    bands = ((t * counts[1] + y) * counts[2] + x).reshape(-1).repeat(3)
    return F.one_hot(bands, math.prod(counts)).float()[..., None, None]
