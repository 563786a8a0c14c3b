"""Named configurations of the generator: the shipped one, and one of the paper's size.

Of the paper come the Llama-3B shape, Flan-T5-XL, 64 frames at 8 fps and the guidance scale of its
demo files. Everything else, the levels first of all, is ours.
"""

from __future__ import annotations

from typing import Any

from hitvideo.generator.config import GeneratorConfig, written_levels
from hitvideo.plan.codes import STEPS
from hitvideo.plan.tracks import MOMENTS, THINGS
from hitvideo.tokenizer import TokenizerConfig
from hitvideo.tokenizer.config import GROUP

# The shipped model: small enough to be trained, and to run, on two processor cores.
MINI_LLAMA = {
    "hidden_size": 256,
    "intermediate_size": 704,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "head_dim": 64,
}
MINI_HEAD = 192  # width of its digit head

PAPER_LLAMA = {
    "hidden_size": 3072,
    "intermediate_size": 8192,
    "num_hidden_layers": 28,
    "num_attention_heads": 24,
    "num_key_value_heads": 8,
    "head_dim": 128,
}


def mini(tokenizer: TokenizerConfig, levels: int = 2, **settings: Any) -> GeneratorConfig:
    """What `train-generator` builds. settings: any other of `GeneratorConfig`'s."""
    return GeneratorConfig(
        levels=written_levels(tokenizer, levels), llama=MINI_LLAMA, head_width=MINI_HEAD, **settings
    )


def paper(tokenizer: TokenizerConfig, levels: int = 3) -> GeneratorConfig:
    """Of the paper's size; never trained."""
    return GeneratorConfig(
        levels=written_levels(tokenizer, levels),
        llama=PAPER_LLAMA,
        text_width=2048,
        text_encoder="google/flan-t5-xl",
        head_width=1024,
        frames=64,
        height=256,
        width=256,
        fps=8.0,
        guidance=7.5,
    )


def planner(text_width: int, frames: int) -> GeneratorConfig:
    """The model that writes plans: as if things at a moment were a row of a small video.

    Which of two things does what is a matter of word order, so it is told that.
    """
    llama = {
        "hidden_size": 128,
        "intermediate_size": 352,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "head_dim": 64,
    }
    return GeneratorConfig(
        levels=[{"stride": [GROUP, 1, 1], "steps": list(STEPS), "patch": 1}],
        llama=llama,
        text_width=text_width,
        text_places=64,
        head_width=96,
        frames=frames,
        height=MOMENTS,
        width=THINGS,
        guidance=1.0,
    )
