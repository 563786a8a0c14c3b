import pytest
import torch
from tiny_generator import CAPTIONS, tiny_generator, tiny_text

from hitvideo.generator import HiTVideoGenerator


@pytest.fixture(scope="session")
def generator() -> HiTVideoGenerator:
    return tiny_generator()


@pytest.fixture(scope="session")
def read() -> tuple[torch.Tensor, torch.Tensor]:
    """Embeddings and mask of three captions of different lengths."""
    with torch.no_grad():
        return tiny_text().encode(CAPTIONS)
