"""A folder's generator, text encoder and planner, ready to write. Knows nothing of codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers.utils import logging

from hitvideo.errors import HiTVideoError
from hitvideo.generator.config import GeneratorConfig
from hitvideo.generator.fast.quantization import Quantize, finalize, quantization_config, resolve
from hitvideo.generator.model import HiTVideoGenerator
from hitvideo.generator.presets import planner as planner_config
from hitvideo.generator.text import TextEncoder
from hitvideo.tokenizer import fingerprint


def load_generator(
    folder: str | Path, device: torch.device, quantize: Quantize = "auto"
) -> tuple[HiTVideoGenerator, TextEncoder, HiTVideoGenerator | None]:
    """Loads ``folder/generator``, quantized, and its text encoder and its planner, if it has one.

    These are small and are not quantized. Raises HiTVideoError where something is missing, broken
    or cannot be quantized here.
    """
    kind = resolve(quantize, device)
    config = quantization_config(kind)
    planner_folder = Path(folder) / "planner"
    # On a CPU, bfloat16 attention is eight times slower than float32, for a few rows at a time.
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    with _quiet():
        model: Any = _load(Path(folder) / "generator", device, dtype, config)
        name = model.config.text_encoder
        local = Path(folder) / name
        elsewhere = "/" in name and not local.is_dir()  # on the hub a name has an owner
        text = TextEncoder.from_pretrained(name if elsewhere else local, device)
    if text.width != model.config.text_width:
        raise HiTVideoError(
            f"The text encoder {name} is {text.width} wide; "
            f"the generator expects {model.config.text_width}."
        )
    planner = load_planner(planner_folder, device, text.width) if planner_folder.is_dir() else None
    if planner is not None and not model.config.plan:
        raise HiTVideoError(
            f"The planner in {planner_folder} is of another version than the generator."
        )
    _check_release("text encoder", text.model, model.config.text_hash)
    _check_release("planner", planner, model.config.planner_hash)
    model.quantization = kind
    if kind:
        finalize(model)
    return model, text, planner


def stored_fingerprint(folder: str | Path) -> str:
    """Names the weights of ``folder/generator``, however they are quantized when loaded."""
    with _quiet():
        return fingerprint(_load(Path(folder) / "generator", torch.device("cpu"), torch.float32))


def _check_release(name: str, model: nn.Module | None, wanted: str) -> None:
    if not wanted:
        return
    if model is None:
        raise HiTVideoError(f"The {name} that belongs to the generator is missing.")
    if fingerprint(model) != wanted:
        raise HiTVideoError(f"The {name} is of another version than the generator.")


def load_planner(path: Path, device: torch.device, text_width: int) -> HiTVideoGenerator:
    """Raises HiTVideoError where it is missing, broken or does not write our kind of plans."""
    with _quiet():
        model = _load(path, device, torch.float32)
    ours = planner_config(text_width, model.config.frames)
    for name in ("levels", "height", "width", "text_width"):
        if getattr(model.config, name) != getattr(ours, name):
            raise HiTVideoError(f"The planner in {path} is of another version.")
    return model


def _load(
    path: Path, device: torch.device, dtype: torch.dtype, quantization: Any = None
) -> HiTVideoGenerator:
    """In ``eval`` mode; raises HiTVideoError where the weights are missing, broken or others."""
    with _told(path):
        loaded: Any = HiTVideoGenerator.from_pretrained(
            path,
            local_files_only=True,
            dtype=dtype,
            device_map={"": str(device)},
            quantization_config=quantization,
            output_loading_info=True,
        )
    model, found = loaded
    if found["missing_keys"] or found["unexpected_keys"]:
        raise HiTVideoError(f"The weights in {path} are not those of this {path.name}.")
    return model.eval()


def load_to_train(path: Path, plan: bool) -> HiTVideoGenerator:
    """A generator to go on from, in float32; raises HiTVideoError where it is missing or broken.

    plan: whether it is to be told plans; if it never was, what it is told begins at zero.
    """
    with _told(path):
        known: Any = GeneratorConfig.from_pretrained(path, local_files_only=True)
        return HiTVideoGenerator.from_pretrained(
            path, local_files_only=True, dtype=torch.float32, plan=plan or known.plan
        )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        if not path.is_dir():  # transformers would ask the hub for a relative one nevertheless
            raise FileNotFoundError(path)
        yield
    except (OSError, ValueError, RuntimeError, TypeError, KeyError, SafetensorError) as error:
        raise HiTVideoError(
            f"The {path.name} in {path} is missing, broken or does not fit."
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the progress bars and reports of transformers, whose errors are told as ours."""
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
