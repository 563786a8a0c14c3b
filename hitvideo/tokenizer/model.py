"""The hierarchical causal video tokenizer: whole clips to codes and back, kept in a folder.

Knows nothing of text, files of video or losses.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from hitvideo.tokenizer.codes import VideoCodes
from hitvideo.tokenizer.config import TokenizerConfig
from hitvideo.tokenizer.group import GroupTokenizer
from hitvideo.tokenizer.storage import load_config, load_weights, save_model
from hitvideo.tokenizer.streaming import StreamEncoder, decode_stream


class HiTVideoTokenizer(GroupTokenizer):
    """Video ``(B, 3, T, H, W)`` in [-1, 1] to a hierarchy of codes, and back at any depth."""

    @torch.no_grad()
    def encode(self, video: Tensor, depth: int | None = None) -> VideoCodes:
        """Tokens of ``(B, 3, T, H, W)`` in [-1, 1], any T, H, W of at least 1.

        Sizes are padded at the bottom and right, time at the end, by repetition. depth: how many
        levels to write (None: all); fewer take less time and give the same codes.
        """
        encoder = StreamEncoder(self, depth)
        parts = [*encoder.push(video), *encoder.flush()]
        levels = tuple(torch.cat(parts_k, 1) for parts_k in zip(*parts, strict=True))
        return VideoCodes(levels, video.shape[2], video.shape[3], video.shape[4])

    @torch.no_grad()
    def decode(self, codes: VideoCodes, depth: int | None = None) -> Tensor:
        """The clip ``(B, 3, T, H, W)`` in [-1, 1] from its first ``depth`` levels (None: all)."""
        return torch.cat(list(decode_stream(self, codes, depth)), 2)

    def save_pretrained(self, folder: str | Path, dtype: torch.dtype = torch.float32) -> None:
        """Writes ``config.json`` and safetensors shards (floats stored as ``dtype``)."""
        save_model(self, self.config.to_dict(), Path(folder), dtype)

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, device: str | torch.device = "cpu"
    ) -> HiTVideoTokenizer:
        """Reads what ``save_pretrained`` wrote; raises HiTVideoError if it does not fit."""
        model = cls(TokenizerConfig.from_dict(load_config(Path(folder))))
        load_weights(model, Path(folder))
        return model.to(device).eval()
