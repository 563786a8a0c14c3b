"""A model folder on disk: ``config.json`` beside safetensors shards. Nothing is unpickled.

Knows nothing of what the model is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import load_torch_model, save_torch_state_dict
from safetensors import SafetensorError
from torch import nn

from hitvideo.errors import HiTVideoError
from hitvideo.files import read_text

CONFIG = "config.json"
SHARD_SIZE = "15MB"


def save_model(
    model: nn.Module, config: Mapping[str, Any], folder: Path, dtype: torch.dtype
) -> None:
    """Writes configuration and weights; floating-point tensors are stored as ``dtype``."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: tensor.to(dtype) if tensor.is_floating_point() else tensor
        for name, tensor in model.state_dict().items()
    }
    save_torch_state_dict(tensors, folder, max_shard_size=SHARD_SIZE)
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n")


def load_config(folder: Path) -> dict[str, Any]:
    """The folder's ``config.json``; raises HiTVideoError in one sentence."""
    if not (folder / CONFIG).is_file():
        raise HiTVideoError(f"There is no model in {folder}: {CONFIG} is missing.")
    try:
        config = json.loads(read_text(folder / CONFIG))
    except ValueError as error:
        raise HiTVideoError(f"The {CONFIG} in {folder} cannot be read: {error}.") from error
    if not isinstance(config, dict):
        raise HiTVideoError(f"The {CONFIG} in {folder} is not a model configuration.")
    return config


def load_weights(model: nn.Module, folder: Path) -> None:
    """Fills ``model`` from the folder's shards; raises HiTVideoError unless all of them fit."""
    try:
        load_torch_model(model, folder, strict=True)
    except (RuntimeError, ValueError, KeyError, OSError, SafetensorError) as error:
        raise HiTVideoError(
            f"The weights in {folder} are missing, broken or do not fit."
        ) from error


def fingerprint(
    model: nn.Module, stored: torch.dtype | None = None, without: str | None = None
) -> str:
    """16 hexadecimal digits that name these weights, whatever precision they are held in.

    stored: the precision that they will be stored and loaded again in (None: as they are).
    without: the beginning of the names of tensors that do not count.
    """
    digest = sha256()
    for name, tensor in sorted(model.state_dict().items()):
        if without and name.startswith(without):
            continue
        if stored is not None and tensor.is_floating_point():
            tensor = tensor.to(stored)
        digest.update(name.encode())
        digest.update(tensor.float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def ladder_fingerprint(tokenizer: nn.Module) -> str:
    """Names what defines the ladder's codes: what generators write, and detail never changes."""
    return fingerprint(tokenizer, without="detail.")
