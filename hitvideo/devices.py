"""Which device is used, and what it is fast at. Knows nothing of what is computed there."""

from __future__ import annotations

from functools import cache

import torch

from hitvideo.errors import HiTVideoError


@cache
def cpu_has_bf16() -> bool:
    """Whether products of bfloat16 are fast on this processor, whatever else the machine has.

    Where it has to emulate them (AVX2 alone), convolutions took twelve times and small
    products thirty times as long as in float32.
    """
    return bool(
        torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )


def resolve_device(name: str) -> torch.device:
    """The torch device of that name; "auto" is a GPU where there is one, else the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # some devices only remember shapes
    except Exception as error:  # torch has one for every kind of device
        raise HiTVideoError(f"The device {name} is not available here.") from error
    return device
