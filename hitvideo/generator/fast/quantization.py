"""Which precision the Llama's layers are held in, and how bitsandbytes gets them there.

Only they are quantized: nearly all of a large model, three fifths of the shipped one. Embeddings,
projections and the head, which the sampled digits hang on directly, stay as they are, in float32
on a CPU.
"""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import nn

from hitvideo.errors import HiTVideoError
from hitvideo.generator.fast.linear import Int8Linear

if TYPE_CHECKING:
    from transformers import BitsAndBytesConfig

    from hitvideo.generator.model import HiTVideoGenerator

Quantize = Literal["auto", "int8", "nf4", "none"] | None

# What measured best, quality first (docs/generator.md); any other kind of device gets the last.
AUTO = {"cpu": "int8", "cuda": "int8", "": "int8"}
LEFT_ALONE = ["read_text", "read_gist", "place", "around", "laid", "names", "brushes", "head"]


def resolve(quantize: str | None, device: torch.device) -> str | None:
    """ "int8", "nf4" or None for what was asked; raises HiTVideoError for anything else."""
    if quantize == "auto":
        return AUTO.get(device.type, AUTO[""])
    if quantize == "none":
        return None
    if quantize not in ("int8", "nf4", None):
        raise HiTVideoError(f"The quantization is auto, int8, nf4 or none, not {quantize}.")
    return quantize


@contextmanager
def _no_compiler() -> Iterator[None]:
    """bitsandbytes hands four functions to torch.compile at import, which loads the compiler.

    That takes longer than all of our weights, for optimizers and for devices without kernels of
    its own, where these functions do the same uncompiled.
    """
    name = "TORCHDYNAMO_DISABLE"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def quantization_config(kind: str | None) -> BitsAndBytesConfig | None:
    """What `from_pretrained` takes; raises HiTVideoError where bitsandbytes does not work."""
    if kind is None:
        return None
    # It tells of optional kernels at import, and of a cast at every product.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    try:
        with _no_compiler():
            importlib.import_module("bitsandbytes")
    except Exception as error:  # whatever goes wrong in there, weights can be used without it
        raise HiTVideoError(
            f"Quantization to {kind} needs bitsandbytes, which does not work here; "
            "choose no quantization or install it."
        ) from error
    from transformers import BitsAndBytesConfig

    if kind == "int8":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=LEFT_ALONE)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=LEFT_ALONE,
    )


def finalize(model: HiTVideoGenerator) -> None:
    """Makes a freshly quantized model in ``eval`` ready for any number of threads.

    On a CPU, int8 weights go to torch's kernel, which is several times faster than the one of
    bitsandbytes and quantizes no activations. Other layers rearrange themselves in their first
    product, which is therefore made here.
    """
    from bitsandbytes.nn import Linear4bit, Linear8bitLt

    for name, layer in list(model.named_modules()):
        if isinstance(layer, Linear8bitLt) and layer.weight.device.type == "cpu":
            parent, _, own = name.rpartition(".")
            weight: Any = layer.weight
            setattr(model.get_submodule(parent), own, Int8Linear(weight.CB, weight.SCB / 127))
        elif isinstance(layer, Linear4bit | Linear8bitLt):
            with torch.inference_mode():
                layer(model.no_text.new_zeros(1, layer.in_features))


def stored_bytes(model: nn.Module) -> int:
    """Bytes of all weights as they are held, quantization constants included."""
    total = sum(t.numel() * t.element_size() for t in [*model.parameters(), *model.buffers()])
    for layer in model.modules():
        weight = getattr(layer, "weight", None)
        state = getattr(weight, "quant_state", None)
        extra = [getattr(weight, "SCB", None), getattr(state, "absmax", None)]
        total += sum(t.numel() * t.element_size() for t in extra if t is not None)
    return total


def planned_bytes(model: HiTVideoGenerator, kind: str | None) -> int:
    """Bytes the weights will take, for a model on any device, "meta" included.

    int8: a byte a weight and a float32 scale a row; "nf4": half a byte and a float32 scale for
    every 64 weights; all else, and all with None, in bfloat16.
    """
    layers = [m for m in model.llama.layers.modules() if isinstance(m, nn.Linear)]
    quantized = sum(layer.weight.numel() for layer in layers)
    rows = sum(layer.out_features for layer in layers)
    rest = 2 * (sum(p.numel() for p in model.parameters()) - quantized)
    sizes = {
        None: 2 * quantized,
        "int8": quantized + 4 * rows,
        "nf4": quantized // 2 + 4 * (quantized // 64),
    }
    return rest + sizes[kind]
