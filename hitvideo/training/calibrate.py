"""Gives an untrained tokenizer its linear codec: PCA to the codes, least squares back.

Level by level, on what the coarser levels leave of some sample clips. Afterwards the tokenizer
codes as well as a line can, and training starts from there. Knows nothing of losses or data sets.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from einops import rearrange
from torch import Tensor

from hitvideo.tokenizer.level import Level, LevelOutput, Source
from hitvideo.tokenizer.model import HiTVideoTokenizer

# A Gaussian of unit deviation times this, through tanh, fills k even steps about as a Lloyd-Max
# quantizer would (its outermost thresholds for k = 2..16 sit near the outermost rounding edges).
LOADING = {2: 1.0, 3: 0.9, 4: 0.82, 5: 0.75, 6: 0.7, 7: 0.66, 8: 0.62}


@torch.no_grad()
def calibrate(tokenizer: HiTVideoTokenizer, groups: Iterable[Tensor]) -> None:
    """Fits every level's linear path in place.

    groups: some hundred groups of 8 frames, ``(B, 3, 8, H, W)`` in [-1, 1] each, sizes multiples of
    the coarsest stride and all the same.
    """
    batch = torch.cat(list(groups))
    shape = batch.shape[0], batch.shape[3], batch.shape[4]
    tokenizer.eval()
    coarse: LevelOutput | None = None
    for level in tokenizer.ladder:
        coefficients = level.view(batch)
        deviation = coefficients.pow(2).mean((0, 2, 3)).sqrt()
        level.scale.copy_(deviation.clamp_min(1e-3).sqrt())
        base, features = level._predict(shape, coarse, None)
        _fit(level, coefficients - base)
        source = Source(coefficients, torch.zeros_like(features))
        coarse = level(shape, coarse, None, source=source)


def _fit(level: Level, residual: Tensor) -> None:
    slots, steps = level.config.slots, torch.tensor(level.config.steps)
    patches = _patches(level, residual)
    covariance = patches.T @ patches / len(patches)
    values, vectors = torch.linalg.eigh(covariance.double())
    order = values.argsort(descending=True)[: len(steps)]
    directions, deviation = vectors[:, order].float(), values[order].sqrt().float()
    loading = torch.tensor([LOADING.get(int(s), 0.55) for s in steps])
    analysis = directions * (loading / deviation.clamp_min(1e-6))

    quantized, _, _ = level.quantizer(patches @ analysis)
    ridge = 1e-4 * len(patches) * torch.eye(len(steps))
    synthesis = torch.linalg.solve(quantized.T @ quantized + ridge, quantized.T @ patches)
    level.project.weight.copy_(
        _filters(level, analysis.T, slots).reshape(level.project.weight.shape)
    )
    expand = _filters(level, synthesis, slots).T
    level.expand.weight.copy_(expand.reshape(level.expand.weight.shape))


def _patches(level: Level, coefficients: Tensor) -> Tensor:
    """Residual samples under each token, one row a token."""
    _, ph, pw = level.config.patch
    return rearrange(
        level.haar.inverse(coefficients),
        "b c (n t) (h p) (w q) -> (b n h w) (c t p q)",
        n=level.config.slots,
        p=ph,
        q=pw,
    )


def _filters(level: Level, rows: Tensor, slots: int) -> Tensor:
    """Filters over one token's samples ``(d, samples)`` as ``(slots * d, coefficients)``."""
    pt, ph, pw = level.config.patch
    rows = rearrange(rows, "d (c t p q) -> d c t p q", c=3, p=ph, q=pw)
    full = rows.new_zeros(slots, len(rows), 3, pt, ph, pw)
    size = pt // slots
    for n in range(slots):
        full[n, :, :, n * size : (n + 1) * size] = rows
    return level.haar(full.flatten(0, 1)).flatten(1)
