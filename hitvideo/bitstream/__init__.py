"""Token files (`.hitv`): codes to bytes and back, progressive, at their real size.

docs/format.md says what every byte means. Knows nothing of how videos are read or shown.
"""

from hitvideo.bitstream.coder import TokenCoder, TokenFile

__all__ = ["TokenCoder", "TokenFile"]
