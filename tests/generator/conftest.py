"""A tiny random generator and text encoder over the tiny tokenizer's levels."""

import pytest
import torch
from conftest import TINY, randomize

from hitvideo.generator import GeneratorConfig, HiTVideoGenerator, TextEncoder, written_levels
from hitvideo.generator.text import new_text_encoder

CAPTIONS = ["a red car drives to the left", "a big blue ball bounces in a meadow", "a cat"]
SIZE = (16, 32, 48)


def tiny_config(**settings: object) -> GeneratorConfig:
    llama = {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
    }
    frames, height, width = SIZE
    size = {"frames": frames, "height": height, "width": width}
    base = {"text_width": 256, "head_width": 32, **size}
    return GeneratorConfig(levels=written_levels(TINY, 3), llama=llama, **{**base, **settings})


@pytest.fixture(scope="session")
def text() -> TextEncoder:
    torch.manual_seed(0)
    return new_text_encoder(CAPTIONS, 200).eval()


@pytest.fixture(scope="session")
def generator() -> HiTVideoGenerator:
    model = HiTVideoGenerator(tiny_config()).eval()
    randomize(model, 1)
    return model


@pytest.fixture(scope="session")
def read(text: TextEncoder) -> tuple[torch.Tensor, torch.Tensor]:
    """Embeddings and mask of three captions of different lengths."""
    with torch.no_grad():
        return text.encode(CAPTIONS)
