"""What the tokenizer is trained for: a good video at every depth. Knows nothing of optimizers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hitvideo.tokenizer.config import GROUP
from hitvideo.tokenizer.model import GroupResult, HiTVideoTokenizer

FLOOR = 2e-4  # mean squared error (range 2) under which a crop is good enough: 43 dB


@dataclass(frozen=True)
class TokenizerLoss:
    """total: scalar to minimise; psnr: mean dB of the samples kept at full depth (for the log)."""

    total: Tensor
    psnr: Tensor


class LadderLoss(nn.Module):
    """Runs clips through the ladder group by group and scores every level's output.

    The score is the logarithm of a sample's squared error, which is PSNR itself: easy and hard
    clips weigh alike. The finest output counts fully, at whatever depth the sample is cut; the
    coarser ones a little, each at its own scale, so that they learn quickly. Errors are taken on
    Haar coefficients, where squares are the same as on pixels.
    """

    def __init__(self, tokenizer: HiTVideoTokenizer, coarse: float = 0.15) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.coarse = coarse

    def forward(self, video: Tensor, depth: Tensor) -> TokenizerLoss:
        """video: ``(B, 3, T, H, W)``, T a multiple of 8; depth: ``(B,)``, levels to keep."""
        state = self.tokenizer.initial_state
        shape = video.shape[0], video.shape[3], video.shape[4]
        errors: list[Tensor] = []
        commitment = video.new_zeros(())
        for group in video.split(GROUP, 2):
            result = self.tokenizer.step(state, shape, group=group, depth=depth)
            state = result.state
            errors.append(_level_errors(result))
            commitment = commitment + sum(output.loss for output in result.outputs)
        error = torch.stack(errors).mean(0)
        score = torch.log(error + FLOOR)
        levels = error.shape[1]
        kept = torch.arange(levels - 1, device=depth.device) < depth[:, None]
        total = score[:, -1].mean() + self.coarse * (score[:, :-1] * kept).sum(1).mean()
        full = depth >= levels
        final = error[full, -1] if bool(full.any()) else error[:, -1]
        psnr = (-10 * torch.log10(final.detach() / 4 + 1e-9)).mean()
        return TokenizerLoss(total + 0.25 * commitment, psnr)


def _level_errors(result: GroupResult) -> Tensor:
    """Mean squared error of every level at its own scale, ``(B, levels)``."""
    errors = []
    for output, source in zip(result.outputs, result.sources, strict=True):
        assert source is not None
        errors.append((output.coefficients - source.coefficients).pow(2).mean((1, 2, 3)))
    return torch.stack(errors, 1)


def sample_depths(batch: int, levels: int, full_share: float, generator: torch.Generator) -> Tensor:
    """Nested dropout: full depth for ``full_share`` of the samples, the others uniform below it."""
    shallow = torch.randint(1, max(2, levels), (batch,), generator=generator)
    keep = torch.rand(batch, generator=generator) < full_share
    return torch.where(keep, torch.full_like(shallow, levels), shallow)
