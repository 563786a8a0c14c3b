"""The Generate tab with a painter: the painted clip last, the tokens alone one click away."""

import numpy as np
import pytest
from tiny_generator import save_tiny_painter, save_tiny_weights

from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.ui.clip_files import enlarged
from hitvideo.ui.generate.run import Generation
from hitvideo.ui.tokens.run import TokenFiles
from hitvideo.video import read_video

PROMPT = "a red car drives to the left"


@pytest.fixture(scope="module")
def generation(tiny: HiTVideoTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Generation:
    folder = save_tiny_weights(tmp_path_factory.mktemp("weights"), tiny)
    save_tiny_painter(folder, tiny)
    pipeline = HiTVideoPipeline.from_pretrained(folder, device="cpu", quantize=None)
    return Generation(pipeline, TokenFiles(pipeline))


def read(tile: dict) -> np.ndarray:
    return read_video(tile["video"]["path"]).astype(float)


def test_the_painted_clip_is_the_last_and_the_tokens_alone_are_there(
    generation: Generation,
) -> None:
    labels = ["Plan", "Tokens alone", "Level 1", "Level 2", "Level 3"]
    assert [tile.label for tile in generation.view().tiles] == labels
    clip = generation.pipeline(PROMPT, seed=7, mode="frame")
    looked = 0
    for shown in generation.stream(PROMPT, 7, mode="frame"):  # files live as long as the run
        tiles = shown.screen["tiles"]
        assert [tile["label"] for tile in tiles] == labels
        ready = [tile["video"] is not None for tile in tiles]
        assert ready == sorted(ready, reverse=True)  # what is newest is what the player shows
        if all(ready):
            own = [read(tiles[1]), read(tiles[-1])]
            wanted = [enlarged(x).astype(float) for x in (clip.faithful, clip.video)]
            errors = [[np.abs(a - b).mean() for b in wanted] for a in own]
            assert errors[0][0] < errors[0][1] and errors[1][1] < errors[1][0]
            looked += 1
    assert looked and shown.report is not None and shown.report["picture"] == "vivid"


def test_without_paint_there_is_one_picture(generation: Generation) -> None:
    *_, last = generation.stream(PROMPT, 7, mode="frame", picture="faithful")
    assert [t["label"] for t in last.screen["tiles"]] == ["Plan", "Level 1", "Level 2", "Level 3"]
