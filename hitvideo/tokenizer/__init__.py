"""The hierarchical 3D causal tokenizer: video to codes per level, and back at any depth."""

from hitvideo.tokenizer.codes import VideoCodes
from hitvideo.tokenizer.config import DetailConfig, LevelConfig, TokenGrid, TokenizerConfig
from hitvideo.tokenizer.model import HiTVideoTokenizer
from hitvideo.tokenizer.storage import fingerprint, ladder_fingerprint
from hitvideo.tokenizer.streaming import StreamDecoder, StreamEncoder, decode_stream

__all__ = [
    "DetailConfig",
    "HiTVideoTokenizer",
    "LevelConfig",
    "StreamDecoder",
    "StreamEncoder",
    "TokenGrid",
    "TokenizerConfig",
    "VideoCodes",
    "decode_stream",
    "fingerprint",
    "ladder_fingerprint",
]
