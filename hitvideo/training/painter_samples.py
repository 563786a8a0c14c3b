"""What the painter learns from: stretches of Toon scenes as they are, and as few tokens show them.

A scene's stretch is rendered, encoded, decoded at some coarse depth, and kept with its plan, the
names of its things and their true poses. Knows nothing of networks that paint.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from torch import Tensor

from hitvideo.data.blocks import Draw
from hitvideo.errors import HiTVideoError
from hitvideo.painter.trajectory import POSE
from hitvideo.plan.codes import from_codes, to_codes
from hitvideo.plan.tracks import THINGS
from hitvideo.tokenizer import HiTVideoTokenizer, VideoCodes
from hitvideo.tokenizer.config import GROUP
from hitvideo.toon import Scene, caption, sample_scene, scene_plan
from hitvideo.toon.motion import pose
from hitvideo.toon.render import render_with_mask

FPS, FRAMES = 8.0, 64  # of a whole clip
STRETCH = 2 * GROUP  # frames of a sample: a group, and the one after it
DEPTHS = (1, 2, 2, 2, 2, 3)  # of the coarse videos
_CODED = 0.5  # share of plans that are told as their codes tell them
_FADED = 0.3  # most of a coarse video's tokens that are others than they should be


@dataclass(frozen=True)
class Samples:
    """n stretches of clips, or one without the leading axis.

    frames: uint8 ``(n, 3, STRETCH, H, W)``. coarse: the same from few tokens. mask: how far a
    pixel shows a thing, uint8 ``(n, 1, STRETCH, H, W)``. plan: of the whole clip, as it is or as
    its codes say it ``(n, t, MOMENTS, THINGS, 5)``. poses: the true ones of the whole clip
    ``(n, FRAMES, THINGS, POSE)``. names: ``(n, THINGS, name_width)``. seconds: of the things' own
    time at the stretch's frames ``(n, STRETCH, THINGS)``. start: the stretch's first group
    ``(n,)``.
    """

    frames: Tensor
    coarse: Tensor
    mask: Tensor
    plan: Tensor
    poses: Tensor
    names: Tensor
    seconds: Tensor
    start: Tensor

    @classmethod
    def stack(cls, samples: Sequence[Samples]) -> Samples:
        return cls(*(torch.stack([getattr(s, f.name) for s in samples]) for f in fields(cls)))


class Source:
    """Draws samples. folder: of weights that hold a tokenizer, a generator and its text encoder."""

    def __init__(self, folder: str | Path, size: int, device: torch.device) -> None:
        from hitvideo.generator.storage import load_generator

        self.size, self.device = size, device
        self.tokenizer = HiTVideoTokenizer.from_pretrained(Path(folder) / "tokenizer", device)
        generator, self.text, _ = load_generator(folder, device, None)
        if generator.names is None:
            raise HiTVideoError(f"The generator in {folder} has no names for things to paint.")
        self.names = generator.names

    @torch.no_grad()
    def draw(self, seeds: Sequence[int], exact: bool = False) -> list[Samples]:
        """Samples of these scenes. exact: at depth 2, with the tokens as they are, and
        the plan as its codes say it."""
        drawn = []
        names = self._names(seeds)
        for seed, name in zip(seeds, names, strict=True):
            rng = random.Random(f"painter {seed}")
            scene = sample_scene(seed)
            start = rng.randrange(FRAMES // GROUP - 1)
            frames, mask = render_with_mask(
                scene, STRETCH, self.size, self.size, FPS, self.device, start * GROUP
            )
            coarse = self._coarse(frames, rng, exact)
            seconds = torch.zeros(STRETCH, THINGS)
            for thing, actor in enumerate(scene.subjects[:THINGS]):
                times = torch.arange(start * GROUP, start * GROUP + STRETCH) / FPS
                seconds[:, thing] = times + 3 * actor.phase
            size = FRAMES, self.size, self.size
            plan = scene_plan(scene, *size, FPS)
            if exact or rng.random() < _CODED:
                plan = from_codes(to_codes(plan))
            poses = true_poses(scene, FRAMES, self.size, self.size)
            drawn.append(
                Samples(
                    frames.permute(3, 0, 1, 2),
                    coarse,
                    mask.unsqueeze(0),
                    plan,
                    poses,
                    name,
                    seconds,
                    torch.tensor(start),
                )
            )
        return drawn

    def _names(self, seeds: Sequence[int]) -> Tensor:
        captions = [caption(sample_scene(seed), seed) for seed in seeds]
        text, mask = self.text.encode(captions)
        return self.names(text, mask.bool()).float()

    def _coarse(self, frames: Tensor, rng: random.Random, exact: bool) -> Tensor:
        """uint8 ``(3, STRETCH, H, W)``."""
        depth = 2 if exact else rng.choice(DEPTHS)
        video = frames.permute(3, 0, 1, 2)[None].float() / 127.5 - 1
        codes = self.tokenizer.encode(video, depth)
        if not exact and rng.random() < 0.5:
            share = rng.uniform(0, _FADED)
            generator = torch.Generator().manual_seed(rng.getrandbits(32))
            levels = [
                _faded(level, config.steps, share, generator)
                for level, config in zip(codes.levels, self.tokenizer.config.levels, strict=False)
            ]
            codes = VideoCodes(tuple(levels), codes.frames, codes.height, codes.width)
        decoded = self.tokenizer.decode(codes)[0]
        return ((decoded + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def _faded(codes: Tensor, steps: Sequence[int], share: float, generator: torch.Generator) -> Tensor:
    """Codes of which a share of the digits is one step off, as a language model's draws may be."""
    result, base = torch.zeros_like(codes), 1
    for count in steps:
        digit = codes % count
        codes = codes // count
        hit = torch.rand(digit.shape, generator=generator) < share
        up = torch.rand(digit.shape, generator=generator) < 0.5
        moved = (digit + torch.where(up, 1, -1).to(digit.device)).clamp(0, count - 1)
        result = result + torch.where(hit.to(digit.device), moved, digit) * base
        base *= count
    return result


def true_poses(scene: Scene, frames: int, height: int, width: int) -> Tensor:
    """Where the scene's things really are ``(frames, THINGS, POSE)``, see `Trajectory.forward`."""
    side = min(height, width)
    half_w, half_h = width / side, height / side
    times = torch.arange(frames) / FPS
    poses = torch.zeros(frames, THINGS, POSE)
    for thing, actor in enumerate(scene.subjects[:THINGS]):
        p = pose(actor, times, half_w, half_h)
        numbers = [p.facing, p.x / half_w, p.y / half_h, p.scale, p.angle, p.wide, p.tall]
        poses[:, thing] = torch.stack([n.expand_as(times) for n in numbers], -1)
    return poses


def source_of(folder: str, size: int) -> Draw[Samples]:
    """What draws samples in a process of its own, for `Blocks`."""
    return Source(folder, size, torch.device("cpu")).draw
