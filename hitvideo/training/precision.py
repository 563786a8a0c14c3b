"""Whether a processor is fast in bfloat16. Knows nothing of what is computed in it."""

from __future__ import annotations

from functools import cache

import torch


@cache
def cpu_has_bf16() -> bool:
    """Whether products of bfloat16 are fast on this processor, whatever else the machine has.

    Where it has to emulate them (AVX2 alone), convolutions took twelve times and small
    products thirty times as long as in float32.
    """
    return bool(
        torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )
