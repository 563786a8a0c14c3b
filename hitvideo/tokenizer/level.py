"""One rung of the ladder: it codes what the coarser levels left, at its own scale.

A level sees one group of 8 frames averaged to its scale (`LevelConfig.pool`) as Haar coefficients.
Two paths lie on top of each other. The linear one, fitted before training
(`hitvideo.training.calibrate`), projects the residual to the quantizer and the codes back to
coefficients. The networks, which start at zero, add what a line cannot.

A level with memory starts from its own last frame wherever that still holds, and codes what is
missing there with the next of its linear transforms: a place that stands still gets sharper from
group to group. Where it still holds is read off what both sides know, so it costs no bits.

Knows nothing of other levels than its coarser neighbour, and of other groups than the one before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from hitvideo.tokenizer.config import GROUP, LevelConfig
from hitvideo.tokenizer.haar import HaarPatches
from hitvideo.tokenizer.layers import blocks, zero_conv
from hitvideo.tokenizer.quantizers import build_quantizer


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
    loss: the quantizer's auxiliary loss, a scalar.
    guess: what it started from.
    """

    video: Tensor
    features: Tensor
    coefficients: Tensor
    guess: Prediction
    codes: Tensor | None
    loss: Tensor


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


@dataclass(frozen=True)
class Source:
    """The encoder's view of a group: Haar coefficients and encoder features of one level."""

    coefficients: Tensor
    features: Tensor


class Level(nn.Module):
    scale: Tensor  # of each coefficient, for the networks
    strength: Tensor  # of what each transform is there to code, relative to the first
    bands: Tensor

    def __init__(
        self, config: LevelConfig, quantizer: str, coarse_width: int, finer: LevelConfig | None
    ) -> None:
        super().__init__()
        self.config = config
        self.haar = HaarPatches(config.patch)
        self.quantizer = build_quantizer(quantizer, config.steps)
        channels, width = self.haar.channels, config.width
        self.register_buffer("scale", torch.ones(channels))

        self.embed = nn.Conv2d(channels, width, 1)
        if finer is not None:
            ratio = config.stride[1] // finer.stride[1]
            self.down = nn.Conv2d(finer.width, width, ratio, stride=ratio)
        self.encoder = blocks(width, config.encoder_blocks)

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

        dims = len(config.steps) * config.slots
        transforms = max(1, config.memory)
        self.register_buffer("strength", torch.ones(transforms))
        self.project = nn.Conv2d(channels, dims * transforms, 1, bias=False)
        self.join = nn.Conv2d(2 * width, width, 1)
        self.refine = blocks(width, 1)
        self.adjust = zero_conv(width, dims)

        self.expand = nn.Conv2d(dims * transforms, channels, 1, bias=False)
        self.insert = nn.Conv2d(dims * transforms, width, 1)
        self.absent = nn.Parameter(torch.zeros(width))
        self.decoder = blocks(width, config.decoder_blocks)
        self.detail = zero_conv(width, channels)

    def view(self, group: Tensor, shape: tuple[int, int, int]) -> Tensor:
        """The group ``(B, 3, 8, H, W)`` at this level's scale, as Haar coefficients.

        group: may already be averaged over boxes, as long as this level's are multiples of them.
        shape: batch, height and width of the full-size group.
        """
        sizes = zip(self.config.pool, group.shape[2:], (GROUP, *shape[1:]), strict=True)
        pool = tuple(pooled * have // full for pooled, have, full in sizes)
        seen = group if pool == (1, 1, 1) else F.avg_pool3d(group, pool)
        return self.haar(seen).float()

    def encode(self, coefficients: Tensor, finer: Tensor | None) -> Tensor:
        """Encoder features from this level's coefficients and the finer level's features."""
        x = self._read(self.embed, coefficients)
        if finer is not None:
            x = x + self.down(finer)
        return self.encoder(x)

    def forward(
        self,
        shape: tuple[int, int, int],
        coarse: LevelOutput | None,
        memory: Memory | None,
        source: Source | None = None,
        codes: Tensor | None = None,
        present: Tensor | None = None,
    ) -> LevelOutput:
        """Codes (from ``source``) or decodes (from ``codes``) one group; neither: omits the level.

        shape: batch, height and width of the padded full-size group.
        codes: ``(B, 8/stride_t, h, w)``, or their quantized values ``(B, 8/stride_t, h, w, dims)``.
        present: ``(B,)`` of 0 and 1, which samples keep this level; None keeps it for all. (A batch
            may mix depths only while training.)
        """
        guess = self.predict(shape, coarse, memory)
        features, loss = guess.features, guess.base.new_zeros(())
        if source is None and codes is None:
            values = None
        elif source is not None:
            values, codes, loss = self._quantize(guess, source)
        else:
            assert codes is not None
            values = codes if codes.is_floating_point() else self.quantizer.values(codes)

        absent = self.absent.to(features.dtype).view(1, -1, 1, 1)
        if values is None:
            features = features + absent
            flat = None
        else:
            flat = guess.spread(rearrange(values, "b n h w d -> b (n d) h w")).to(features.dtype)
            if present is None:
                features = features + self.insert(flat)
            else:
                keep = present.to(features.dtype).view(-1, 1, 1, 1)
                features = features + keep * self.insert(flat) + (1 - keep) * absent
                flat = keep * flat
        features = self.decoder(features)
        coefficients = guess.base + self._write(guess, features, flat).float()
        video = self.haar.inverse(coefficients).float()
        return LevelOutput(video, features, coefficients, guess, codes, loss)

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

    def _quantize(self, guess: Prediction, source: Source) -> tuple[Tensor, Tensor, Tensor]:
        joined = self.refine(self.join(torch.cat([source.features, guess.features], 1)))
        linear = guess.gather(self.project(source.coefficients - guess.base).float())
        z = linear + self.adjust(joined).float()
        z = rearrange(z, "b (n d) h w -> b n h w d", n=self.config.slots)
        values, codes, loss = self.quantizer(z)
        if not self.training:  # bit for bit what the decoder will see
            values = self.quantizer.values(codes)
        return values, codes, loss

    def _write(self, guess: Prediction, features: Tensor, values: Tensor | None) -> Tensor:
        """What features and quantized values (if any) add to the coefficients, as one layer.

        The features' part is scaled to what the chosen transform is there to code, or it would
        disturb a place that has long been sharp.
        """
        assert self.detail.bias is not None
        strength = F.conv2d(guess.transform, self.strength.view(1, -1, 1, 1)).to(features.dtype)
        inputs = [strength * features, strength]
        detail = torch.cat([self.detail.weight, self.detail.bias.view(-1, 1, 1, 1)], 1)
        kernel = detail * self.scale.view(-1, 1, 1, 1)
        if values is not None:
            inputs.append(values)
            kernel = torch.cat([kernel, self.expand.weight], 1)
        return F.conv2d(torch.cat(inputs, 1), kernel)

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
