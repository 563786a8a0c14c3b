"""Gives an untrained autoencoder its linear codec: PCA all the way to the codes and back.

Patches, groups and coarser maps become their principal components, each divided by the root of its
deviation, so that networks see numbers of like size; levels code what is missing by the components
that count most in pixels. Training starts from there instead of from noise: before its first step
the autoencoder codes as well as a line can. Knows nothing of losses or data sets.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.autoencoder.config import PATCH
from hitvideo.autoencoder.layers import Down, Up
from hitvideo.autoencoder.level import Level
from hitvideo.autoencoder.model import GroupAutoencoder
from hitvideo.tokenizer.config import GROUP
from hitvideo.training.calibrate import LOADING


@torch.no_grad()
def start_linear(model: GroupAutoencoder, clips: Tensor) -> None:
    """Fits all linear layers in place.

    clips: some hundred groups of 8 frames, ``(B, 3, 8, H, W)`` in [-1, 1], sizes multiples of the
    coarsest stride.
    """
    frames = clips.transpose(1, 2).flatten(0, 1)
    patch = _fit(model.stem.linear, model.head.linear, F.pixel_unshuffle(frames, PATCH))
    x = model.stem(frames).unflatten(0, (-1, GROUP)).flatten(1, 2)
    group = _fit(model.fold, model.unfold, x)
    parts = group.unflatten(0, (GROUP, -1))
    pixels = torch.cat([patch @ part for part in parts])  # of a group from a position's features
    metrics = [pixels.T @ pixels]
    x = model.fold(x)
    for down, up in zip(reversed(model.down), reversed(model.up), strict=True):
        assert isinstance(down, Down) and isinstance(up, Up)
        wide = _fit(down.linear, up.linear, F.pixel_unshuffle(x, 2))
        squares = wide.unflatten(0, (-1, 4)).transpose(0, 1)
        metrics.append(sum(part.T @ metrics[-1] @ part for part in squares))
        x = down(x)
    features = model.features(clips)
    for k, level in enumerate(model.ladder):
        index = model.config.strides.index(level.config.stride[1])
        h, _, _ = model._estimate(model.initial_state, features=features, stop=k)
        place = model.config.strides.index(model.ladder[max(0, k - 1)].config.stride[1])
        if place != index:
            h = model.up[place](h.flatten(0, 1)).unflatten(0, h.shape[:2])
        _fit_level(level, (features[index] - h).flatten(0, 1), metrics[-1 - index])


def _fit(analysis: nn.Conv2d, synthesis: nn.Conv2d, x: Tensor) -> Tensor:
    """Principal components of ``x (B, C, h, w)`` and the way back, which is returned."""
    values, vectors = _components(_rows(x))
    count = analysis.out_channels
    scale = values[:count].clamp_min(1e-8) ** 0.25  # the root of a deviation
    _put(analysis, (vectors[:, :count] / scale).T)
    back = vectors[:, :count] * scale
    _put(synthesis, back)
    return back


def _fit_level(level: Level, missing: Tensor, metric: Tensor) -> None:
    """metric: features times this times features are squares of pixels."""
    quantizer = level.quantizer
    steps = quantizer.steps.tolist() * level.config.slots
    root = torch.linalg.cholesky(metric + 1e-9 * torch.eye(len(metric)).to(metric))
    rows = _rows(missing)
    values, vectors = _components(rows @ root)
    weights = torch.zeros(len(steps), rows.shape[1]).to(rows)
    # The finest quantizer gets the largest component.
    for rank, i in enumerate(sorted(range(len(steps)), key=lambda i: -steps[i])):
        loading = LOADING.get(steps[i], 0.55) / values[rank].clamp_min(1e-12).sqrt()
        weights[i] = root @ vectors[:, rank] * loading
    _put(level.project, weights)
    digits = (rows @ weights.T).float().unflatten(1, (level.config.slots, -1))
    coded = quantizer(digits)[0].flatten(1).to(rows)
    ridge = 1e-4 * len(coded) * torch.eye(len(steps)).to(coded)
    _put(level.insert, torch.linalg.solve(coded.T @ coded + ridge, coded.T @ rows).T)


def _rows(x: Tensor) -> Tensor:
    wide = torch.float64 if x.device.type != "mps" else torch.float32
    return x.permute(0, 2, 3, 1).flatten(0, 2).to(wide)


def _components(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Mean squares along the principal components, largest first, and the components."""
    values, vectors = torch.linalg.eigh(rows.T @ rows / len(rows))
    return values.flip(0), vectors.flip(1)


def _put(layer: nn.Conv2d, weight: Tensor) -> None:
    assert layer.bias is not None
    layer.weight.copy_(weight[..., None, None])
    layer.bias.zero_()
