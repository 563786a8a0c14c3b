"""Between a frame and the sheet that a thing is painted on. Knows nothing of networks.

A sheet is a square about the thing, turned, sized and mirrored as it is: seen there, a cat's ears
are at the same place wherever the cat goes. It reaches from -REACH to REACH in sizes of the thing.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

REACH = 1.3  # sheets hold a thing with its outline and what it throws around itself


def frame_to_sheet(poses: Tensor, height: int, width: int) -> Tensor:
    """Affine maps ``(N, 2, 3)``: where on its sheet a thing shows what is at a place of the frame.

    poses: ``(N, POSE)``, see `Trajectory.forward`. Places are as `F.affine_grid` has them, -1 to 1
    over the frame and over the sheet. height, width: of the frame.
    """
    side = min(height, width)
    half_w, half_h = width / side, height / side
    facing, x, y, scale, angle, wide, tall = poses.unbind(-1)
    cos, sin = angle.cos(), angle.sin()
    across = facing / (scale * wide).clamp_min(1e-3) / REACH
    down = 1 / (scale * tall).clamp_min(1e-3) / REACH
    u = torch.stack([cos * half_w, sin * half_h, -(cos * x * half_w + sin * y * half_h)], -1)
    v = torch.stack([-sin * half_w, cos * half_h, sin * x * half_w - cos * y * half_h], -1)
    return torch.stack([u * across.unsqueeze(-1), v * down.unsqueeze(-1)], 1)


def sheet_to_frame(poses: Tensor, height: int, width: int) -> Tensor:
    """The maps ``(N, 2, 3)`` the other way: where in the frame a place of the sheet lies."""
    side = min(height, width)
    half_w, half_h = width / side, height / side
    facing, x, y, scale, angle, wide, tall = poses.unbind(-1)
    cos, sin = angle.cos(), angle.sin()
    across, down = facing * scale * wide * REACH, scale * tall * REACH
    row_x = torch.stack([cos * across / half_w, -sin * down / half_w, x], -1)
    row_y = torch.stack([sin * across / half_h, cos * down / half_h, y], -1)
    return torch.stack([row_x, row_y], 1)


def look(video: Tensor, maps: Tensor, side: int) -> Tensor:
    """Frames ``(N, C, H, W)`` as seen on sheets ``(N, C, side, side)``; edges go on outside."""
    grid = F.affine_grid(maps, [len(video), 1, side, side], align_corners=False)
    return F.grid_sample(video, grid, padding_mode="border", align_corners=False)


def lay(sheets: Tensor, maps: Tensor, height: int, width: int) -> Tensor:
    """Sheets ``(N, C, s, s)`` laid into frames ``(N, C, height, width)``; zero beyond them."""
    grid = F.affine_grid(maps, [len(sheets), 1, height, width], align_corners=False)
    return F.grid_sample(sheets, grid, padding_mode="zeros", align_corners=False)
