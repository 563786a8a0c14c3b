"""`hitvideo train-judge`: trains the judge on rendered Toon clips, crisp and degraded.

It learns from withheld combinations as well: it must recognise what the generator was never shown.
Its seeds are its own. One of another seed shares no scene with the first, and can teach a generator
that the first one measures; each keeps the range of its scenes. Knows nothing of tokens.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from hitvideo.errors import HiTVideoError
from hitvideo.files import folder_output, whole_file
from hitvideo.judge.corruptions import corrupt
from hitvideo.judge.model import FRAMES, SIDE, Judge
from hitvideo.processes import worker_processes
from hitvideo.toon import (
    ATTRIBUTES,
    MIRRORED,
    Scene,
    classes,
    labels,
    render,
    sample_scene,
    toon_clip,
    validation_hash,
)
from hitvideo.toon.seeds import JUDGE, JUDGE_RUN, VALIDATION
from hitvideo.training.checks import check_run, run_folder
from hitvideo.training.judge_settings import JudgeSettings
from hitvideo.training.loop import CONFIG, Task, fit, new_accelerator

FIRST_SEED = JUDGE.start
SEEDS = JUDGE_RUN
LAST_SEED = len(JUDGE) // SEEDS  # from there on the scenes are those that are measured on
SHARD = 250  # clips in a file of rendered ones
SECONDS = 8.0
REVERSED = {**MIRRORED, "up": "down", "down": "up", "grow": "shrink", "shrink": "grow"}

Targets = dict[str, Tensor]


SETTINGS = JudgeSettings


def train(config: JudgeSettings) -> None:
    """Runs, or goes on with, the run in ``config.out``; the judge is in ``out/judge``.

    Raises HiTVideoError for settings that cannot work.
    """
    check_run(config)
    if config.workers < 1 or config.width < 1:
        raise HiTVideoError("--workers and --width must be at least 1.")
    if not SHARD <= config.toon <= SEEDS or not 0 <= config.seed < LAST_SEED:
        raise HiTVideoError(
            f"Training a judge needs {SHARD} to {SEEDS} clips and a seed from 0 to {LAST_SEED - 1}."
        )
    with run_folder(config.out) as out:
        _check_same_scenes(out / CONFIG, config.seed)
        _train(config, out)


def _train(config: JudgeSettings, out: Path) -> None:
    accelerator = new_accelerator(config.bf16)
    scenes = [training_scene(index, config.seed) for index in range(config.toon // SHARD * SHARD)]
    if accelerator.is_main_process:
        RenderedClips(out / "clips", scenes, config.workers)
    accelerator.wait_for_everyone()
    clips = RenderedClips(out / "clips", scenes, config.workers)
    torch.manual_seed(config.seed)
    judge = Judge(config.width, seeds=range(scenes[0].seed, scenes[-1].seed + 1))
    judge.toon = validation_hash(toon_clip(seed).frames for seed in VALIDATION)
    judge = judge.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(judge.parameters(), config.lr, weight_decay=0.02)
    module, optimizer = accelerator.prepare(judge, optimizer)
    right = dict.fromkeys(ATTRIBUTES, 0.0)

    def score(step: int) -> tuple[Tensor, str]:
        rng = random.Random(f"{config.seed} {step} {accelerator.process_index}")
        video, targets = clips.sample(config.batch, rng)
        with accelerator.autocast():
            logits = module(corrupt(video, rng).to(accelerator.device))
        losses = []
        for name, target in targets.items():
            truth = target.to(accelerator.device)
            losses.append(F.cross_entropy(logits[name], truth, label_smoothing=0.05))
            share = (logits[name].argmax(1) == truth).float().mean().item()
            right[name] = 0.9 * right[name] + 0.1 * share
        return torch.stack(losses).sum(), " ".join(f"{n} {r:.2f}" for n, r in right.items())

    def validate(averaged: Judge, last: bool) -> dict[str, Any]:
        return {"right": {name: round(share, 3) for name, share in right.items()}}

    def save(averaged: Judge) -> None:
        with folder_output(out / "judge") as folder:
            averaged.save_pretrained(folder)

    fit(config, accelerator, judge, module, optimizer, Task(score, save, validate))


def _check_same_scenes(run: Path, seed: int) -> None:
    """Raises HiTVideoError where the folder's clips were rendered from another seed's scenes."""
    before = json.loads(run.read_text())["seed"] if run.is_file() else seed
    if before != seed:
        raise HiTVideoError(f"The run in {run.parent} has the seed {before}; choose another --out.")


class RenderedClips:
    """Clips at the judge's size, rendered once into ``folder`` and memory-mapped from there.

    Their number is a multiple of SHARD.
    """

    def __init__(self, folder: Path, scenes: Sequence[Scene], workers: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / f"{index:04d}.npy" for index in range(len(scenes) // SHARD)]
        missing = [
            (scenes[index * SHARD : (index + 1) * SHARD], file)
            for index, file in enumerate(files)
            if not file.exists()
        ]
        if missing:
            with worker_processes(workers) as executor:
                done = executor.map(_render_shard, missing)
                for _ in tqdm(done, total=len(missing), desc="rendering", disable=None):
                    pass
        self.shards = [np.load(file, mmap_mode="r") for file in files]
        self.words = [labels(scene) for scene in scenes]

    def sample(self, batch: int, rng: random.Random) -> tuple[Tensor, Targets]:
        """Clips ``(B, 16, 3, 64, 64)`` in [-1, 1], some mirrored, reversed or moved a little."""
        clips, words = [], []
        for _ in range(batch):
            index = rng.randrange(len(self.words))
            clip, said = self.shards[index // SHARD][index % SHARD], dict(self.words[index])
            if rng.random() < 0.5:
                clip = clip[:, :, ::-1]
                said["motion"] = MIRRORED.get(said["motion"], said["motion"])
            if rng.random() < 0.2:
                clip = clip[::-1]
                said["motion"] = REVERSED.get(said["motion"], said["motion"])
            y, x = rng.randint(-3, 3), rng.randint(-3, 3)
            rows, columns = np.arange(SIDE) + y, np.arange(SIDE) + x
            clip = clip[:, rows.clip(0, SIDE - 1)][:, :, columns.clip(0, SIDE - 1)]
            clips.append(clip)
            words.append(said)
        video = torch.from_numpy(np.stack(clips)).permute(0, 1, 4, 2, 3)
        return video / 127.5 - 1, targets_of(words)


def training_scene(index: int, seed: int = 0) -> Scene:
    """The scene of clip ``index`` of a run's seed.

    Every tenth is of a withheld combination, about the share that these have among all.
    """
    return sample_scene(FIRST_SEED + SEEDS * seed + index, withheld=index % 10 == 9)


def targets_of(words: Iterable[dict[str, str]]) -> Targets:
    """Class indices ``(B,)`` of every attribute."""
    return dict(zip(ATTRIBUTES, classes(words).T, strict=True))


def _render_shard(job: tuple[Sequence[Scene], Path]) -> None:
    scenes, file = job
    torch.set_num_threads(1)
    clips = [render(scene, FRAMES, SIDE, SIDE, FRAMES / SECONDS).numpy() for scene in scenes]
    with whole_file(file) as part:
        np.save(part, np.stack(clips))
