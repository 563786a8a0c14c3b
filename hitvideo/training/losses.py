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
    """Runs clips through the ladder group by group and scores every level and the final video.

    The main term is the mean logarithm of each sample's squared error, which is PSNR itself: easy
    and hard clips weigh alike. A level's own output is scored too, at the level's scale, so that
    coarse levels learn quickly; L1 terms on pixels and on frame differences keep edges and motion.
    """

    def __init__(self, tokenizer: HiTVideoTokenizer, l1: float = 0.3, level: float = 0.15) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.l1, self.level = l1, level

    def forward(self, video: Tensor, depth: Tensor) -> TokenizerLoss:
        """video: ``(B, 3, T, H, W)``, T a multiple of 8; depth: ``(B,)``, levels to keep."""
        state = self.tokenizer.initial_state
        shape = video.shape[0], video.shape[3], video.shape[4]
        pieces: list[Tensor] = []
        level_errors: list[Tensor] = []
        commitment = video.new_zeros(())
        for group in video.split(GROUP, 2):
            result = self.tokenizer.step(state, shape, group=group, depth=depth)
            state = result.state
            pieces.append(result.video)
            commitment = commitment + sum(output.loss for output in result.outputs)
            level_errors.append(_level_errors(result))
        output_video = torch.cat(pieces, 2)
        error = (output_video - video).pow(2).mean((1, 2, 3, 4))
        total = torch.log(error + FLOOR).mean()
        kept = torch.arange(len(self.tokenizer.levels), device=depth.device) < depth[:, None]
        levels = torch.log(torch.stack(level_errors).mean(0) + FLOOR) * kept
        total = total + self.level * levels.sum(1).mean()
        edges = (output_video - video).abs().mean((1, 2, 3, 4))
        motion = (output_video.diff(dim=2) - video.diff(dim=2)).abs().mean((1, 2, 3, 4))
        unit = error.detach().add(FLOOR).sqrt()  # in units of each sample's own error
        total = total + self.l1 * ((edges + 0.5 * motion) / unit).mean() + 0.25 * commitment
        full = depth >= len(self.tokenizer.levels)
        picked = error[full] if bool(full.any()) else error
        return TokenizerLoss(total, (-10 * torch.log10(picked.detach() / 4 + 1e-9)).mean())


def _level_errors(result: GroupResult) -> Tensor:
    """Mean squared error of every level at its own scale ``(B, levels)``; Haar keeps squares."""
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
