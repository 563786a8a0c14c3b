"""The judge: a small classifier that reads what a Toon clip shows off its pixels.

Says of the main actor its subject, colour and motion, and of the clip its backdrop. It is trained
on rendered clips only (``hitvideo.training.judge``) and frozen. Knows nothing of tokens, captions
or generators.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.errors import HiTVideoError
from hitvideo.frames import check_video
from hitvideo.tokenizer.storage import load_config, load_weights, save_model
from hitvideo.toon import ATTRIBUTES

FRAMES = 16  # spread evenly over the clip: two a second in one of 8 seconds
SIDE = 64  # pixels
GAZES = 4  # places looked at in every frame


class Judge(nn.Module):
    """Convolutions per frame that hand some channels to the frames beside, then looks at places.

    Every gaze is a map of weights per frame. What it sees over the whole clip tells subject and
    colour; where it is, how spread and what it sees from frame to frame tells the motion.

    width: channels at 16x16; twice as many at 8x8. toon: the hash of the Toon validation frames
    that it was trained beside (``validation_hash``), to tell whether Toon has changed since. seeds:
    of the Toon scenes that it was trained on; empty if that is not known.
    """

    places: Tensor  # (64, 4): x, y and their squares at every place of the 8x8 map, in -1 to 1

    def __init__(self, width: int = 48, toon: str = "", seeds: range = range(0)) -> None:
        super().__init__()
        self.width, self.toon, self.seeds = width, toon, seeds
        wide = 2 * width
        self.stem = nn.Sequential(
            nn.PixelUnshuffle(2),
            _conv(12, width, stride=2),
            _conv(width, width),
            _conv(width, wide, stride=2),
        )
        self.blocks = nn.ModuleList(_Shifted(wide) for _ in range(3))
        self.gaze = nn.Conv2d(wide, GAZES, 1)
        self.glance = nn.Sequential(nn.Linear(GAZES * wide, wide), nn.ReLU(inplace=True))
        self.course = nn.Sequential(
            _conv1d(wide + 6 * GAZES, wide, 1), _conv1d(wide, wide, 2), _conv1d(wide, wide, 4)
        )
        seen = (GAZES + 1) * wide
        inputs = {"subject": seen, "colour": seen, "motion": 2 * wide, "backdrop": seen}
        self.heads = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Dropout(0.1), nn.Linear(inputs[name], len(words)))
                for name, words in ATTRIBUTES.items()
            }
        )
        line = (torch.arange(SIDE // 8) + 0.5) * 16 / SIDE - 1
        y, x = torch.meshgrid(line, line, indexing="ij")
        places = torch.stack([x, y, x * x, y * y], -1).flatten(0, 1)
        self.register_buffer("places", places, persistent=False)

    def forward(self, video: Tensor) -> dict[str, Tensor]:
        """Logits ``(B, words)`` of every attribute for what ``prepare`` returns."""
        batch, frames = video.shape[:2]
        x = self.stem(video.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        for block in self.blocks:
            x = block(x, frames)
        weights = self.gaze(x).float().view(batch, frames, GAZES, -1)
        x = x.flatten(2).transpose(1, 2).reshape(batch, frames, -1, x.shape[1])  # (B, T, 64, C)

        whole = weights.transpose(1, 2).flatten(2).softmax(-1).to(x.dtype)
        gazed = whole @ x.flatten(1, 2)
        seen = torch.cat([gazed.flatten(1), x.mean((1, 2))], 1)

        each = weights.softmax(-1)
        where = each @ self.places  # (B, T, GAZES, 4)
        centre, spread = where[..., :2], where[..., 2:] - where[..., :2] ** 2
        certain = torch.stack([weights.logsumexp(-1), weights.amax(-1)], -1) / 4
        glance = self.glance((each.to(x.dtype) @ x).flatten(2))
        course = torch.cat([centre, spread, certain], -1).flatten(2).to(glance.dtype)
        steps = self.course(torch.cat([glance, course], 2).transpose(1, 2))
        went = torch.cat([steps.mean(2), steps.amax(2)], 1)
        return {
            name: head(went if name == "motion" else seen).float()
            for name, head in self.heads.items()
        }

    @torch.no_grad()
    def read(self, video: Tensor) -> list[dict[str, str]]:
        """The words seen in each clip of ``(B, 3, T, H, W)``, uint8 or floats in [-1, 1]."""
        logits = self(prepare(video).to(self.places.device))
        best = {name: values.argmax(1).tolist() for name, values in logits.items()}
        return [
            {name: ATTRIBUTES[name][best[name][index]] for name in ATTRIBUTES}
            for index in range(len(video))
        ]

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes ``config.json`` and the weights in half precision."""
        config: dict[str, Any] = {
            "width": self.width,
            "toon": self.toon,
            "seeds": [self.seeds.start, self.seeds.stop],
            "words": ATTRIBUTES,
        }
        save_model(self, config, Path(folder), torch.float16)

    @classmethod
    def from_pretrained(cls, folder: str | Path, device: str | torch.device = "cpu") -> Judge:
        """Reads what ``save_pretrained`` wrote; raises HiTVideoError if it does not fit."""
        config = load_config(Path(folder))
        if not _same_words(config.get("words")):
            raise HiTVideoError(f"The judge in {folder} was trained on other Toon words.")
        try:
            seeds = range(*config.get("seeds", (0, 0)))
            model = cls(config["width"], config["toon"], seeds)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise HiTVideoError(f"The config.json in {folder} is not a judge's.") from error
        load_weights(model, Path(folder))
        return model.to(device).eval().requires_grad_(False)


def prepare(video: Tensor) -> Tensor:
    """Clips ``(B, 3, T, H, W)``, uint8 or floats in [-1, 1], as the judge sees them.

    16 frames spread evenly (of 64: every fourth, the first included), resized to 64x64: float32
    ``(B, 16, 3, 64, 64)`` in [-1, 1].
    """
    check_video(video)
    frames = torch.arange(FRAMES) * video.shape[2] // FRAMES
    video = video[:, :, frames.to(video.device)].transpose(1, 2)
    video = video / 127.5 - 1 if video.dtype == torch.uint8 else video.float()
    if video.shape[-2:] == (SIDE, SIDE):
        return video
    small = F.interpolate(video.flatten(0, 1), (SIDE, SIDE), mode="bilinear", antialias=True)
    return small.unflatten(0, video.shape[:2])


class _Shifted(nn.Module):
    """A residual block; an eighth of its channels comes from each of the frames beside.

    The temporal shift of TSM (arXiv 1811.08383): time is mixed at no cost.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.share = width // 8
        self.conv = _conv(width, width)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """``(B * frames, C, h, w)``, the same shape out."""
        clips = x.unflatten(0, (-1, frames))
        shifted = clips.clone()
        a, b = self.share, 2 * self.share
        shifted[:, 1:, :a] = clips[:, :-1, :a]
        shifted[:, :-1, a:b] = clips[:, 1:, a:b]
        return x + self.conv(shifted.flatten(0, 1))


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _conv1d(inputs: int, outputs: int, dilation: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, 3, padding=dilation, dilation=dilation, bias=False),
        nn.BatchNorm1d(outputs),
        nn.ReLU(inplace=True),
    )


def _same_words(words: Any) -> bool:
    expected = {name: list(values) for name, values in ATTRIBUTES.items()}
    return isinstance(words, Mapping) and dict(words) == expected
