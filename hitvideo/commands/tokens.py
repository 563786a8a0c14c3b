"""`encode`, `decode` and `train-entropy`: token files, and the tables they are coded with."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hitvideo.commands.common import add_json, add_model, print_note, weights_folder
from hitvideo.errors import HiTVideoError
from hitvideo.files import to_json

if TYPE_CHECKING:
    import numpy as np

    from hitvideo.bitstream import TokenCoder
    from hitvideo.tokenizer import HiTVideoTokenizer

FIRST_TOON_SEED = 100_000  # of the clips that entropy tables are learned from


def add_encode_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("clip", help="a video file")
    parser.add_argument("out", metavar="OUT.hitv")
    parser.add_argument("--depth", type=int, help="levels to keep (all)")
    parser.add_argument(
        "--max-bpp",
        type=float,
        metavar="B",
        help="as many levels, 8 seconds by 8 seconds, as fit into these actual bits per pixel",
    )
    parser.add_argument(
        "--min-psnr",
        type=float,
        metavar="Q",
        help="as few levels, 8 seconds by 8 seconds, as reach this many dB; --max-bpp goes first",
    )
    parser.add_argument("--fps", type=float, default=8.0, help="frames per second (8)")
    parser.add_argument("--size", type=int, default=128, help="side of the square, pixels (128)")
    parser.add_argument("--start", type=float, default=0.0, help="seconds into the video (0)")
    parser.add_argument("--seconds", type=float, help="length to take (to the end)")
    add_model(parser)
    add_json(parser)


def run_encode(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.bitstream import encode_video
    from hitvideo.video import Notes, read_frames

    if args.depth is not None and (args.max_bpp is not None or args.min_psnr is not None):
        raise HiTVideoError("Give either --depth, or --max-bpp and --min-psnr.")
    notes = Notes()
    frames = read_frames(
        args.clip,
        fps=args.fps,
        size=args.size,
        start=args.start,
        seconds=args.seconds,
        notes=notes,
    )
    tokenizer, coder = _load(args)
    report = encode_video(
        coder,
        tokenizer,
        tqdm(frames, unit="frame", disable=None),
        args.fps,
        args.out,
        depth=args.depth,
        max_bpp=args.max_bpp,
        min_psnr=args.min_psnr,
    )
    print_note(notes.note)
    if args.json:
        figures = {
            "file": Path(args.out).name,
            "frames": report.frames,
            "height": report.height,
            "width": report.width,
            "fps": args.fps,
            "depths": report.depths,
            "bytes": report.sizes[-1],
            "bytes_by_depth": report.sizes,
            "bpp_actual": report.bpp,
            "psnr": report.psnr,
            "complete": notes.complete,
            "note": notes.note,
        }
        print(to_json(figures))
        return
    print(
        f"{report.frames} frames, {report.sizes[-1]} bytes, {report.bpp:.4f} actual bpp, "
        f"PSNR {report.psnr:.2f} dB, {_depths(report.depths)}"
    )


def add_decode_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tokens", metavar="CLIP.hitv")
    parser.add_argument("out", metavar="OUT.mp4")
    parser.add_argument("--depth", type=int, help="levels to decode (all that it holds)")
    add_model(parser)
    add_json(parser)


def run_decode(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.bitstream import TokenReader, decode_video
    from hitvideo.video import write_video

    with _opened(args.tokens) as file:
        tokenizer, coder = _load(args)
        reader = TokenReader(coder.release, file)
        frames = decode_video(tokenizer, reader, args.depth)
        print_note(reader.note)
        shown = tqdm(frames, unit="frame", total=reader.layout.frames, disable=None)
        write_video(args.out, shown, reader.fps)
    depths = tuple(min(depth, args.depth or depth) for depth in reader.depths)
    if args.json:
        figures: dict[str, Any] = {
            "frames": reader.layout.frames,
            "height": reader.layout.height,
            "width": reader.layout.width,
            "fps": reader.fps,
            "depths": depths,
            "complete": not reader.note,
            "note": reader.note,
        }
        print(to_json(figures))
        return
    print(f"{reader.layout.frames} frames, {_depths(depths)}")


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clips", help="a folder of videos to learn from")
    parser.add_argument("--toon", type=int, default=0, help="rendered Toon clips to add (0)")
    parser.add_argument(
        "--weights", required=True, help="folder of the model; its entropy tables are replaced"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 ... (auto)")


def run_train(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from hitvideo.bitstream.entropy import save_tables
    from hitvideo.devices import resolve_device
    from hitvideo.frames import frames_to_video
    from hitvideo.tokenizer import HiTVideoTokenizer, fingerprint
    from hitvideo.training.entropy_tables import learn_networks

    weights = Path(args.weights)
    tokenizer = HiTVideoTokenizer.from_pretrained(
        weights / "tokenizer", resolve_device(args.device)
    )
    clips = []
    for frames in tqdm(_clips(args), unit="clip", disable=None):
        codes = tokenizer.encode(frames_to_video(frames))
        clips.append(tuple(level[0].cpu().numpy() for level in codes.levels))
    if not clips:
        raise HiTVideoError("There are no clips to learn from; give --clips or --toon.")
    networks = learn_networks(tokenizer.config, clips)
    save_tables(weights / "entropy", networks, fingerprint(tokenizer))
    print(f"Learned entropy tables from {len(clips)} clips.")


def _clips(args: argparse.Namespace) -> Iterator[np.ndarray]:
    """Clips of one block, uint8 ``(T, 128, 128, 3)``, cut as those that figures are measured on."""
    from hitvideo.evaluation.clips import FRAMES, SIDE, FolderClips
    from hitvideo.toon import toon_clip

    if args.toon < 0:
        raise HiTVideoError(f"The number of Toon clips must be 0 or more, not {args.toon}.")
    if args.clips is not None:
        for clip in FolderClips(args.clips):
            yield clip.frames
    for seed in range(FIRST_TOON_SEED, FIRST_TOON_SEED + args.toon):
        yield toon_clip(seed, frames=FRAMES, height=SIDE, width=SIDE).frames.numpy()


def _load(args: argparse.Namespace) -> tuple[HiTVideoTokenizer, TokenCoder]:
    from hitvideo.bitstream import TokenCoder
    from hitvideo.devices import resolve_device
    from hitvideo.tokenizer import HiTVideoTokenizer

    weights = weights_folder(args)
    device = resolve_device(args.device)
    tokenizer = HiTVideoTokenizer.from_pretrained(weights / "tokenizer", device)
    return tokenizer, TokenCoder.from_pretrained(weights, tokenizer)


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    try:
        file = open(path, "rb")  # noqa: SIM115  closed below
    except OSError as error:
        raise HiTVideoError(f"{path} cannot be read: {error.strerror}.") from error
    with file:
        yield file


def _depths(depths: tuple[int, ...]) -> str:
    if len(set(depths)) == 1:
        return f"depth {depths[0]}"
    return "depths " + " ".join(map(str, depths))
