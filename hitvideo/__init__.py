"""HiTVideo: hierarchical video tokens, and the models that read and write them."""

from typing import TYPE_CHECKING, Any

from hitvideo.cores import share_cores

if TYPE_CHECKING:
    from hitvideo.pipeline import HiTVideoPipeline
    from hitvideo.tokenizer import HiTVideoTokenizer

__version__ = "0.1.0"
__all__ = ["HiTVideoPipeline", "HiTVideoTokenizer"]


share_cores()  # before anything of ours loads torch


def __getattr__(name: str) -> Any:
    """Imports torch only when one of the models is asked for."""
    if name == "HiTVideoPipeline":
        from hitvideo.pipeline import HiTVideoPipeline

        return HiTVideoPipeline
    if name == "HiTVideoTokenizer":
        from hitvideo.tokenizer import HiTVideoTokenizer

        return HiTVideoTokenizer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
