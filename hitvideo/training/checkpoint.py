"""A run on disk: one file, replaced in one move, so that a kill always leaves a whole one."""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from hitvideo.errors import HiTVideoError
from hitvideo.files import whole_file


class Checkpoint:
    def __init__(self, path: Path) -> None:
        self.path = path

    def save(
        self,
        model: nn.Module,
        average: AveragedModel,
        optimizer: torch.optim.Optimizer,
        step: int,
        spent: float,
    ) -> None:
        """spent: seconds of training so far. Raises HiTVideoError where it cannot be written."""
        state = {
            "model": model.state_dict(),
            "average": average.state_dict(),
            "optimizer": optimizer.state_dict(),
            "step": step,
            "spent": spent,
        }
        with whole_file(self.path) as part:
            torch.save(state, part)

    def load(
        self,
        model: nn.Module,
        average: AveragedModel,
        optimizer: torch.optim.Optimizer,
    ) -> tuple[int, float]:
        """Restores everything in place and returns (step, seconds spent); (0, 0.0) if new."""
        if not self.path.exists():
            return 0, 0.0
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, UnpicklingError) as error:
            raise HiTVideoError(
                f"The checkpoint in {self.path.parent} cannot be read; choose another --out."
            ) from error
        try:
            model.load_state_dict(state["model"])
            average.load_state_dict(state["average"])
            optimizer.load_state_dict(state["optimizer"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise HiTVideoError(
                f"The run in {self.path.parent} is of another model; choose another --out."
            ) from error
        return state["step"], state["spent"]
