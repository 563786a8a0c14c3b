"""Token files (`.hitv`): codes to bytes and back, progressive, at their real size.

docs/format.md says what every byte means. Knows nothing of how videos are read or shown.
"""

from hitvideo.bitstream.coder import TokenCoder, TokenFile
from hitvideo.bitstream.decode import decode_video
from hitvideo.bitstream.encode import EncodeReport, encode_video
from hitvideo.bitstream.files import TokenReader

__all__ = [
    "EncodeReport",
    "TokenCoder",
    "TokenFile",
    "TokenReader",
    "decode_video",
    "encode_video",
]
