"""A folder of clips as one file."""

from pathlib import Path

import numpy as np
import torch

from hitvideo.data.packed import packed_clips
from hitvideo.data.pool import folder_clips
from hitvideo.video import write_video


def test_packed_clips_are_the_folders_and_are_decoded_once(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    for name, shape in (("a_0", (40, 60)), ("a_1", (60, 40)), ("b", (32, 32))):
        frames = np.random.default_rng(len(name)).integers(0, 256, (9, *shape, 3), np.uint8)
        write_video(folder / f"{name}.mp4", frames, 8)
    cache = tmp_path / "run" / "clips.npy"
    packed = packed_clips(folder, cache, short_side=32, max_fps=4)
    for one, other in zip(packed, folder_clips(folder, short_side=32, max_fps=4), strict=True):
        assert torch.equal(one.frames, other.frames) and one.fps == other.fps == 4
        assert one.source == other.source
    for video in folder.iterdir():
        video.unlink()
    assert len(packed_clips(folder, cache, short_side=32, max_fps=4)) == 3
    assert sorted(path.name for path in cache.parent.iterdir()) == ["clips.json", "clips.npy"]
