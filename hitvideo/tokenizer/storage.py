"""A model folder on disk: ``config.json`` beside ``model.safetensors``. Nothing is unpickled.

Knows nothing of what the model is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from hitvideo.errors import HiTVideoError

CONFIG, WEIGHTS = "config.json", "model.safetensors"


def save_model(model: nn.Module, config: Mapping[str, Any], folder: Path, dtype: torch.dtype) -> None:
    """Writes both files; floating-point tensors are stored as ``dtype``."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).cpu().contiguous()
        for name, tensor in model.state_dict().items()
    }
    save_file(tensors, folder / WEIGHTS)
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n")


def load_model(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Configuration and float32 tensors of a folder; raises HiTVideoError in one sentence."""
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise HiTVideoError(f"There is no model in {folder}: {name} is missing.")
    try:
        config = json.loads((folder / CONFIG).read_text())
        weights = load_file(folder / WEIGHTS)
    except (OSError, ValueError, SafetensorError) as error:
        raise HiTVideoError(f"The model in {folder} cannot be read: {error}.") from error
    if not isinstance(config, dict):
        raise HiTVideoError(f"The config.json in {folder} is not a model configuration.")
    return config, {k: v.float() if v.is_floating_point() else v for k, v in weights.items()}
