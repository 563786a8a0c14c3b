"""The painter: plan, names and coarse video to the picture that generated clips are shown in.

A semantic level above the coarsest (the plan says where things are, the prompt's words what they
are) and a last stage that inks and paints, as in cel animation. Works on groups of 8 frames with
explicit state, as the tokenizer does. Knows nothing of tokens, prompts or files.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitvideo.painter.backdrop import MULTIPLE, Backdrop, State
from hitvideo.painter.cels import VIEW, Cels, Style, clock
from hitvideo.painter.config import PainterConfig
from hitvideo.painter.geometry import frame_to_sheet, lay, look, sheet_to_frame
from hitvideo.painter.trajectory import Trajectory
from hitvideo.plan.tracks import THINGS
from hitvideo.tokenizer.config import GROUP
from hitvideo.tokenizer.storage import load_config, load_weights, save_model


class Picture(NamedTuple):
    """A painted group.

    video: ``(B, 3, GROUP, H, W)``, about [-1, 1]. opacity: how far things cover it
    ``(B, 1, GROUP, H, W)``. state: for the group after it.
    """

    video: Tensor
    opacity: Tensor
    state: State | None


class HiTVideoPainter(nn.Module):
    def __init__(self, config: PainterConfig | None = None) -> None:
        super().__init__()
        self.config = config or PainterConfig()
        self.trajectory = Trajectory()
        self.style = Style(self.config)
        self.cels = Cels(self.config)
        self.backdrop = Backdrop(self.config)

    def forward(
        self,
        coarse: Tensor,
        poses: Tensor,
        names: Tensor,
        time: Tensor,
        state: State | None = None,
        backdrop: bool = True,
    ) -> Picture:
        """Paints one group.

        coarse: faithful video of any depth ``(B, 3, GROUP, H, W)`` in [-1, 1]. poses: of its things
        ``(B, GROUP, THINGS, POSE)``, see `Trajectory`. names: ``(B, THINGS, name_width)``. time:
        what the things' clocks say ``(B, GROUP, THINGS, CLOCK)``, see `clock`. state: of the group
        before; None for the first. backdrop: False lays things over the coarse video as it is; for
        training, to save time.
        """
        height, width = coarse.shape[3:]
        frames = coarse.transpose(1, 2).flatten(0, 1)
        frames = F.pad(frames, (0, -width % MULTIPLE, 0, -height % MULTIPLE), mode="replicate")
        laid = frames.new_zeros(len(frames), 4, *frames.shape[2:])
        # The first thing lies before the others.
        for thing in reversed(range(THINGS)):
            pose = poses[:, :, thing]
            there = pose[..., 0].ne(0).any(1)
            if not bool(there.any()):
                continue
            sheets = self._lay(
                coarse[there], pose[there], names[there, thing], time[there, :, thing]
            )
            over = frames.new_zeros(len(frames), 4, height, width)
            over = over.index_put((there.repeat_interleave(GROUP),), sheets)
            over = F.pad(over, (0, frames.shape[3] - width, 0, frames.shape[2] - height))
            laid = laid * (1 - over[:, 3:]) + over
        painted, shown = frames, torch.ones_like(frames[:, :1])
        if backdrop:
            painted, shown, state = self.backdrop(frames, laid, state)
        opacity = laid[:, 3:] * shown
        video = painted * (1 - opacity) + laid[:, :3] * shown
        video, opacity = (
            x[:, :, :height, :width].unflatten(0, (-1, GROUP)).transpose(1, 2)
            for x in (video, opacity)
        )
        return Picture(video, opacity, state)

    @torch.inference_mode()
    def paint(self, video: Tensor, plan: Tensor, names: Tensor, fps: float = 8.0) -> Tensor:
        """Whole clips ``(B, 3, T, H, W)`` in [-1, 1], painted.

        video: faithful, of any depth, shaped and scaled like what comes back. plan: ``(B, t,
        MOMENTS, THINGS, 5)``, see `hitvideo.plan`. names: of its things ``(B, THINGS,
        name_width)``. fps: frames per second, by which wings beat.
        """
        count = video.shape[2]
        groups = -(-count // GROUP)
        video = F.pad(video, (0, 0, 0, 0, 0, groups * GROUP - count), mode="replicate")
        poses = self.trajectory(plan.to(video.device), groups * GROUP)
        seconds = torch.arange(groups * GROUP, device=video.device) / fps
        time = clock(seconds)[:, None].expand(len(video), -1, THINGS, -1)
        state, painted = None, []
        for first in range(0, groups * GROUP, GROUP):
            here = slice(first, first + GROUP)
            picture = self(video[:, :, here], poses[:, here], names, time[:, here], state)
            state = picture.state
            painted.append(picture.video)
        return torch.cat(painted, 2)[:, :, :count].clamp(-1, 1)

    def _lay(self, coarse: Tensor, poses: Tensor, names: Tensor, time: Tensor) -> Tensor:
        """One thing of every clip, painted and laid into its frames ``(N * GROUP, 4, H, W)``."""
        height, width = coarse.shape[3:]
        frames = coarse.transpose(1, 2).flatten(0, 1)
        at = poses.flatten(0, 1)
        view = look(frames, sheet_to_frame(at, height, width), VIEW)
        sheets = self.cels(view, self.style(names, poses, time)) * at[:, :1, None, None].abs()
        return lay(sheets, frame_to_sheet(at, height, width), height, width)

    def save_pretrained(self, folder: str | Path, dtype: torch.dtype = torch.float32) -> None:
        """Writes ``config.json`` and safetensors (floats stored as ``dtype``)."""
        save_model(self, self.config.to_dict(), Path(folder), dtype)

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, device: str | torch.device = "cpu"
    ) -> HiTVideoPainter:
        """Reads what ``save_pretrained`` wrote; raises HiTVideoError if it does not fit."""
        model = cls(PainterConfig.from_dict(load_config(Path(folder))))
        load_weights(model, Path(folder))
        return model.to(device).eval()
