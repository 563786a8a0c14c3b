"""What something costs in bits under a generator. Knows nothing of sampling."""

from __future__ import annotations

import math
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from hitvideo.generator.model import HiTVideoGenerator
from hitvideo.tokenizer.config import GROUP


def plan_bits(planner: HiTVideoGenerator, text: Tensor, mask: Tensor, codes: Tensor) -> Tensor:
    """Bits ``(B, n)`` of the places of plans under captions, see `HiTVideoGenerator.read`.

    planner: a generator whose tokens are those of plans. codes: `hitvideo.plan.codes.to_codes` of
    them, ``(B, t, MOMENTS, THINGS)``.
    """
    size = GROUP * codes.shape[1], codes.shape[2], codes.shape[3]
    order = planner.order(size)
    digits = planner.digits.split(codes.flatten(1), order.level.to(codes.device))
    return cross_entropy_bits(planner(digits, text, mask, ("token",), size=size), digits)


def cross_entropy_bits(logits: Tensor, digits: Tensor, weight: Tensor | None = None) -> Tensor:
    """Bits of every position ``(B, N)`` under logits ``(B, N, digits, choices)``.

    weight: what each digit counts ``(B, N, digits)``; None: 1.
    """
    nats: Any = F.cross_entropy(logits.flatten(0, 2), digits.flatten(), reduction="none")
    nats = nats.view(digits.shape)
    return (nats if weight is None else nats * weight).sum(-1) / math.log(2)
