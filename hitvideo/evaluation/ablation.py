"""What each of a generator's extra inputs is worth: it is measured again with that one silent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from hitvideo.generator import HiTVideoGenerator


def extra_inputs(generator: HiTVideoGenerator) -> dict[str, list[nn.Module]]:
    """Names of the inputs that a position has beside its text and what was written before it.

    Each with the layers whose weights are all that it says.
    """
    parts: dict[str, list[nn.Module]] = {
        "waves": [generator.place],
        "begin": [generator.begin],
        "gist": [generator.read_gist],
        "before": [generator.before],
        "beside": [generator.beside],
        "above": [generator.above],
        "around": [generator.around],
        "laid": [*generator.laid],
        "brushes": [brush.get_submodule("paint") for brush in generator.brushes],
    }
    if generator.names is not None:
        parts["word places"] = [generator.names.where]
    if generator.text_place is not None:
        parts["text places"] = [generator.text_place]
    return {name: layers for name, layers in parts.items() if layers}


@contextmanager
def silenced(layers: list[nn.Module]) -> Iterator[None]:
    """All weights of these layers are zero inside, and as they were afterwards."""
    weights = [weight for layer in layers for weight in layer.parameters()]
    kept = [weight.detach().clone() for weight in weights]
    with torch.no_grad():
        for weight in weights:
            weight.zero_()
        try:
            yield
        finally:
            for weight, old in zip(weights, kept, strict=True):
                weight.copy_(old)
