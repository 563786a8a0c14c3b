"""Text to tokens: a T5 encoder, a Llama over the hierarchy of codes, and its decode loop.

Knows token ids and words; nothing of pixels.
"""

from hitvideo.generator.config import MODES, GeneratorConfig, written_levels
from hitvideo.generator.model import HiTVideoGenerator
from hitvideo.generator.order import TokenOrder
from hitvideo.generator.text import TextEncoder

__all__ = [
    "MODES",
    "GeneratorConfig",
    "HiTVideoGenerator",
    "TextEncoder",
    "TokenOrder",
    "written_levels",
]
