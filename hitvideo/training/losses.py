"""What the tokenizer is trained for: a good video at every depth, and codes that say what is shown.

Knows nothing of optimizers.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.tokenizer.config import GROUP
from hitvideo.tokenizer.level import Level, Source
from hitvideo.tokenizer.model import HiTVideoTokenizer
from hitvideo.tokenizer.prediction import LevelOutput
from hitvideo.training.code_classifier import CodeClassifier, reading_loss

FLOOR = 2e-4  # mean squared error (range 2) under which a crop is good enough: 43 dB
COARSE = 0.15  # what the coarser levels' own scores count
# Of the levels without memory, which a language model writes: how many times more than another
# an error on a subject counts, and one in colour than one in brightness; and what reading counts.
SUBJECT, COLOUR = 7.0, 3.0
READING = 0.1


@dataclass(frozen=True)
class TokenizerLoss:
    """total: scalar to minimise. For the log: psnr, mean dB of the samples kept at full depth, and
    read, the share of attributes that were read right."""

    total: Tensor
    psnr: Tensor
    read: Tensor


class LadderLoss(nn.Module):
    """Runs clips through the ladder group by group and scores every level's output.

    The score is the logarithm of a sample's squared error, which is PSNR itself: easy and hard
    clips weigh alike. The finest output counts fully, at whatever depth the sample is cut; the
    coarser ones a little, each at its own scale, so that they learn quickly. Levels without memory
    are what a language model writes: their errors are weighted by what matters to the eye, and the
    first one's codes must say what the clip shows (`CodeClassifier`).

    first, last: the levels to train, counted from 1; coarser ones stay as they are, finer ones are
        left out.
    """

    def __init__(
        self, tokenizer: HiTVideoTokenizer, first: int = 1, last: int | None = None
    ) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.first, self.last = first, last or len(tokenizer.ladder)
        for level in tokenizer.ladder[: first - 1]:
            level.requires_grad_(False)
        coarsest = tokenizer.config.ladder[0]
        self.reader: CodeClassifier | None = None
        if first == 1 and not coarsest.memory:
            self.reader = CodeClassifier(coarsest.width)

    def forward(self, video: Tensor, mask: Tensor, shown: Tensor, depth: Tensor) -> TokenizerLoss:
        """Clips at the scale of the last level, averaged over its pool: all that levels see.

        video: ``(B, 3, T, H, W)``; mask: ``(B, 1, T, H, W)``, how far it shows a subject; shown:
        classes ``(B, attributes)``; depth: ``(B,)``, levels to keep.
        """
        state = self.tokenizer.initial_state
        pt, ph, pw = self.tokenizer.config.ladder[self.last - 1].pool
        frames = GROUP // pt
        shape = video.shape[0], ph * video.shape[3], pw * video.shape[4]
        errors: list[Tensor] = []
        described: list[Tensor] = []
        for group, part in zip(video.split(frames, 2), mask.split(frames, 2), strict=True):
            result = self.tokenizer.step(state, shape, group=group, depth=depth, levels=self.last)
            state = result.state
            pairs = zip(self.tokenizer.ladder, result.outputs, result.sources, strict=False)
            trained = [p for k, p in enumerate(pairs, start=1) if k >= self.first]
            errors.append(torch.stack([_error(*pair, part) for pair in trained], 1))
            described.append(result.outputs[0].features)
        error = torch.stack(errors).mean(0)
        score = torch.log(error + FLOOR)
        finer = torch.arange(self.first, self.last, device=depth.device)
        kept = finer <= depth[:, None]
        total = score[:, -1].mean() + COARSE * (score[:, :-1] * kept).sum(1).mean()
        read = video.new_zeros(())
        if self.reader is not None:
            nats, read = reading_loss(self.reader(torch.stack(described, 2)), shown)
            total = total + READING * nats
        full = depth >= self.last
        final = error[full, -1] if bool(full.any()) else error[:, -1]
        psnr = (-10 * torch.log10(final.detach() / 4 + 1e-9)).mean()
        return TokenizerLoss(total, psnr, read.detach())


def _error(level: Level, output: LevelOutput, source: Source | None, mask: Tensor) -> Tensor:
    """A level's mean squared error at its own scale, ``(B,)``.

    Haar coefficients have the same squares as pixels, so only weighted errors need the pixels.
    """
    assert source is not None
    missing = output.coefficients - source.coefficients
    if level.config.memory:
        return missing.pow(2).mean((1, 2, 3))
    pixels = level.haar.inverse(missing)
    grey = pixels.mean(1, keepdim=True)
    squares = 3 * grey.pow(2) + COLOUR * (pixels - grey).pow(2).sum(1, keepdim=True)
    weight = 1 + (SUBJECT - 1) * F.interpolate(mask, pixels.shape[2:], mode="area")
    return (squares * weight).sum((1, 2, 3, 4)) / (3 * weight.sum((1, 2, 3, 4)))


def sample_depths(batch: int, levels: int, full_share: float, generator: torch.Generator) -> Tensor:
    """Nested dropout: full depth for ``full_share`` of the samples, the others uniform below it."""
    shallow = torch.randint(1, max(2, levels), (batch,), generator=generator)
    keep = torch.rand(batch, generator=generator) < full_share
    return torch.where(keep, torch.full_like(shallow, levels), shallow)
