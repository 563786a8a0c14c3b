"""`evaluate look`: true clips, true codes and generated clips before the independent eye."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hitvideo.evaluation.alignment.accuracy import Case, unseen_cases
from hitvideo.evaluation.look.eye import Eye
from hitvideo.evaluation.look.report import Look, picture_quality
from hitvideo.frames import frames_to_video, video_to_frames
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.plan.codes import from_codes, to_codes
from hitvideo.toon import render_with_mask, scene_plan
from hitvideo.toon.seeds import CAPTIONS

# Of true codes: as decoded, painted by the true plan, and by the plan as its codes tell it.
SHOWN = ("faithful", "vivid", "vivid_plan_as_coded")


def evaluate_look(
    pipeline: HiTVideoPipeline,
    eye: Eye,
    *,
    generated: int,
    coded: int,
    depth: int = 2,
    batch: int = 8,
    by_depth: bool = False,
    tick: Callable[[int], None] = lambda count: None,
) -> dict[str, Any]:
    """The report. generated: unseen captions, withheld combinations by turns; coded: unseen clips.

    depth: of the true codes. by_depth: instead of what is painted from them, what every depth of
    them shows. tick: told how many clips have been looked at since the last time.
    """
    report: dict[str, Any] = {}
    if by_depth:
        report["depths"] = _depths(pipeline, eye, coded, tick)
    elif coded:
        report["true_codes"] = {"depth": depth, **_coded(pipeline, eye, coded, depth, tick)}
    if generated:
        report["generated"] = _generated(pipeline, eye, generated, batch, tick)
    return report


def _coded(
    pipeline: HiTVideoPipeline,
    eye: Eye,
    count: int,
    depth: int,
    tick: Callable[[int], None],
) -> dict[str, Any]:
    true = Look(eye)
    names = SHOWN if pipeline.painter is not None else SHOWN[:1]
    looks = {name: Look(eye) for name in names}
    quality: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for case in unseen_cases(count, CAPTIONS[200_000]):
        frames, mask, shown = _round_trip(pipeline, case, depth)
        true.add(frames, case.scene, pipeline.fps)
        for name, clip in shown.items():
            looks[name].add(clip, case.scene, pipeline.fps)
            quality[name].append(picture_quality([(clip, frames, mask)]))
        tick(1)
    return {
        "frames": true.report(),
        **{name: look.report(true) | _means(quality[name]) for name, look in looks.items()},
    }


def _depths(
    pipeline: HiTVideoPipeline, eye: Eye, count: int, tick: Callable[[int], None]
) -> list[dict[str, Any]]:
    """Of every depth, coarse first, and last of the true frames."""
    true, looks = Look(eye), [Look(eye) for _ in pipeline.tokenizer.config.levels]
    for case in unseen_cases(count, CAPTIONS[200_000]):
        frames, _ = _rendered(pipeline, case)
        true.add(frames, case.scene, pipeline.fps)
        codes = pipeline.tokenizer.encode(frames_to_video(frames).to(pipeline.device))
        for depth, look in enumerate(looks, 1):
            shown = video_to_frames(pipeline.tokenizer.decode(codes, depth))
            look.add(shown, case.scene, pipeline.fps)
        tick(1)
    return [*(look.report(true) for look in looks), true.report()]


def _means(scores: Sequence[dict[str, float]]) -> dict[str, float]:
    """Of every score the mean over the clips that have it."""
    names = dict.fromkeys(name for score in scores for name in score)
    return {n: float(np.mean([s[n] for s in scores if n in s])) for n in names}


def _round_trip(
    pipeline: HiTVideoPipeline, case: Case, depth: int
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """The scene's frames, what covers them, and what is SHOWN of its codes."""
    frames, mask = _rendered(pipeline, case)
    video = frames_to_video(frames).to(pipeline.device)
    decoded = pipeline.tokenizer.decode(pipeline.tokenizer.encode(video, depth))
    videos = [decoded]
    if pipeline.painter is not None:
        count, height, width, _ = frames.shape
        plan = scene_plan(case.scene, count, height, width, pipeline.fps)
        plans = plan, from_codes(to_codes(plan))
        videos += [_painted(pipeline, decoded, each, case.prompt) for each in plans]
    return frames, mask, dict(zip(SHOWN, map(video_to_frames, videos), strict=False))


def _rendered(pipeline: HiTVideoPipeline, case: Case) -> tuple[np.ndarray, np.ndarray]:
    """The scene's frames as large as the generator writes them, and what covers them."""
    assert pipeline.generator is not None
    config = pipeline.generator.config
    size = config.frames, config.height, config.width, config.fps
    frames, mask = (x.numpy() for x in render_with_mask(case.scene, *size))
    return frames, mask


@torch.inference_mode()
def _painted(pipeline: HiTVideoPipeline, video: Tensor, plan: Tensor, prompt: str) -> Tensor:
    assert pipeline.painter is not None and pipeline.text is not None
    assert pipeline.generator is not None and pipeline.generator.names is not None
    text, mask = pipeline.text.encode([prompt])
    names = pipeline.generator.names(text, mask.bool()).float()
    return pipeline.painter.paint(video, plan[None], names, pipeline.fps)


def _generated(
    pipeline: HiTVideoPipeline,
    eye: Eye,
    count: int,
    batch: int,
    tick: Callable[[int], None],
) -> dict[str, Any]:
    cases = unseen_cases(count)
    true, faithful, vivid = (Look(eye) for _ in range(3))
    assert pipeline.generator is not None
    config = pipeline.generator.config
    size = config.frames, config.height, config.width, config.fps
    for first in range(0, count, batch):
        part = cases[first : first + batch]
        clips = pipeline.generate_batch([c.prompt for c in part], [c.seed for c in part])
        for case, clip in zip(part, clips, strict=True):
            true.add(render_with_mask(case.scene, *size)[0].numpy(), case.scene, pipeline.fps)
            faithful.add(clip.faithful, case.scene, pipeline.fps)
            if pipeline.painter is not None:
                vivid.add(clip.video, case.scene, pipeline.fps)
        tick(len(part))
    groups = {
        "all": None,
        "trained": [not c.withheld for c in cases],
        "withheld": [c.withheld for c in cases],
        "two_subjects": [len(c.scene.subjects) > 1 for c in cases],
    }
    looks = {"frames": true, "faithful": faithful}
    if pipeline.painter is not None:
        looks["vivid"] = vivid
    return {
        name: {
            group: look.report(None if look is true else true, chosen)
            for group, chosen in groups.items()
            if chosen is None or any(chosen)
        }
        for name, look in looks.items()
    }
