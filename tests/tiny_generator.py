"""A tiny random generator and text encoder over the tiny tokenizer's levels, for any test."""

from pathlib import Path

import torch
from conftest import TINY, randomize

from hitvideo.generator import GeneratorConfig, HiTVideoGenerator, TextEncoder, written_levels
from hitvideo.generator.presets import planner
from hitvideo.generator.storage import load_generator
from hitvideo.generator.text import new_text_encoder
from hitvideo.painter.config import PainterConfig
from hitvideo.painter.model import HiTVideoPainter
from hitvideo.tokenizer import HiTVideoTokenizer, fingerprint
from hitvideo.training.text_to_tokens import TextToTokens

CAPTIONS = ["a red car drives to the left", "a big blue ball bounces in a meadow", "a cat"]
SIZE = (16, 32, 48)
LLAMA = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
}


def tiny_config(**settings: object) -> GeneratorConfig:
    frames, height, width = SIZE
    size = {"frames": frames, "height": height, "width": width}
    base = {"llama": LLAMA, "text_width": 256, "head_width": 32, **size}
    return GeneratorConfig(levels=written_levels(TINY, 3), **{**base, **settings})


def tiny_generator(**settings: object) -> HiTVideoGenerator:
    model = HiTVideoGenerator(tiny_config(**settings)).eval()
    randomize(model, 1)
    return model


def tiny_text() -> TextEncoder:
    torch.manual_seed(0)
    return new_text_encoder(CAPTIONS, 200).eval()


def save_tiny_weights(folder: Path, tokenizer: HiTVideoTokenizer) -> Path:
    """A model folder with all that generating takes."""
    tokenizer.save_pretrained(folder / "tokenizer")
    generator = tiny_generator(tokenizer_hash=fingerprint(tokenizer), plan=True)
    plans = HiTVideoGenerator(planner(generator.config.text_width, generator.config.frames))
    randomize(plans, 2)
    TextToTokens(tiny_text(), generator, plans).save_pretrained(folder, torch.float32)
    return folder


def save_tiny_painter(folder: Path, tokenizer: HiTVideoTokenizer) -> None:
    """Adds a painter of random weights that belongs to the models there."""
    generator, _, _ = load_generator(folder, torch.device("cpu"), None)
    assert generator.names is not None
    config = PainterConfig(
        name_width=generator.names.name.out_features,
        style=16,
        cel_widths=(16, 16, 16),
        backdrop_widths=(16, 16),
        tokenizer_hash=fingerprint(tokenizer),
        names_hash=fingerprint(generator.names),
    )
    painter = HiTVideoPainter(config)
    randomize(painter, 3)
    painter.save_pretrained(folder / "painter")
