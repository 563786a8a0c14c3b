"""The hierarchical 3D causal tokenizer: video to codes per level, and back at any depth."""

from hitvideo.tokenizer.codes import VideoCodes
from hitvideo.tokenizer.config import LevelConfig, TokenizerConfig
from hitvideo.tokenizer.model import HiTVideoTokenizer
from hitvideo.tokenizer.storage import fingerprint
from hitvideo.tokenizer.streaming import StreamDecoder, StreamEncoder, decode_stream

__all__ = [
    "HiTVideoTokenizer",
    "LevelConfig",
    "StreamDecoder",
    "StreamEncoder",
    "TokenizerConfig",
    "VideoCodes",
    "decode_stream",
    "fingerprint",
]
