"""What can be asked of the generator, and every check of what a person typed.

Plain data: knows nothing of models, devices or browsers.
"""

from __future__ import annotations

import math
import secrets
import unicodedata
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from hitvideo.errors import HiTVideoError

if TYPE_CHECKING:
    from hitvideo.generator import GeneratorConfig

PICTURES = ("vivid", "faithful")
MAX_PROMPT = 500  # characters
MAX_SEED = 2**32 - 1
MAX_GUIDANCE = 30.0
MAX_TEMPERATURE = 10.0
MAX_TOKENS = 1 << 15  # of one clip

Size = tuple[int, int, int]


@dataclass(frozen=True)
class GenerateRequest:
    """Settings of one clip, checked and complete; `check_request` makes it.

    guidance: scale of classifier-free guidance; 1 is none, 0 ignores the prompt.
    temperature: 0 always takes the likeliest value. top_k: 0 is no limit; top_p: 1 is none. All of
        them act on one digit of a code at a time, which has at most 8 values in the shipped model.
    levels: how many the language model writes; finer ones are left to the decoder.
    mode: what one step writes, "token" (or a patch of four) or "frame" (a latent frame of a level);
        "mixed" writes level 1 by tokens and finer ones by frames.
    size: frames, height and width in pixels.
    picture: "vivid" is painted from plan, words and tokens; "faithful" is decoded from tokens
        alone, which is all that there is without a painter.
    """

    prompt: str
    seed: int
    guidance: float
    temperature: float
    top_k: int
    top_p: float
    levels: int
    mode: str
    size: Size
    picture: str

    def settings(self) -> dict[str, Any]:
        """Everything but the prompt, for JSON and file metadata."""
        return {key: value for key, value in asdict(self).items() if key != "prompt"}


def check_request(
    config: GeneratorConfig,
    prompt: str,
    seed: int | None = None,
    guidance: float | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
    levels: int | None = None,
    mode: str | None = None,
    size: Size | None = None,
    picture: str | None = None,
    painted: bool = False,
) -> GenerateRequest:
    """The request with the model's own settings for what is None, and a seed by chance for that.

    painted: whether there is a painter. Raises HiTVideoError, in one sentence, for whatever cannot
    be done.
    """
    from hitvideo.generator.config import MODES

    temperature = config.sampling_temperature if temperature is None else temperature
    request = GenerateRequest(
        prompt=check_prompt(prompt),
        seed=secrets.randbelow(MAX_SEED + 1) if seed is None else _whole("seed", seed),
        guidance=_number("guidance", config.guidance if guidance is None else guidance),
        temperature=_number("temperature", temperature),
        top_k=0 if top_k is None else _whole("top-k", top_k),
        top_p=1.0 if top_p is None else _number("top-p", top_p),
        levels=len(config.levels) if levels is None else _whole("number of levels", levels),
        mode=config.mode if mode is None else mode,
        size=_size(size or (config.frames, config.height, config.width)),
        picture=("vivid" if painted else "faithful") if picture is None else picture,
    )
    _within("seed", request.seed, 0, MAX_SEED)
    _within("guidance", request.guidance, 0, MAX_GUIDANCE)
    _within("temperature", request.temperature, 0, MAX_TEMPERATURE)
    _within("number of levels", request.levels, 1, len(config.levels))
    if request.top_k < 0:
        raise HiTVideoError(f"The top-k must be zero (no limit) or more, not {request.top_k}.")
    if not 0 < request.top_p <= 1:
        raise HiTVideoError(f"The top-p must be above 0 and at most 1, not {request.top_p:g}.")
    if request.mode not in MODES:
        raise HiTVideoError(f"The mode is one of {', '.join(MODES)}, not {request.mode}.")
    if request.picture not in PICTURES:
        raise HiTVideoError(f"The picture is vivid or faithful, not {request.picture}.")
    if request.picture == "vivid" and not painted:
        raise HiTVideoError("These weights hold no painter; ask for the faithful picture.")
    tokens = sum(
        math.prod(-(-n // s) for n, s in zip(request.size, stride, strict=True))
        for stride in config.strides[: request.levels]
    )
    if max(tokens, request.size[0]) > MAX_TOKENS:  # a plan has as many steps as a clip has frames
        raise HiTVideoError(
            f"A clip of {_shape(request.size)} is too large; the model writes "
            f"{_shape((config.frames, config.height, config.width))} best."
        )
    return request


def check_prompt(prompt: str) -> str:
    """The prompt without superfluous spaces; raises HiTVideoError unless it is usable text.

    Any script and emoji are text, and so is HTML; only the model may not know them.
    """
    if not isinstance(prompt, str):
        raise HiTVideoError("The prompt must be text.")
    if len(prompt) > MAX_PROMPT:
        raise HiTVideoError(
            f"The prompt has {len(prompt)} characters; please use {MAX_PROMPT} at most."
        )
    text = " ".join(prompt.split())
    kinds = {unicodedata.category(character) for character in text}
    if kinds & {"Cc", "Cs"}:
        raise HiTVideoError("The prompt contains control characters; please use plain text.")
    if not any(kind[0] in "LNS" for kind in kinds):  # letters, numbers and symbols
        raise HiTVideoError("Please write a prompt that says what the clip should show.")
    return text


def _number(name: str, value: float) -> float:
    """A finite number; yes and no are none, though Python counts with them."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise HiTVideoError(f"The {name} must be a number, not {value!r:.40}.") from error
    if not math.isfinite(number):
        raise HiTVideoError(f"The {name} must be a finite number, not {number}.")
    return number


def _whole(name: str, value: float) -> int:
    number = _number(name, value)
    if isinstance(value, int):
        return value
    if not number.is_integer():
        raise HiTVideoError(f"The {name} must be a whole number, not {number:g}.")
    return int(number)


def _within(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise HiTVideoError(f"The {name} must be between {least:g} and {most:.10g}, not {value}.")


def _size(size: Size) -> Size:
    try:
        frames, height, width = (_whole("size", n) for n in size)
    except (TypeError, ValueError) as error:
        raise HiTVideoError("The size is three numbers: frames, height and width.") from error
    if min(frames, height, width) < 1:
        raise HiTVideoError(f"A clip needs at least one frame of one pixel, not {size}.")
    return frames, height, width


def _shape(size: Size) -> str:
    return f"{size[0]} frames of {size[2]}x{size[1]} pixels"
