"""The contact sheet shows every clip where it belongs, and refuses what is no picture."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from tiny_generator import save_tiny_weights

from hitvideo.cli import main
from hitvideo.commands.contact_sheet import COLUMNS, GAP, contact_sheet
from hitvideo.commands.evaluate import levels
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.toon import caption, sample_scene, toon_clip
from hitvideo.toon.seeds import SHEET, VALIDATION


def test_every_clip_has_its_place() -> None:
    clips = [np.full((8, 32, 32, 3), 10 * k + 5, np.uint8) for k in range(COLUMNS + 1)]
    sheet = np.asarray(contact_sheet(clips, ["a word " * 40] * len(clips)))
    height = (sheet.shape[0] - GAP) // 2
    assert (sheet[GAP, GAP] == 5).all()
    assert (sheet[GAP + height, GAP] == 10 * COLUMNS + 5).all()
    assert (sheet[GAP : GAP + 128, GAP : GAP + 3 * 128] == 5).all()  # small frames are enlarged
    assert (sheet[GAP + 130 : GAP + height - GAP] < 128).any()  # the caption is written


def test_the_clips_are_those_of_seeds_0_to_23_and_of_fresh_captions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: HiTVideoTokenizer
) -> None:
    asked: list[tuple[str, int]] = []

    def noted(
        self: HiTVideoPipeline, prompts: list[str], seeds: list[int], **options: object
    ) -> list[SimpleNamespace]:
        asked.extend(zip(prompts, seeds, strict=True))
        frames = [np.full((8, 32, 32, 3), 8 * seed, np.uint8) for seed in seeds]
        for clip in frames:
            clip[2:] += 9 * np.arange(1, 7, dtype=np.uint8)[:, None, None, None]
        return [SimpleNamespace(video=clip, faithful=clip // 2, fps=8.0) for clip in frames]

    monkeypatch.setattr(HiTVideoPipeline, "generate_batch", noted)
    weights = save_tiny_weights(tmp_path / "weights", tiny)
    out = tmp_path / "sheet.png"
    assert main(["evaluate", "sheet", str(out), "--weights", str(weights), "--device", "cpu"]) == 0
    scenes = [sample_scene(SHEET.start + k) for k in range(24)]
    assert asked == [(caption(scene, SHEET.start + k), k) for k, scene in enumerate(scenes)]
    sheet = np.asarray(Image.open(out))
    height = (sheet.shape[0] - GAP) // (24 // COLUMNS)
    assert [sheet[GAP + row * height, GAP, 0] for row in range(6)] == [*range(0, 192, 32)]
    moving = tmp_path / "sheet.webp"
    assert main(["evaluate", "sheet", str(moving), "--weights", str(weights)]) == 0
    film = Image.open(moving)
    assert film.is_animated and film.n_frames == 4 and film.size == (8 * 32, 3 * 64)
    first = np.asarray(film.convert("RGB")).astype(int)
    assert abs(first[16, 7 * 32 + 16, 0] - 28) < 6 and abs(first[48, 7 * 32 + 16, 0] - 56) < 6


def test_the_sheet_of_levels_has_the_original_on_top_and_a_row_a_depth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: HiTVideoTokenizer
) -> None:
    monkeypatch.setattr(levels, "FRAMES", 4)
    monkeypatch.setattr(levels, "CLIPS", 2)
    tiny.save_pretrained(tmp_path / "weights" / "tokenizer")
    out = tmp_path / "levels.webp"
    assert main(["evaluate", "levels", str(out), "--weights", str(tmp_path / "weights")]) == 0
    film = Image.open(out)
    assert film.n_frames == 2 and film.size == (2 * 128, 4 * 128)
    first = np.asarray(film.convert("RGB"))[:128, 128:].astype(int)
    expected = toon_clip(VALIDATION[1], frames=1).frames[0].numpy()
    assert np.abs(first - expected).mean() < 8
    assert main(["evaluate", "levels", str(tmp_path / "levels.png")]) == 2


def test_only_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "sheet", str(tmp_path / "sheet.txt")]) == 2
    assert ".png" in capsys.readouterr().err and not list(tmp_path.iterdir())
