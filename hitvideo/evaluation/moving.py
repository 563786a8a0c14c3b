"""Where a tokenizer's error lies, in what moves or in what stands, and what codecs would do there.

A token describes its own place and moment whatever happens there; a codec spends its bytes where
they are needed. Given only the bytes that the tokens of moving places have, a codec says how far
describing pixels can get under that rule. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from hitvideo.errors import HiTVideoError
from hitvideo.evaluation.clips import PROTOCOL, Clip
from hitvideo.evaluation.rate.clip import check_names
from hitvideo.evaluation.rate.codecs import CODECS, Codec, Encode, ladder
from hitvideo.metrics import decibels
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.tokenizer import fingerprint

MOVES = 6  # 8-bit levels, in any channel and from one frame to the next: more than noise
REACH = 4  # pixels around what moves, whose blocks are not at rest either


def evaluate_moving(
    pipeline: HiTVideoPipeline, clips: Iterable[Clip], codecs: Sequence[str]
) -> dict[str, Any]:
    """Means over clips: the share of blocks that move, and PSNR in them, elsewhere and over all.

    Blocks are those of the tokens of the ladder's last level: "levels" is what it shows, "detail"
    what the level below it does. Of a codec there are its best encodes by PSNR of the moving
    blocks, of at most these blocks' share of the ladder's nominal bytes: "moving", and "else
    perfect", what a clip would have if all other blocks were without an error. "free first frame"
    are encodes whose first packet counts nothing. "clips" are those that it can code so small.
    Clips in which nothing moves are passed over.
    """
    check_names(codecs, ())
    ladder = pipeline.tokenizer.config.ladder
    stride = ladder[-1].stride
    measured: list[dict[str, float]] = []
    detailed: list[dict[str, float]] = []
    coded: dict[str, dict[str, list[dict[str, float]]]] = {name: {} for name in codecs}
    for clip in clips:
        moves = moving_blocks(clip.frames, stride)
        if not moves.any():
            continue
        mask = np.kron(moves, np.ones(stride, bool))  # the same for every pixel
        share = float(moves.mean())
        results = [s.result for s in pipeline.reconstruct(clip.frames) if s.result is not None]
        result, *below = results[len(ladder) - 1 :]
        measured.append({"share": share, **_by_motion(clip.frames, result.frames, mask)})
        detailed += [_by_motion(clip.frames, one.frames, mask) for one in below]
        for name in codecs:
            found = _codec(CODECS[name], clip.frames, mask, share * result.total_bits / 8)
            for kind, figures in found.items():
                coded[name].setdefault(kind, []).append(figures)
    if not measured:
        raise HiTVideoError("There is no clip that could be measured and in which anything moves.")
    return {
        "protocol": PROTOCOL,
        "tokenizer": fingerprint(pipeline.tokenizer),
        "clips": len(measured),
        "levels": _mean(measured),
        **({"detail": _mean(detailed)} if detailed else {}),
        "codecs": {
            name: {
                **CODECS[name].describe(),
                **{kind: {"clips": len(rows), **_mean(rows)} for kind, rows in kinds.items()},
            }
            for name, kinds in coded.items()
        },
    }


def _by_motion(frames: np.ndarray, shown: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """PSNR over all pixels, where ``mask`` says that something moves, and elsewhere."""
    error = squared_error(frames, shown)
    row = {"psnr": decibels(error.mean()), "moving": decibels(error[mask].mean())}
    if not mask.all():
        row["still"] = decibels(error[~mask].mean())
    return row


def moving_blocks(frames: np.ndarray, stride: tuple[int, int, int]) -> np.ndarray:
    """Which blocks ``(t, h, w)`` of uint8 ``(T, H, W, 3)`` hold or touch a pixel that changes.

    Sides are multiples of the strides.
    """
    change = np.zeros(frames.shape[:3], np.float32)
    steps = np.abs(np.diff(frames.astype(np.int16), axis=0)).max(-1)
    change[1:] = steps > MOVES
    wide = F.max_pool2d(torch.from_numpy(change)[:, None], 2 * REACH + 1, 1, REACH)
    return F.max_pool3d(wide[None, :, 0], stride)[0].numpy() > 0


def squared_error(frames: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Of every pixel ``(T, H, W)``, the mean over its channels, in 8-bit levels."""
    return np.square(frames.astype(np.float32) - shown).mean(-1)


def _codec(
    codec: Codec, frames: np.ndarray, mask: np.ndarray, budget: float
) -> dict[str, dict[str, float]]:
    """The best encodes within ``budget`` bytes, with the first frame counted and without."""
    sizes: dict[str, Callable[[Encode], float]] = {
        "moving": lambda encode: encode.bytes,
        "free first frame": lambda encode: encode.bytes - codec.payload(encode.packets[0]),
    }
    best: dict[str, dict[str, float]] = {}
    for encode in ladder(codec, frames, 2 * budget):
        within = [kind for kind, size in sizes.items() if size(encode) <= budget]
        if not within:
            continue
        error = float(squared_error(frames, encode.frames())[mask].mean())
        figures = {"psnr": decibels(error), "else_perfect": decibels(error * mask.mean())}
        for kind in within:
            if kind not in best or figures["psnr"] > best[kind]["psnr"]:
                best[kind] = figures
    return best


def _mean(rows: list[dict[str, float]]) -> dict[str, float]:
    keys = dict.fromkeys(key for row in rows for key in row)
    return {key: float(np.mean([row[key] for row in rows if key in row])) for key in keys}
