"""Gives an untrained tokenizer its linear codec: PCA to the codes, least squares back.

Level by level, on what the coarser levels leave of some sample clips; for levels with memory also
on what they themselves leave, group after group, of scenes that stand still. Afterwards the
tokenizer codes as well as a line can, and training starts from there. Knows nothing of losses or
data sets.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from hitvideo.tokenizer.level import Level, Source
from hitvideo.tokenizer.model import HiTVideoTokenizer
from hitvideo.tokenizer.prediction import LevelOutput
from hitvideo.tokenizer.quantizers import FSQ

# A Gaussian of unit deviation times this, through tanh, fills k even steps about as a Lloyd-Max
# quantizer would (its outermost thresholds for k = 2..8 sit near the outermost rounding edges).
LOADING = {2: 1.0, 3: 0.9, 4: 0.82, 5: 0.75, 6: 0.7, 7: 0.66, 8: 0.62}


@torch.no_grad()
def calibrate(tokenizer: HiTVideoTokenizer, groups: Iterable[Tensor]) -> None:
    """Fits every level's linear path in place.

    groups: some hundred groups of 8 frames, ``(B, 3, 8, H, W)`` in [-1, 1] each, sizes multiples of
    the coarsest stride and all the same.
    """
    moving = torch.cat(list(groups))
    still = moving[:, :, -1:].expand_as(moving)
    shape = moving.shape[0], moving.shape[3], moving.shape[4]
    tokenizer.eval()
    coarse: LevelOutput | None = None
    coarse_still: LevelOutput | None = None
    told = True  # of stillness by a coarser level; the first has none
    for level in tokenizer.ladder:
        coefficients = level.view(moving, shape)
        deviation = coefficients.pow(2).mean((0, 2, 3)).sqrt()
        level.scale.copy_(deviation.clamp_min(1e-3).sqrt())
        _fit_moving(level, coefficients - level.predict(shape, coarse, None).base)
        coarse = _code(level, shape, coarse, coefficients)
        coarse_still = _code(level, shape, coarse_still, level.view(still, shape))
        _fit_still(level, level.view(still, shape), coarse_still.video[:, :, -1])
        if level.config.memory and not told:
            _expect_stillness(level)
        told = bool(level.config.memory)


def _code(
    level: Level, shape: tuple[int, int, int], coarse: LevelOutput | None, coefficients: Tensor
) -> LevelOutput:
    features = coefficients.new_zeros(shape[0], level.config.width, *coefficients.shape[2:])
    return level(shape, coarse, None, source=Source(coefficients, features))


def _fit_moving(level: Level, residual: Tensor) -> None:
    """The first transform: each token codes the frames that it masks."""
    slots, (pt, ph, pw) = level.config.slots, level.config.patch
    samples = rearrange(
        level.haar.inverse(residual),
        "b c (n t) (h p) (w q) -> (b n h w) (c t p q)",
        n=slots,
        p=ph,
        q=pw,
    )
    analysis, synthesis = fit_linear_code(samples, level.config.steps, level.quantizer)

    def filters(rows: Tensor) -> Tensor:
        """Filters over one token's samples ``(d, samples)`` as ``(slots * d, coefficients)``."""
        rows = rearrange(rows, "d (c t p q) -> d c t p q", c=3, p=ph, q=pw)
        size = pt // slots
        padded = [F.pad(rows, (0, 0, 0, 0, n * size, pt - (n + 1) * size)) for n in range(slots)]
        return level.haar(torch.cat(padded)).flatten(1)

    _store(level, 0, filters(analysis), filters(synthesis))


def _fit_still(level: Level, coefficients: Tensor, frame: Tensor) -> None:
    """The other transforms: of a scene that stands still, all tokens code what is still missing.

    coefficients: of the scene; frame: how the first group left it, at the level's scale.
    """
    steps = level.config.steps * level.config.slots
    known = level.still(frame) if level.config.memory else coefficients
    first = (coefficients - known).pow(2).mean().sqrt()
    for index in range(1, level.config.memory):
        residual = coefficients - known
        level.strength[index] = residual.pow(2).mean().sqrt() / first.clamp_min(1e-6)
        samples = rearrange(residual, "b c h w -> (b h w) c")
        order = _most_steps_first(steps)
        sorted_steps = tuple(steps[i] for i in order)
        quantizer = FSQ(sorted_steps).to(residual.device)
        analysis, synthesis = fit_linear_code(samples, sorted_steps, quantizer)
        values, _ = quantizer(samples @ analysis.T)
        coded = values @ synthesis
        known = known + rearrange(coded, "(b h w) c -> b c h w", h=known.shape[2], w=known.shape[3])
        back = torch.tensor(order).argsort()
        _store(level, index, analysis[back], synthesis[back])


def _expect_stillness(level: Level) -> None:
    """A place is taken to stand still where the coarser, memoryless level hardly changed.

    On Toon the mean logarithm of that change lies between -9 and -7 where nothing moves, between -4
    and -2 where something does.
    """
    level.evidence.weight.fill_(-1 / level.evidence.weight.shape[1])
    torch.nn.init.constant_(level.evidence.bias, -5.5)  # type: ignore[arg-type]


def _most_steps_first(steps: tuple[int, ...]) -> list[int]:
    """Indices of the dimensions, finest quantizer first: it gets the largest component."""
    return sorted(range(len(steps)), key=lambda i: -steps[i])


def _store(level: Level, index: int, analysis: Tensor, synthesis: Tensor) -> None:
    """Writes one transform's rows ``(d, coefficients)`` into the level's layers."""
    rows = slice(index * len(analysis), (index + 1) * len(analysis))
    level.project.weight[rows] = analysis[..., None, None]
    level.expand.weight[:, rows] = synthesis.T[..., None, None]


def fit_linear_code(
    samples: Tensor, steps: tuple[int, ...], quantizer: FSQ
) -> tuple[Tensor, Tensor]:
    """PCA of ``samples (N, D)`` scaled for ``quantizer``, least squares back; ``(d, D)`` each."""
    covariance = samples.T @ samples / len(samples)
    values, vectors = torch.linalg.eigh(covariance.double())
    top = values.argsort(descending=True)[: len(steps)]
    deviation = values[top].clamp_min(1e-12).sqrt().float()
    loading = torch.tensor([LOADING.get(n, 0.55) for n in steps], device=samples.device)
    analysis = (vectors[:, top].float() * (loading / deviation)).T

    quantized, _ = quantizer(samples @ analysis.T)
    ridge = 1e-4 * len(samples) * torch.eye(len(steps), device=samples.device)
    synthesis = torch.linalg.solve(quantized.T @ quantized + ridge, quantized.T @ samples)
    return analysis, synthesis
