"""Painted clips: the picture that is asked for, beside what the tokens alone show."""

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_generator import save_tiny_painter, save_tiny_weights

from hitvideo.cli import main
from hitvideo.errors import HiTVideoError
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.video import read_video

PROMPT = "a red car drives to the left"


@pytest.fixture(scope="module")
def weights(tiny: HiTVideoTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = save_tiny_weights(tmp_path_factory.mktemp("weights"), tiny)
    save_tiny_painter(folder, tiny)
    return folder


@pytest.fixture(scope="module")
def pipeline(weights: Path) -> HiTVideoPipeline:
    return HiTVideoPipeline.from_pretrained(weights, device="cpu", quantize=None)


def test_vivid_is_the_default_and_hides_nothing(pipeline: HiTVideoPipeline) -> None:
    vivid = pipeline(PROMPT, seed=2, mode="frame")
    faithful = pipeline(PROMPT, seed=2, mode="frame", picture="faithful")
    assert (vivid.request.picture, faithful.request.picture) == ("vivid", "faithful")
    np.testing.assert_array_equal(vivid.faithful, faithful.video)
    assert faithful.video is faithful.faithful
    assert vivid.video.shape == vivid.faithful.shape and (vivid.video != vivid.faithful).any()


def test_every_level_is_painted_as_it_comes(pipeline: HiTVideoPipeline) -> None:
    steps = pipeline.stream(PROMPT, seed=2, mode="frame")
    results = [step.result for step in steps if step.result is not None]
    assert all((result.video != result.faithful).any() for result in results)
    plain = pipeline(PROMPT, seed=2, mode="frame")
    np.testing.assert_array_equal(results[-1].video, plain.video)


def test_a_batch_is_painted_clip_by_clip(pipeline: HiTVideoPipeline) -> None:
    prompts, seeds = [PROMPT, "a cat"], [4, 5]
    for clip, prompt, seed in zip(
        pipeline.generate_batch(prompts, seeds, mode="frame"), prompts, seeds, strict=True
    ):
        alone = pipeline(prompt, seed, mode="frame")
        assert np.abs(clip.video.astype(int) - alone.video).max() <= 2
        assert clip.plan is not None and alone.plan is not None
        assert (clip.plan.tracks == alone.plan.tracks).all()


def test_pictures_that_there_are_not(pipeline: HiTVideoPipeline, tiny: HiTVideoTokenizer) -> None:
    with pytest.raises(HiTVideoError, match="vivid or faithful"):
        pipeline.request(PROMPT, picture="sharp")
    bare = HiTVideoPipeline(tiny, pipeline.generator, pipeline.text, pipeline.planner)
    assert bare.request(PROMPT).picture == "faithful"
    with pytest.raises(HiTVideoError, match="no painter"):
        bare.request(PROMPT, picture="vivid")


def test_a_painter_of_other_weights_is_refused(weights: Path, tmp_path: Path) -> None:
    import shutil

    for key in ("tokenizer_hash", "names_hash"):
        folder = tmp_path / key
        shutil.copytree(weights, folder)
        path = folder / "painter" / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {key: "0" * 16}))
        with pytest.raises(HiTVideoError, match="painter was trained for another"):
            HiTVideoPipeline.from_pretrained(folder, device="cpu", quantize=None)


def test_the_command_line_shows_either(weights: Path, tmp_path: Path) -> None:
    shown = {}
    for picture in ("vivid", "faithful"):
        out = tmp_path / f"{picture}.mp4"
        options = ["--seed", "3", "--mode", "frame", "--picture", picture]
        common = ["--weights", str(weights), "--device", "cpu", "--quantize", "none"]
        assert main(["generate", PROMPT, str(out), *options, *common]) == 0
        shown[picture] = read_video(out)[0]
    assert np.abs(shown["vivid"].astype(int) - shown["faithful"]).mean() > 1
