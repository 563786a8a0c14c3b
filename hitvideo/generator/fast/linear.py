"""Linear layers for a few rows at a time: int8 weights on a CPU, and several layers as one.

Knows nothing of what the layers are for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FEW_ROWS = 12  # up to here reading int8 weights as they are is faster than widening them first
SMALL = 1 << 22  # weights of a layer; below, a call costs as much as the product

Product = Callable[[Tensor], Tensor]


class Int8Linear(nn.Module):
    """``x @ (weight * scale).T`` with weights read as int8, products in bfloat16.

    weight: int8 ``(outputs, inputs)``; scale: bfloat16 ``(outputs,)``. Torch's own weight-only
    kernel: the activations are not quantized. Takes and returns any floating-point type.
    """

    weight: Tensor
    scale: Tensor

    def __init__(self, weight: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight.contiguous())
        self.register_buffer("scale", scale.to(torch.bfloat16))

    def forward(self, x: Tensor) -> Tensor:
        rows = x.reshape(-1, x.shape[-1]).to(torch.bfloat16)
        if len(rows) <= FEW_ROWS:
            y = torch._weight_int8pack_mm(rows, self.weight, self.scale)
        else:
            y = F.linear(rows, self.weight.to(torch.bfloat16)) * self.scale
        return y.to(x.dtype).view(*x.shape[:-1], -1)


def merge(layers: Sequence[Any]) -> Product:
    """One product in place of several of the same input: their outputs, concatenated.

    layers: linear ones without bias. Small ones are copied into one; large or otherwise quantized
    ones are called in turn.
    """
    if len(layers) == 1:
        return layers[0]  # type: ignore[no-any-return]
    if sum(layer.weight.numel() for layer in layers) <= SMALL:
        if all(isinstance(layer, Int8Linear) for layer in layers):
            parts = torch.cat([layer.weight for layer in layers])
            return Int8Linear(parts, torch.cat([layer.scale for layer in layers]))
        if all(type(layer) is nn.Linear for layer in layers):
            return partial(F.linear, weight=torch.cat([layer.weight for layer in layers]))
    return lambda x: torch.cat([layer(x) for layer in layers], -1)
