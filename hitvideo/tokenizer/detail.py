"""The finest level: frame after frame, what the picture of the coarser levels still lacks.

A frame is first predicted: the coarser levels' picture of it, and on top what they lacked of the
frame before, wherever that still holds. What the prediction misses is projected to digits of which
most are nothing, so that entropy coding makes them cost next to no bits, and put back. Encoder and
decoder go on from the same decoded frame.

Two paths lie on top of each other, as in the coarser levels: a linear one that is fitted before
training, and networks that start at nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.tokenizer.config import FINE, DetailConfig
from hitvideo.tokenizer.layers import conv, zero_conv
from hitvideo.tokenizer.quantizers import FSQ

REACH = 4.0  # no decoded value is further from 0, or codes made to do harm could grow for ever
MOST_SCALE = 3.0  # the logarithm of how much finer or coarser a place may be quantized


@dataclass(frozen=True)
class DetailState:
    """The frame before, ``(B, 3, H, W)``: as it was decoded, and as the coarser levels show it."""

    decoded: Tensor
    coarse: Tensor


@dataclass(frozen=True)
class DetailFrame:
    """One frame. video: decoded, ``(B, 3, H, W)``; codes: ``(B, h, w)``; z: what was rounded to
    digits, ``(B, h, w, dims)``, None if decoded."""

    video: Tensor
    codes: Tensor
    z: Tensor | None


class Detail(nn.Module):
    def __init__(self, config: DetailConfig) -> None:
        super().__init__()
        self.config = config
        dims, width, pixels = len(config.steps), config.width, 3 * FINE**2
        self.quantizer = FSQ(config.steps)

        self.read = conv(5 * pixels, width)
        self.context = _blocks(width, config.context_blocks)
        self.keep = zero_conv(width, FINE**2)
        self.correct = zero_conv(width, pixels)

        self.project = nn.Conv2d(pixels, dims, 1, bias=False)
        self.analyse = nn.Sequential(
            conv(width + 2 * pixels, 2 * width),
            nn.SiLU(),
            conv(2 * width, 2 * width, 3),
            nn.SiLU(),
            zero_conv(2 * width, dims),
        )
        self.scale = zero_conv(width, dims)
        self.insert = nn.Conv2d(dims, pixels, 1, bias=False)
        self.place = conv(dims, width)
        self.synthesis = _blocks(width, config.synthesis_blocks)
        self.draw = zero_conv(width, pixels)

    def forward(
        self,
        coarse: Tensor,
        state: DetailState | None,
        group: Tensor | None = None,
        codes: Tensor | None = None,
    ) -> tuple[list[DetailFrame], DetailState]:
        """A group of frames, encoded from ``group`` or decoded from ``codes``.

        coarse: what the coarser levels show, ``(B, 3, 8, H, W)``. state: None where nothing came
        before, or nothing of this level. group: ``(B, 3, 8, H, W)``. codes: ``(B, 8, h, w)``.
        """
        shown = list(coarse.unbind(2))
        if state is None:
            state = DetailState(shown[0], shown[0])
        frames = []
        for t, now in enumerate(shown):
            features, prediction = self._predict(state, now, shown[min(t + 1, len(shown) - 1)])
            scale = torch.exp(self.scale(features).clamp(-MOST_SCALE, MOST_SCALE))
            z = None
            if group is not None:
                z = self._analyse(group[:, :, t] - prediction, prediction, features) / scale
                z = z.movedim(1, -1)
                values, digits = self.quantizer(z)
                if not self.training:  # bit for bit what the decoder will see
                    values = self.quantizer.values(digits)
            else:
                assert codes is not None
                digits = codes[:, t]
                values = self.quantizer.values(digits)
            video = self._synthesise(prediction, features, values.movedim(-1, 1) * scale)
            frames.append(DetailFrame(video, digits, z))
            state = DetailState(video.clamp(-REACH, REACH), now)
        return frames, state

    def _predict(self, state: DetailState, now: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
        """Features ``(B, C, H/4, W/4)`` and a frame, from all that both sides know."""
        lacked, change = state.decoded - state.coarse, now - state.coarse
        seen = [lacked, now, after - now, change, change.abs()]
        features = self.context(self.read(F.pixel_unshuffle(torch.cat(seen, 1), FINE)))
        keep = F.pixel_shuffle(torch.sigmoid(self.keep(features)), FINE)
        return features, now + keep * lacked + F.pixel_shuffle(self.correct(features), FINE)

    def _analyse(self, missing: Tensor, prediction: Tensor, features: Tensor) -> Tensor:
        patches = F.pixel_unshuffle(missing, FINE)
        known = [features, patches, F.pixel_unshuffle(prediction, FINE)]
        return self.project(patches) + self.analyse(torch.cat(known, 1))

    def _synthesise(self, prediction: Tensor, features: Tensor, values: Tensor) -> Tensor:
        drawn = F.pixel_shuffle(self.draw(self.synthesis(features + self.place(values))), FINE)
        return prediction + F.pixel_shuffle(self.insert(values), FINE) + drawn


class _Block(nn.Module):
    """SiLU, 3x3, SiLU, 1x1, added to the input; the last layer starts at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.spatial = conv(width, width, 3)
        self.mix = zero_conv(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.mix(F.silu(self.spatial(F.silu(x))))


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(_Block(width) for _ in range(count)))
