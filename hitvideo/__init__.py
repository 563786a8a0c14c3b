"""HiTVideo: hierarchical video tokens, and the models that read and write them."""

__version__ = "0.1.0"
