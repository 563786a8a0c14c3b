"""Which precision the generator's layers are held in, and how bitsandbytes gets them there."""

from __future__ import annotations

from typing import Any, Literal

import torch

from hitvideo.errors import HiTVideoError

Quantize = Literal["auto", "int8", "nf4"] | None


def resolve(quantize: str | None, device: torch.device) -> str | None:
    if quantize not in ("auto", "int8", "nf4", None):
        raise HiTVideoError(f"The quantization is auto, int8, nf4 or none, not {quantize}.")
    return None if quantize == "auto" else quantize


def quantization_config(kind: str | None) -> Any:
    return None
