"""`hitvideo train-judge`: trains the judge on rendered Toon clips, crisp and degraded.

It learns from withheld combinations as well: it must recognise what the generator was never shown.
Its seeds are its own. One of another seed shares no scene with the first, and can teach a generator
that the first one measures; each keeps the range of its scenes. Knows nothing of tokens.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from hitvideo.devices import cpu_has_bf16
from hitvideo.errors import HiTVideoError
from hitvideo.files import append_line, folder_output, json_output, whole_file
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
from hitvideo.training.checkpoint import Checkpoint
from hitvideo.training.checks import check_finite, run_folder
from hitvideo.training.ema import Ema

FIRST_SEED = JUDGE.start
SEEDS = JUDGE_RUN
LAST_SEED = len(JUDGE) // SEEDS  # from there on the scenes are those that are measured on
FREE_SEED = 2  # 0 is that of the shipped judge, 1 that of the shipped one that teaches
SHARD = 250  # clips in a file of rendered ones
SECONDS = 8.0
RUN = "run.json"
SAVE_EVERY = 60.0  # seconds
REVERSED = {**MIRRORED, "up": "down", "down": "up", "grow": "shrink", "shrink": "grow"}

Targets = dict[str, Tensor]


@dataclass(frozen=True)
class JudgeTrainConfig:
    """Settings of one run; ``run.json`` in the run's folder keeps them."""

    out: str
    clips: int = 8000
    minutes: float = 30.0
    batch: int = 16
    lr: float = 2e-3
    warmup: int = 100
    ema: float = 0.995
    width: int = 48
    seed: int = FREE_SEED  # of the weights, the batches and the scenes
    workers: int = 1  # processes that render


def train(config: JudgeTrainConfig) -> None:
    """Runs, or goes on with, the run in ``config.out``; the judge is in ``out/judge``.

    Raises HiTVideoError for settings that cannot work.
    """
    check_finite(config)
    if config.minutes <= 0 or config.batch < 1 or not config.lr > 0:
        raise HiTVideoError("Training a judge needs minutes, a learning rate and a batch.")
    if config.workers < 1:
        raise HiTVideoError("--workers must be at least 1.")
    if not SHARD <= config.clips <= SEEDS or not 0 <= config.seed < LAST_SEED:
        raise HiTVideoError(
            f"Training a judge needs {SHARD} to {SEEDS} clips and a seed from 0 to {LAST_SEED - 1}."
        )
    with run_folder(config.out) as out:
        _check_same_scenes(out / RUN, config.seed)
        _train(config, out)


def _train(config: JudgeTrainConfig, out: Path) -> None:
    scenes = [training_scene(index, config.seed) for index in range(config.clips // SHARD * SHARD)]
    clips = RenderedClips(out / "clips", scenes, config.workers)
    torch.manual_seed(config.seed)
    seeds = range(scenes[0].seed, scenes[-1].seed + 1)
    judge = Judge(config.width, seeds=seeds)
    judge = judge.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(judge.parameters(), config.lr, weight_decay=0.02)
    ema = Ema(judge, config.ema)
    checkpoint = Checkpoint(out / "checkpoint.pt")
    step, spent = checkpoint.load(judge, ema, optimizer)
    with json_output(out / RUN) as settings:
        settings.update(asdict(config))

    budget = 60 * config.minutes
    started, saved = time.monotonic() - spent, spent
    bar = tqdm(total=100, disable=None, bar_format="{l_bar}{bar}| {desc}")
    while spent < budget:
        factor = min(1.0, (step + 1) / config.warmup, 2 * (1 - spent / budget))
        for group in optimizer.param_groups:
            group["lr"] = config.lr * factor
        right = _step(judge, optimizer, clips, config.batch, random.Random(f"{config.seed} {step}"))
        ema.update(judge)
        step, spent = step + 1, time.monotonic() - started
        bar.set_description_str(" ".join(f"{n} {r:.2f}" for n, r in right.items()), refresh=False)
        bar.update(min(100.0, 100 * spent / budget) - bar.n)
        if spent - saved > SAVE_EVERY or spent >= budget:
            saved = spent
            checkpoint.save(judge, ema, optimizer, step, spent)
            _save(ema.model, out)
            line = {"step": step, "minutes": spent / 60, "right": right}
            append_line(out / "log.jsonl", json.dumps(line))
    bar.close()
    ema.model.toon = validation_hash(toon_clip(seed).frames for seed in VALIDATION)
    _save(ema.model, out)


def _save(judge: Judge, out: Path) -> None:
    with folder_output(out / "judge") as folder:
        judge.save_pretrained(folder)


def _check_same_scenes(run: Path, seed: int) -> None:
    """Raises HiTVideoError where the folder's clips were rendered from another seed's scenes."""
    before = json.loads(run.read_text())["seed"] if run.is_file() else seed
    if before != seed:
        raise HiTVideoError(f"The run in {run.parent} has the seed {before}; choose another --out.")


def _step(
    judge: Judge,
    optimizer: torch.optim.Optimizer,
    clips: RenderedClips,
    batch: int,
    rng: random.Random,
) -> dict[str, float]:
    """One step on a degraded batch; the share of it that was read right, by attribute."""
    video, targets = clips.sample(batch, rng)
    judge.train()
    with torch.autocast("cpu", torch.bfloat16, enabled=cpu_has_bf16()):
        logits = judge(corrupt(video, rng))
    losses = [F.cross_entropy(logits[n], t, label_smoothing=0.05) for n, t in targets.items()]
    torch.stack(losses).sum().backward()
    torch.nn.utils.clip_grad_norm_(judge.parameters(), 2.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return {n: (logits[n].argmax(1) == t).float().mean().item() for n, t in targets.items()}


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
