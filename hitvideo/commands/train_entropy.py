"""`train-entropy`: the tables that token files are coded with."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hitvideo.commands.common import Commands, add_command
from hitvideo.errors import HiTVideoError

if TYPE_CHECKING:
    import numpy as np

    from hitvideo.bitstream.network import LevelNetwork


def register(commands: Commands) -> None:
    parser = add_command(commands, "train-entropy", "learn a model's entropy tables", run)
    parser.add_argument("--clips", help="a folder of videos to learn from")
    parser.add_argument("--toon", type=int, default=0, help="rendered Toon clips to add (0)")
    parser.add_argument(
        "--weights", required=True, help="folder of the model; its entropy tables are replaced"
    )
    parser.add_argument(
        "--detail", action="store_true", help="only those of the level of detail; the others stay"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 ... (auto)")


def run(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.bitstream.entropy import Tables, save_tables
    from hitvideo.devices import resolve_device
    from hitvideo.frames import frames_to_video
    from hitvideo.tokenizer import HiTVideoTokenizer, TokenizerConfig, fingerprint
    from hitvideo.training.entropy_tables import learn_networks

    weights = Path(args.weights)
    tokenizer = HiTVideoTokenizer.from_pretrained(
        weights / "tokenizer", resolve_device(args.device)
    )
    known: tuple[LevelNetwork, ...] = ()
    if args.detail:
        if tokenizer.detail is None:
            raise HiTVideoError(f"The tokenizer in {weights} has no level of detail.")
        ladder = TokenizerConfig(tokenizer.config.ladder)
        known = Tables.load(weights / "entropy", ladder).networks
    clips = []
    for frames in tqdm(_clips(args), unit="clip", disable=None):
        codes = tokenizer.encode(frames_to_video(frames))
        clips.append(tuple(level[0].cpu().numpy() for level in codes.levels))
    if not clips:
        raise HiTVideoError("There are no clips to learn from; give --clips or --toon.")
    networks = learn_networks(tokenizer.config, clips, known=known)
    save_tables(weights / "entropy", networks, fingerprint(tokenizer))
    print(f"Learned entropy tables from {len(clips)} clips.")


def _clips(args: argparse.Namespace) -> Iterator[np.ndarray]:
    """Clips of one block, uint8 ``(T, 128, 128, 3)``, cut as those that figures are measured on."""
    from hitvideo.evaluation.clips import FRAMES, SIDE, FolderClips
    from hitvideo.toon import toon_clip
    from hitvideo.toon.seeds import ENTROPY

    if args.toon < 0:
        raise HiTVideoError(f"The number of Toon clips must be 0 or more, not {args.toon}.")
    if args.clips is not None:
        for clip in FolderClips(args.clips):
            yield clip.frames
    for seed in ENTROPY[: args.toon]:
        yield toon_clip(seed, frames=FRAMES, height=SIDE, width=SIDE).frames.numpy()
