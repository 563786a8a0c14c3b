"""Video to levels and back, and text to video: what app, command line and evaluation all call.

Knows nothing of files, browsers or training.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from hitvideo.devices import resolve_device
from hitvideo.errors import HiTVideoError
from hitvideo.frames import video_to_frames
from hitvideo.pipeline.draft import Draft, draw_up
from hitvideo.pipeline.reconstruct import ReconstructStep, reconstruct
from hitvideo.pipeline.request import GenerateRequest, check_request
from hitvideo.pipeline.result import GeneratedVideo, GenerateStep
from hitvideo.pipeline.weights import DEFAULT_WEIGHTS, find_weights
from hitvideo.pipeline.words import unknown_words
from hitvideo.plan.tracks import THINGS, unknown
from hitvideo.tokenizer import (
    HiTVideoTokenizer,
    VideoCodes,
    fingerprint,
    ladder_fingerprint,
)

if TYPE_CHECKING:  # transformers takes seconds to import, which reconstructing need not wait for
    from hitvideo.bitstream import TokenCoder, TokenFile
    from hitvideo.generator import HiTVideoGenerator, TextEncoder
    from hitvideo.generator.fast.quantization import Quantize
    from hitvideo.generator.generate import Written
    from hitvideo.painter.model import HiTVideoPainter


class HiTVideoPipeline:
    """The shipped models in one object; any number of threads may use it at once."""

    def __init__(
        self,
        tokenizer: HiTVideoTokenizer,
        generator: HiTVideoGenerator | None = None,
        text: TextEncoder | None = None,
        planner: HiTVideoGenerator | None = None,
        coder: TokenCoder | None = None,
        painter: HiTVideoPainter | None = None,
    ) -> None:
        """coder: writes and reads token files; without one they hold plain packed bits."""
        from hitvideo.bitstream import TokenCoder

        self.tokenizer = tokenizer.eval()
        self.coder = coder or TokenCoder.packed(tokenizer)
        self.generator, self.text, self.planner = generator, text, planner
        self.painter = painter
        self._reading = threading.Lock()  # the tokenizers library is not made for two at once
        if generator and generator.config.tokenizer_hash != ladder_fingerprint(tokenizer):
            raise HiTVideoError("The generator was trained for another version of the tokenizer.")
        if painter is not None:
            names = fingerprint(generator.names) if generator and generator.names else None
            _check_tie(painter.config.tokenizer_hash, ladder_fingerprint(tokenizer), "tokenizer")
            _check_tie(painter.config.names_hash, names, "generator")

    @property
    def device(self) -> torch.device:
        return self.tokenizer.device

    @property
    def quantization(self) -> str | None:
        """How the generator's layers are stored: "int8", "nf4" or None."""
        return getattr(self.generator, "quantization", None)

    @property
    def fps(self) -> float:
        """Frames per second of generated clips."""
        return self.generator.config.fps if self.generator else 0.0

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path = DEFAULT_WEIGHTS,
        device: str = "auto",
        quantize: Quantize = "auto",
    ) -> HiTVideoPipeline:
        """Loads ``folder/tokenizer``, and the entropy tables and the generator if they are there.

        The painter is one of these; without it clips are shown as they are decoded.

        device: a torch device such as "cpu" or "cuda:1"; "auto" is a GPU where there is one.
        quantize: of the generator, "auto" (what measured best on this kind of device), "int8",
            "nf4", or None, which "none" stands for, too.
        Raises HiTVideoError where the weights or the device are missing or unfit.
        """
        from hitvideo.bitstream import TokenCoder

        folder = find_weights(folder)
        chosen = resolve_device(device)
        tokenizer = HiTVideoTokenizer.from_pretrained(folder / "tokenizer", chosen)
        coder = TokenCoder.from_pretrained(folder, tokenizer)
        if not (folder / "generator").is_dir():
            return cls(tokenizer, coder=coder)
        from hitvideo.generator.storage import load_generator

        models = load_generator(folder, chosen, quantize)
        painter = None
        if (folder / "painter").is_dir():
            from hitvideo.painter.model import HiTVideoPainter

            painter = HiTVideoPainter.from_pretrained(folder / "painter", chosen)
        return cls(tokenizer, *models, coder, painter)

    def __call__(
        self, prompt: str | GenerateRequest, seed: int | None = None, **options: Any
    ) -> GeneratedVideo:
        """One clip from text. See `stream` for the options."""
        request = self.request(prompt, seed, **options)
        draft, steps = self._write([request])
        *_, written = steps
        return self._decode([request], written, draft)[0]

    def stream(
        self, prompt: str | GenerateRequest, seed: int | None = None, **options: Any
    ) -> Iterator[GenerateStep]:
        """Yields after every step of the decode loop, with a decoded clip after each level.

        prompt: or what `request` has made of one, which is everything then.
        seed: 0 to 2**32 - 1; None takes one by chance. The same prompt, seed, options, weights and
            quantization give the same tokens every time on one machine.
        options: guidance, temperature, top_k, top_p, levels, mode, size, picture as in
            `GenerateRequest`; None, or left out, is the model's own setting.
        The last step's result equals the plain call's. Closing the iterator stops within one step.
        Raises HiTVideoError at once for what cannot be done.
        """
        request = self.request(prompt, seed, **options)
        return self._stream(request)

    def generate_batch(
        self, prompts: Sequence[str], seeds: Sequence[int], **options: Any
    ) -> list[GeneratedVideo]:
        """One clip per prompt and seed, written together.

        options: as in `stream`, the same for all. A clip's tokens are those of a call of its own,
        but for sums that a larger batch rounds differently.
        """
        if not prompts or len(prompts) != len(seeds):
            raise HiTVideoError("A batch needs at least one prompt, and a seed for each.")
        requests = [self.request(p, s, **options) for p, s in zip(prompts, seeds, strict=True)]
        draft, steps = self._write(requests)
        *_, written = steps
        return self._decode(requests, written, draft)

    def request(
        self, prompt: str | GenerateRequest, seed: int | None = None, **options: Any
    ) -> GenerateRequest:
        """The settings that a call with these arguments uses; raises HiTVideoError if it cannot.

        A request is one already.
        """
        if isinstance(prompt, GenerateRequest):
            return prompt
        if self.generator is None:
            raise HiTVideoError("These weights hold no generator, so no text can become a video.")
        painted = self.painter is not None
        return check_request(self.generator.config, prompt, seed, painted=painted, **options)

    @property
    def known_words(self) -> frozenset[str]:
        """The words of all captions that the generator was trained on; empty if not recorded."""
        return self.text.words if self.text else frozenset()

    def unknown_words(self, prompt: str) -> list[str]:
        """Words of the prompt that the generator never saw in training."""
        return unknown_words(prompt, self.known_words)

    def unread(self, prompt: str) -> str:
        """The end of a prompt that is too long to be read; empty if all of it is."""
        if self.text is None:
            return ""
        with self._reading:
            return self.text.unread(prompt)

    def words_read(self, prompt: str, weights: Sequence[float]) -> str:
        """The words that this much attention to a prompt's embeddings means."""
        assert self.text is not None
        with self._reading:
            return self.text.words_read(prompt, weights)

    def read(self, prompts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Text embeddings ``(B, L, width)`` and mask ``(B, L)``; there must be a generator."""
        assert self.text is not None
        with self._reading, torch.inference_mode():
            return self.text.encode(prompts)

    def _stream(self, request: GenerateRequest) -> Iterator[GenerateStep]:
        begun = time.perf_counter()
        draft, steps = self._write([request])
        prepared = time.perf_counter() - begun
        for written in steps:
            result = None if written.codes is None else self._decode([request], written, draft)[0]
            message = f"Writing level {written.writing} of {request.levels}"
            if result:
                message = f"Level {written.writing} of {request.levels} is ready"
            yield GenerateStep(
                progress=written.step / written.steps,
                message=message,
                tokens=written.tokens,
                total_tokens=written.total,
                steps=written.step,
                total_steps=written.steps,
                seconds=prepared + written.seconds,
                result=result,
                plan=draft.plans[0] if draft.plans else None,
            )

    def _write(self, requests: list[GenerateRequest]) -> tuple[Draft, Iterator[Written]]:
        """The decode loop for requests that differ in nothing but prompt and seed."""
        from hitvideo.generator.generate import write
        from hitvideo.generator.sampling import Sampling

        assert self.generator is not None and self.text is not None
        text, mask = self.read([request.prompt for request in requests])
        first = requests[0]
        draft = draw_up(self, requests, text, mask)
        return draft, write(
            self.generator,
            text,
            mask,
            [request.seed for request in requests],
            Sampling(first.guidance, first.temperature, first.top_k, first.top_p),
            first.mode,
            first.levels,
            first.size,
            draft.tracks,
        )

    def _decode(
        self, requests: Sequence[GenerateRequest], written: Written, draft: Draft
    ) -> list[GeneratedVideo]:
        codes = self._codes(requests[0], written)
        decoded = self.tokenizer.decode(codes)
        shown = self._show(requests[0], decoded, draft)
        clips = []
        for k, request in enumerate(requests):
            one = slice(k, k + 1)
            faithful = video_to_frames(decoded[one])
            video = faithful if shown is decoded else video_to_frames(shown[one])
            own = replace(codes, levels=tuple(level[one] for level in codes.levels))
            plan = draft.plans[k] if draft.plans else None
            clips.append(
                GeneratedVideo(video, faithful, own, self.fps, written.writing, request, plan)
            )
        return clips

    def _show(self, request: GenerateRequest, video: Tensor, draft: Draft) -> Tensor:
        """Decoded clips ``(B, 3, T, H, W)`` as the request wants to see them."""
        if self.painter is None or request.picture == "faithful":
            return video
        tracks, names = draft.tracks, draft.names
        if tracks is None:
            tracks = unknown(request.size[0]).expand(len(video), -1, -1, -1, -1)
        if names is None:
            names = video.new_zeros(len(video), THINGS, self.painter.config.name_width)
        return self.painter.paint(video, tracks, names, self.fps)

    def _codes(self, request: GenerateRequest, written: Written) -> VideoCodes:
        assert self.generator is not None and written.codes is not None
        levels = self.generator.order(request.size).revert(written.codes)
        return VideoCodes(levels, *request.size)

    def write_tokens(self, codes: VideoCodes, fps: float) -> bytes:
        """The token file (.hitv) of one clip; raises HiTVideoError for what does not fit."""
        return self.coder.dumps(codes, fps)

    def read_tokens(self, data: bytes) -> TokenFile:
        """What a token file holds, as far as it goes; its codes are for `tokenizer.decode`.

        Raises HiTVideoError for anything that is not a sound token file of these weights.
        """
        return self.coder.loads(data)

    def reconstruct(self, frames: np.ndarray) -> Iterator[ReconstructStep]:
        """Encodes a clip and decodes it to every depth, coarse first.

        frames: uint8 RGB ``(T, H, W, 3)``, any length and size of at least one.
        Yields after every group of 8 frames, so closing the generator stops the work there; one
        step per level carries its result. Beyond the frames given and returned, memory does not
        grow with the length.
        """
        return reconstruct(self.tokenizer, frames)


def _check_tie(wanted: str, found: str | None, name: str) -> None:
    if wanted and found != wanted:
        raise HiTVideoError(f"The painter was trained for another version of the {name}.")
