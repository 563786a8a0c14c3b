"""A folder's generator and text encoder, ready to write. Knows nothing of tokenizers or pixels."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError

from hitvideo.errors import HiTVideoError
from hitvideo.generator.model import HiTVideoGenerator
from hitvideo.generator.quantization import Quantize, quantization_config, resolve
from hitvideo.generator.text import TextEncoder

GENERATOR, TEXT = "generator", "text"


def has_generator(folder: str | Path) -> bool:
    """Whether a model folder holds more than a tokenizer."""
    return (Path(folder) / GENERATOR / "config.json").is_file()


def load_generator(
    folder: str | Path, device: torch.device, quantize: Quantize = "auto"
) -> tuple[HiTVideoGenerator, TextEncoder]:
    """Loads ``folder/generator``, quantized, and its text encoder, which is not.

    Raises HiTVideoError where something is missing, broken or cannot be quantized here.
    """
    kind = resolve(quantize, device)
    path = Path(folder) / GENERATOR
    try:
        model = HiTVideoGenerator.from_pretrained(
            path,
            local_files_only=True,
            dtype=torch.float32,
            device_map={"": device},
            quantization_config=quantization_config(kind),
        )
    except (OSError, ValueError, RuntimeError, TypeError, KeyError, SafetensorError) as error:
        raise HiTVideoError(
            f"The generator in {path} is missing, broken or does not fit."
        ) from error
    name = model.config.text_encoder
    local = Path(folder) / name
    text = TextEncoder.from_pretrained(local if local.is_dir() else name, device)
    if text.width != model.config.text_width:
        raise HiTVideoError(
            f"The text encoder {name} is {text.width} wide; "
            f"the generator expects {model.config.text_width}."
        )
    return model.eval(), text
