"""Clips and captions as tokens on disk, made once, read by the generator's training.

A folder of shards: ``tokens-RANK-NUMBER.safetensors`` with one grid per level, one of how far each
place shows what the captions are about, and the plans; and the captions in a JSON beside it.
Knows nothing of language models; the tokenizer is a black box to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm import tqdm

from hitvideo.cores import usable_cores
from hitvideo.data.captioned import Sample, Source, read_samples
from hitvideo.errors import HiTVideoError
from hitvideo.files import whole_file
from hitvideo.processes import worker_processes
from hitvideo.tokenizer import HiTVideoTokenizer, ladder_fingerprint

BATCH = 16  # clips tokenized together
SHARD = 512  # sources in a file
FEW = 16  # sources that are read sooner than processes start, each of which imports torch
SETTINGS = "settings.json"
SUBJECT_MASK = "cover"  # as shards name it
PLAN = "plan"


def write_shards(
    sources: Sequence[Source],
    tokenizer: HiTVideoTokenizer,
    depth: int,
    folder: Path,
    *,
    rank: int = 0,
    world: int = 1,
) -> None:
    """Tokenizes this process's share of the sources; shards already there are kept.

    Clips are read or rendered in a process for every core, a few of them in this one. A file that
    cannot be read is left out. Raises HiTVideoError where the folder holds shards of other sources,
    levels or weights, or of another number of processes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _claim(
        folder,
        {
            "tokenizer": ladder_fingerprint(tokenizer),
            "levels": depth,
            "sources": sha256(repr(list(sources)).encode()).hexdigest()[:16],
            "processes": world,
        },
    )
    mine = sources[rank::world]
    try:
        with _readers(len(mine)) as samples:
            for number, first in enumerate(range(0, len(mine), SHARD)):
                target = folder / f"tokens-{rank:03d}-{number:05d}.safetensors"
                if target.exists():
                    continue
                part = mine[first : first + SHARD]
                read = tqdm(samples(part), total=len(part), desc=target.name, disable=rank > 0)
                grids, words = _tokenize(chain.from_iterable(read), tokenizer, depth)
                with whole_file(target.with_suffix(".json")) as file:
                    file.write_text(json.dumps(words))
                with whole_file(target) as file:
                    save_file(grids, file)
    except BaseException:
        if world == 1 and not any(folder.glob("tokens-*")):
            (folder / SETTINGS).unlink()  # nothing has come of it
        raise


def _claim(folder: Path, settings: dict[str, Any]) -> None:
    """Makes the folder one for shards of these settings, unless it is one for others."""
    path, text = folder / SETTINGS, json.dumps(settings)
    if path.is_file():
        claimed = path.read_text() == text
    else:
        claimed = not any(folder.glob("tokens-*"))
        if claimed:  # by all processes at once, with the same words
            with whole_file(path) as part:
                part.write_text(text)
    if not claimed:
        raise HiTVideoError(
            f"The tokens in {folder} are of other clips, weights or settings; "
            "delete that folder or choose another for this run."
        )


@contextmanager
def _readers(count: int) -> Iterator[Callable[[Sequence[Source]], Iterable[list[Sample]]]]:
    """What reads sources in order: processes, unless there is less to read than they have to."""
    if count <= FEW:
        yield partial(map, read_samples)
        return
    with worker_processes(usable_cores()) as pool:
        yield partial(_ahead, pool)


def _ahead(pool: Executor, sources: Sequence[Source]) -> Iterator[list[Sample]]:
    """Results in order, with a few in the making: a whole shard of frames would not fit."""
    rest = iter(sources)
    waiting: list[Future[list[Sample]]] = [
        pool.submit(_read, source) for source in islice(rest, 4 * BATCH)
    ]
    while waiting:
        yield waiting.pop(0).result()
        waiting += [pool.submit(_read, source) for source in islice(rest, 1)]


def _read(source: Source) -> list[Sample]:
    """In a worker process, of which there is one for every core."""
    torch.set_num_threads(1)
    return read_samples(source)


def _tokenize(
    clips: Iterable[Sample], tokenizer: HiTVideoTokenizer, depth: int
) -> tuple[dict[str, Tensor], list[list[str]]]:
    """Grids ``(n, t, h, w)`` by name, codes per level and uint8 the mask; plans; captions."""
    parts: dict[str, list[Tensor]] = {}
    words: list[list[str]] = []
    rest = iter(clips)
    while batch := list(islice(rest, BATCH)):
        frames = torch.from_numpy(np.stack([clip.frames for clip in batch]))
        video = frames.to(tokenizer.device).permute(0, 4, 1, 2, 3).float() / 127.5 - 1
        levels = tokenizer.encode(video, depth).levels
        mask = (
            torch.from_numpy(np.stack([clip.subject_mask for clip in batch])).float().unsqueeze(1)
        )
        _, t, h, w = levels[-1].shape
        small = F.adaptive_avg_pool3d(tokenizer.pad(mask), (t, h, w))
        dtypes = [_smallest(level.codebook_size) for level in tokenizer.config.ladder]
        grids = {f"level_{k + 1}": grid.to("cpu", dtypes[k]) for k, grid in enumerate(levels)}
        for name, grid in {**grids, SUBJECT_MASK: small[:, 0].round().to(torch.uint8)}.items():
            parts.setdefault(name, []).append(grid)
        parts.setdefault(PLAN, []).append(torch.stack([clip.plan for clip in batch]).half())
        words += [clip.captions for clip in batch]
    if not parts:
        raise HiTVideoError("None of these clips could be read.")
    return {name: torch.cat(grids) for name, grids in parts.items()}, words


def _smallest(codes: int) -> torch.dtype:
    """The smallest signed integers that hold every code of a codebook."""
    return torch.int16 if codes <= 1 << 15 else torch.int32


@dataclass(frozen=True)
class TokenSet:
    """Tokenized clips.

    levels: int16 or int32 grids ``(n, t, h, w)``, coarse to fine. captions: every clip's wordings.
    subject_mask: how far the finest level's places show what they are about, uint8
        ``(n, t, h, w)``.
    plan: float16 ``(n, t, MOMENTS, THINGS, 5)``, see `hitvideo.plan`.
    """

    levels: tuple[Tensor, ...]
    captions: list[list[str]]
    subject_mask: Tensor
    plan: Tensor

    @classmethod
    def load(cls, folder: Path) -> TokenSet:
        files = sorted(folder.glob("tokens-*.safetensors"))
        if not files:
            raise HiTVideoError(f"There are no token shards in {folder}.")
        shards = [load_file(file) for file in files]
        if not all(SUBJECT_MASK in shard and PLAN in shard for shard in shards):
            raise HiTVideoError(f"The token shards in {folder} are of an earlier version.")
        mask, plan = (torch.cat([shard.pop(n) for shard in shards]) for n in (SUBJECT_MASK, PLAN))
        levels = tuple(torch.cat([shard[name] for shard in shards]) for name in sorted(shards[0]))
        words = [
            said for file in files for said in json.loads(file.with_suffix(".json").read_text())
        ]
        return cls(levels, words, mask, plan)

    def __len__(self) -> int:
        return len(self.captions)
