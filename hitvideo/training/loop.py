"""The loop that every training shares: rates, steps, averaging, checkpoints and the log.

What a step computes, how the model is validated and what is saved are handed in. Knows nothing of
video, tokens or text.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs, InitProcessGroupKwargs
from torch import Tensor, nn
from tqdm import tqdm

from hitvideo.devices import cpu_has_bf16
from hitvideo.files import append_line, json_output
from hitvideo.training.average import moving_average
from hitvideo.training.budget import progress, schedule
from hitvideo.training.checkpoint import Checkpoint
from hitvideo.training.settings import RunSettings

CHECKPOINT, CONFIG, LOG = "checkpoint.pt", "config.json", "log.jsonl"

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Task(Generic[M]):
    """What is trained, as the loop needs to know it.

    score: the loss of a step, which its number alone decides, and a word on it for the progress
    bar. save: writes the averaged model for use. validate: what the log says of it; told whether
    this is the last time.
    """

    score: Callable[[int], tuple[Tensor, str]]
    save: Callable[[M], None]
    validate: Callable[[M, bool], dict[str, Any]]


def new_accelerator(bf16: bool) -> Accelerator:
    """For one process or several, with or without a GPU; bfloat16 only where it is fast.

    Without one, accelerate sees that several processes belong together only if told of the CPU.
    What a step leaves out, finer levels or captions, has parameters without a gradient.
    """
    cpu = not torch.accelerator.is_available()
    return Accelerator(
        cpu=cpu,
        mixed_precision="bf16" if bf16 and (not cpu or cpu_has_bf16()) else "no",
        kwargs_handlers=[
            DistributedDataParallelKwargs(find_unused_parameters=True),
            # The others wait while one renders, which may take longer than the usual half hour.
            InitProcessGroupKwargs(timeout=timedelta(days=1)),
        ],
    )


def fit(
    config: RunSettings,
    accelerator: Accelerator,
    model: M,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    task: Task[M],
) -> None:
    """Trains until the budget is used, going on from the run's checkpoint if there is one.

    model: the bare one; module: as prepared by the accelerator, like ``optimizer``, whose groups
    may scale the rate by a "factor".
    """
    average = moving_average(model, config.ema)
    averaged = cast(M, average.module)
    out = Path(config.out)
    checkpoint = Checkpoint(out / CHECKPOINT)
    step, spent = checkpoint.load(model, average, optimizer)
    main = accelerator.is_main_process
    if main:
        with json_output(out / CONFIG) as settings:
            settings.update(asdict(config))

    def log(step: int, spent: float, last: bool) -> str:
        line = {
            "step": step,
            "minutes": round(spent / 60, 1),
            **task.validate(averaged, last),
        }
        text = json.dumps(line | {"processes": accelerator.num_processes, "last": last})
        append_line(out / LOG, text)
        return text

    bar = tqdm(total=config.steps or None, initial=step, disable=not main, mininterval=5)
    started = time.monotonic() - spent
    done = progress(config, step, spent)
    while done < 1:
        for group in optimizer.param_groups:
            rate = config.lr * schedule(step, done, config.warmup)
            group["lr"] = group.get("factor", 1.0) * rate
        module.train()
        # What a step draws by itself is the same in a run that goes on after a kill.
        rank = accelerator.process_index
        torch.manual_seed((config.seed * 1_000_003 + step) * 1024 + rank)
        loss, word = task.score(step)
        accelerator.backward(loss)
        norm = accelerator.clip_grad_norm_(module.parameters(), 1.0)
        if norm is None or norm.isfinite():  # or one overflow would end the run
            optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        average.update_parameters(model)
        step += 1
        # All processes must agree on when to stop, so they share one clock.
        clock = torch.tensor(time.monotonic() - started, device=accelerator.device)
        spent = accelerator.reduce(clock, "mean").item()
        done = progress(config, step, spent)
        left = spent / max(done, 1e-6) * (1 - done) / 60
        bar.set_postfix_str(f"{word}, {left:.0f} min left", refresh=False)
        bar.update()
        if main and done < 1 and step % config.checkpoint_every == 0:
            checkpoint.save(model, average, optimizer, step, spent)
            task.save(averaged)
        if main and done < 1 and step % config.validate_every == 0:
            bar.write(log(step, spent, False))
        accelerator.wait_for_everyone()
    # After the loop, so that a run that was killed in here ends properly when started again.
    if main and not _ended(out / LOG, step):
        checkpoint.save(model, average, optimizer, step, spent)
        task.save(averaged)
        bar.write(log(step, spent, True))
    accelerator.wait_for_everyone()
    bar.close()
    accelerator.end_training()


def _ended(path: Path, step: int) -> bool:
    """Whether the log says that the run has ended at this step, with all that belongs to it."""
    lines = path.read_text().splitlines() if path.is_file() else []
    return any(f'"step": {step},' in line and line.endswith('"last": true}') for line in lines)
