"""What a clip costs under a caption: a measure of whether the generator follows text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from hitvideo.errors import HiTVideoError
from hitvideo.frames import frames_to_video
from hitvideo.generator.config import kinds_of
from hitvideo.generator.score import cross_entropy_bits, plan_bits
from hitvideo.pipeline.pipeline import HiTVideoPipeline
from hitvideo.plan.codes import from_codes, to_codes


def caption_bits(
    pipeline: HiTVideoPipeline,
    frames: np.ndarray,
    captions: Sequence[str],
    plan: Tensor | None = None,
) -> Tensor:
    """What a clip costs under each caption ``(captions, 1 + levels)``: its plan, its tokens.

    frames: uint8 RGB of the generator's native size. The tokens are written one position a step, as
    far as the generator writes. plan: the clip's ``(t, MOMENTS, THINGS, 5)``, see `hitvideo.plan`,
    which its tokens are then told; None if it is not known. It costs nothing then, or without a
    planner. Raises HiTVideoError without a generator.
    """
    generator = pipeline.generator
    if generator is None or pipeline.text is None:
        raise HiTVideoError("These weights hold no generator, so no text can be scored.")
    order, count = generator.order(), len(generator.config.levels)
    text, mask = pipeline.read(captions)
    with torch.inference_mode():
        codes = pipeline.tokenizer.encode(frames_to_video(frames).to(pipeline.device), count)
        digits = generator.digits.split(order.build(codes.levels), order.level)
        digits = digits.expand(len(captions), -1, -1)
        known, planned = None, text.new_zeros(len(captions))
        if plan is not None:
            codes_of_plan = to_codes(plan).to(pipeline.device).expand(len(captions), -1, -1, -1)
            known = from_codes(codes_of_plan)
            if pipeline.planner is not None:
                planned = plan_bits(pipeline.planner, text, mask, codes_of_plan).sum(1)
        logits = generator(digits, text, mask, kinds_of("token", count), plan=known)
        bits = cross_entropy_bits(logits, digits)
    return torch.stack([planned, *(bits[:, order.level == k].sum(1) for k in range(count))], 1)
