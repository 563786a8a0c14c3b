"""What a painter is made of, as plain data. Knows nothing of tensors or weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hitvideo.errors import HiTVideoError


@dataclass(frozen=True)
class PainterConfig:
    """Settings of `HiTVideoPainter`.

    name_width: of the generator's names of things. style: numbers that a name and a pose become.
    cel_widths: channels of the cel network at 8x8, 16x16 and 32x32 places of a thing.
    backdrop_widths: channels of the backdrop network at 8 and 16 pixels.
    tokenizer_hash, names_hash: of the tokenizer, and of the part of the generator that reads names,
        with which it was trained; empty for any.
    """

    name_width: int = 256
    style: int = 160
    cel_widths: tuple[int, int, int] = (128, 64, 40)
    backdrop_widths: tuple[int, int] = (96, 128)
    tokenizer_hash: str = ""
    names_hash: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PainterConfig:
        """The inverse of ``to_dict``; raises HiTVideoError for anything that does not fit."""
        try:
            settings: dict[str, Any] = {
                k: tuple(v) if isinstance(v, list) else v for k, v in data.items()
            }
            return cls(**settings)
        except TypeError as error:
            raise HiTVideoError(f"The painter's config.json does not fit: {error}.") from error
