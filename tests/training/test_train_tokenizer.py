"""Training really trains, survives a kill, repeats with its seed and runs in several processes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hitvideo.data.pool import ClipPool, folder_clips
from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.training import tokenizer as training
from hitvideo.training.tokenizer import TokenizerSettings, train, validate
from hitvideo.training.tokenizer_settings import check
from hitvideo.video import write_video


def options(clips: Path, out: Path) -> list[str]:
    small = ["--batch", "1", "--frames", "16", "--size", "64", "--warmup", "1"]
    folders = ["--clips", str(clips), "--init", str(clips / "tiny"), "--out", str(out)]
    return [*small, *folders, "--checkpoint-every", "1"]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory, tiny: HiTVideoTokenizer) -> Path:
    """Two clips, a broken one, and a tiny tokenizer to start from."""
    folder = tmp_path_factory.mktemp("clips")
    tiny.save_pretrained(folder / "tiny")
    ramp = np.arange(200, dtype=np.uint8)
    for index in range(2):
        frames = [np.roll(np.tile(ramp[None, :, None], (200, 1, 3)), 5 * t, 1) for t in range(20)]
        frames = [frame // (index + 1) for frame in frames]
        write_video(folder / f"clip_{index}.mp4", frames, 8)
    (folder / "broken_0.mp4").write_bytes(b"not a video")  # one bad file must not stop a run
    return folder


def settings(out: Path, clips: Path, steps: int) -> TokenizerSettings:
    return TokenizerSettings(
        out=str(out),
        clips=[str(clips)],
        init=str(clips / "tiny"),
        steps=steps,
        batch=1,
        frames=16,
        size=64,
        warmup=1,
        checkpoint_every=1,
    )


def weights(out: Path) -> dict[str, torch.Tensor]:
    return torch.load(out / "checkpoint.pt", weights_only=True)["model"]


def test_a_resumed_run_ends_where_an_unbroken_one_does(clips: Path, tmp_path: Path) -> None:
    train(settings(tmp_path / "whole", clips, 3))
    batch = training._batch

    def killed(config: TokenizerSettings, *rest: Any) -> Any:
        if rest[-1] == 2:
            raise KeyboardInterrupt
        return batch(config, *rest)

    with pytest.raises(KeyboardInterrupt), pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "_batch", killed)
        train(settings(tmp_path / "broken", clips, 3))
    assert (tmp_path / "broken" / "checkpoint.pt").exists()
    train(settings(tmp_path / "broken", clips, 3))
    whole, broken = weights(tmp_path / "whole"), weights(tmp_path / "broken")
    for name, tensor in whole.items():
        assert torch.allclose(tensor, broken[name], atol=1e-5), name
    HiTVideoTokenizer.from_pretrained(tmp_path / "broken" / "tokenizer")


@pytest.mark.slow
def test_minutes_bfloat16_and_what_the_log_says(
    clips: Path, tmp_path: Path, fresh_accelerate: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "STRETCHES", 3)
    change = {"minutes": 1e-9, "bf16": True, "validate": str(clips)}
    train(TokenizerSettings(**{**settings(tmp_path, clips, 0).__dict__, **change}))
    (line,) = map(json.loads, (tmp_path / "log.jsonl").read_text().splitlines())
    assert line["step"] == 1  # the first step used all the time up
    tokenizer = HiTVideoTokenizer.from_pretrained(tmp_path / "tokenizer")
    measured = validate(tokenizer, ClipPool(folder_clips(clips), augment=False).sample, 3)
    assert line["psnr"]["clips"] == pytest.approx(measured, abs=0.02)
    assert len(measured) == 3 and all(0 < psnr < 60 for psnr in measured)


@pytest.mark.slow
def test_two_processes_train_one_model(clips: Path, tmp_path: Path) -> None:
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    launch += ["--standalone", "-m", "hitvideo", "train-tokenizer"]
    command = [*launch, *options(clips, tmp_path), "--steps", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr[-2000:]
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert state["step"] == 2
    assert json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])["processes"] == 2
    # Two processes saw two different clips a step: not the model that one process gives.
    train(settings(tmp_path / "alone", clips, 2))
    alone = weights(tmp_path / "alone")
    assert any(not torch.allclose(alone[k], v, atol=1e-6) for k, v in state["model"].items())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"clips": []}, "nothing to train on"),
        ({"steps": 0}, "budget"),
        ({"frames": 12}, "multiple of 8"),
        ({"size": 100}, "multiple of 16"),
        ({"size": 48, "init": ""}, "multiple of 32"),
        ({"size": 36, "init": "", "layout": "single"}, "multiple of 8"),
        ({"init": "nowhere"}, "no model"),
        ({"clips": ["nowhere"]}, "no folder"),
        ({"toon": -3}, "below zero"),
        ({"toon": 2_000_001}, "later scenes are for measuring"),
        ({"toon_share": 5.0}, "--toon-share must be between 0 and 1"),
        ({"checkpoint_every": 0}, "at least 1"),
        ({"validate_every": 0}, "at least 1"),
        ({"ema": 3.0}, "--ema"),
        ({"seed": 1 << 40}, "--seed"),
    ],
)
def test_settings_that_cannot_work(
    clips: Path, tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    config = TokenizerSettings(**{**settings(tmp_path / "run", clips, 1).__dict__, **change})
    with pytest.raises(HiTVideoError, match=sentence):
        train(config)


@pytest.mark.parametrize("change", [{"size": 48}, {"size": 40, "init": "", "layout": "single"}])
def test_any_size_that_the_tokenizers_own_levels_divide(
    clips: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    check(TokenizerSettings(**{**settings(tmp_path / "run", clips, 1).__dict__, **change}))


def test_a_folder_that_cannot_be_made(clips: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(HiTVideoError, match="cannot be made"):
            train(settings(out, clips, 1))
