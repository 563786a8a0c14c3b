"""One rung of the ladder: it codes what the coarser levels left, at its own scale.

A level sees one group of 8 frames averaged to its scale (`LevelConfig.pool`) as Haar coefficients.
Two paths lie on top of each other. The linear one, fitted before training
(`hitvideo.training.calibrate`), projects the residual to the quantizer and the codes back to
coefficients. The networks, which start at zero, add what a line cannot.

Knows nothing of other levels than its coarser neighbour, and of other groups than the one before.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from hitvideo.tokenizer.config import GROUP, LevelConfig
from hitvideo.tokenizer.haar import HaarPatches
from hitvideo.tokenizer.layers import blocks, zero_conv
from hitvideo.tokenizer.prediction import LevelOutput, Memory, Prediction, Predictor
from hitvideo.tokenizer.quantizers import FSQ


@dataclass(frozen=True)
class Source:
    """The encoder's view of a group: Haar coefficients and encoder features of one level."""

    coefficients: Tensor
    features: Tensor


class Level(Predictor):
    strength: Tensor  # of what each transform is there to code, relative to the first

    def __init__(self, config: LevelConfig, coarse_width: int, finer: LevelConfig | None) -> None:
        super().__init__()
        self.config = config
        self.haar = HaarPatches(config.patch)
        self.quantizer = FSQ(config.steps)
        channels, width = self.haar.channels, config.width
        self.register_buffer("scale", torch.ones(channels))

        self.embed = nn.Conv2d(channels, width, 1)
        if finer is not None:
            ratio = config.stride[1] // finer.stride[1]
            self.down = nn.Conv2d(finer.width, width, ratio, stride=ratio)
        self.encoder = blocks(width, config.encoder_blocks)

        self._add_prediction(config, coarse_width, channels)

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
        features = guess.features
        if source is None and codes is None:
            values = None
        elif source is not None:
            values, codes = self._quantize(guess, source)
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
        return LevelOutput(video, features, coefficients, guess, codes)

    def _quantize(self, guess: Prediction, source: Source) -> tuple[Tensor, Tensor]:
        joined = self.refine(self.join(torch.cat([source.features, guess.features], 1)))
        linear = guess.gather(self.project(source.coefficients - guess.base).float())
        z = linear + self.adjust(joined).float()
        z = rearrange(z, "b (n d) h w -> b n h w d", n=self.config.slots)
        values, codes = self.quantizer(z)
        if not self.training:  # bit for bit what the decoder will see
            values = self.quantizer.values(codes)
        return values, codes

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
