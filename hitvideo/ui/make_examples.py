"""Renders the Toon clips that the app offers: `python -m hitvideo.ui.make_examples FOLDER`.

Knows nothing of the app.
"""

import sys
from pathlib import Path

from hitvideo.toon import toon_clip
from hitvideo.toon.seeds import VALIDATION
from hitvideo.video import write_video

# Of the validation set, so that no shipped model has seen them.
CLIPS = {"toon-car": 20, "toon-cat": 6, "toon-octopus": 2, "toon-robot": 17}
SIZE = 256  # pixels a side: the largest that the app reads


def main(folder: Path, size: int = SIZE) -> None:
    """Writes the clips to `folder`, `size` pixels a side."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, index in CLIPS.items():
        clip = toon_clip(VALIDATION[index], height=size, width=size)
        write_video(folder / f"{name}.mp4", clip.frames.numpy(), clip.fps, {"title": clip.caption})
        print(f"{name}.mp4: {clip.caption}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
