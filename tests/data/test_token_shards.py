"""Captioned folders as people have them, and shards that hold what the tokenizer wrote."""

import copy
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from hitvideo.data import token_shards, validation_split
from hitvideo.data.captioned import FileSource, ToonSource, captioned_files
from hitvideo.data.token_shards import TokenSet, write_shards
from hitvideo.data.validation_split import film_of, split_off
from hitvideo.errors import HiTVideoError, HiTVideoWarning
from hitvideo.tokenizer import HiTVideoTokenizer, LevelConfig, TokenizerConfig
from hitvideo.toon import mirrored, sample_scene
from hitvideo.video import write_video
from tests.conftest import randomize

SIZE = (16, 32, 32)
CASES = Path(__file__).parents[2].parent / "shared" / "cases"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three videos: captioned in captions.jsonl, captioned beside it, and not at all."""
    for index, name in enumerate(("listed", "beside", "silent")):
        frames = np.full((12, 40, 48, 3), 60 * index + 20, np.uint8)
        frames[:, :, : 4 * (index + 1)] = 200
        write_video(tmp_path / f"{name}.mp4", frames, 8)
    line = {"file": "listed.mp4", "caption": ["a grey wall", "a wall"]}
    (tmp_path / "captions.jsonl").write_text(json.dumps(line) + "\n\n")
    (tmp_path / "beside.txt").write_text("a bright wall\n")
    return tmp_path


def test_captions_come_from_the_list_and_from_beside_the_video(folder: Path) -> None:
    found = {s.path.name: s.words for s in captioned_files(folder, SIZE, 8)}
    assert found == {
        "listed.mp4": ("a grey wall", "a wall"),
        "beside.mp4": ("a bright wall",),
    }


def test_byte_order_marks_and_the_line_separators_of_unicode(folder: Path) -> None:
    line = {"file": "listed.mp4", "caption": ["a\u2028b", "c\x85d"]}
    text = "\ufeff" + json.dumps(line, ensure_ascii=False) + "\r\n"
    (folder / "captions.jsonl").write_bytes(text.encode())
    (folder / "beside.txt").write_bytes("\ufeffa bright wall\r\na\u2028wall\n".encode())
    found = {s.path.name: s.words for s in captioned_files(folder, SIZE, 8)}
    assert found == {
        "listed.mp4": ("a\u2028b", "c\x85d"),
        "beside.mp4": ("a bright wall", "a\u2028wall"),
    }


def test_entries_that_match_no_video_are_named(folder: Path) -> None:
    with (folder / "captions.jsonl").open("a") as file:
        for name in ("silent.MP4", "./silent.mp4"):
            file.write(json.dumps({"file": name, "caption": "nothing"}) + "\n")
    with pytest.warns(HiTVideoWarning, match=r'"silent\.MP4", "\./silent\.mp4"\.$'):
        found = captioned_files(folder, SIZE, 8)
    assert {s.path.name for s in found} == {"listed.mp4", "beside.mp4"}
    with (folder / "captions.jsonl").open("a") as file:
        for number in range(20):
            file.write(json.dumps({"file": f"{number}.mp4", "caption": "nothing"}) + "\n")
    with pytest.warns(HiTVideoWarning, match=r'"7\.mp4" and 12 more\.$'):
        captioned_files(folder, SIZE, 8)


@pytest.mark.skipif(not CASES.is_dir(), reason="the shared inputs are not here")
def test_shared_captions(recwarn: pytest.WarningsRecorder) -> None:
    found = {
        name: [s.words for s in captioned_files(CASES / name, SIZE, 8)]
        for name in ("captions_bom", "captions_txt_bom", "captions_U_2028_in_caption")
    }
    assert found == {
        "captions_bom": [("a red car",), ("one", "two")],
        "captions_txt_bom": [("a red car",), ("ok",)],
        "captions_U_2028_in_caption": [("a\u2028b",), ("one", "two")],
    }
    assert not recwarn
    with pytest.warns(HiTVideoWarning, match=r'"v2\.MP4", "\./v3\.mp4"'):
        assert len(captioned_files(CASES / "captions_typo", SIZE, 8)) == 2


@pytest.mark.parametrize("line", ["{", "[]", '{"file": "listed.mp4"}', '{"caption": "x"}'])
def test_a_broken_caption_list_names_its_line(folder: Path, line: str) -> None:
    (folder / "captions.jsonl").write_text('{"file": "a", "caption": "b"}\n' + line)
    with pytest.raises(HiTVideoError, match="Line 2"):
        captioned_files(folder, SIZE, 8)


@pytest.mark.parametrize("few", [0, 16], ids=["processes", "here"])
def test_shards_hold_every_readable_clip_in_order(
    folder: Path,
    tmp_path: Path,
    tiny: HiTVideoTokenizer,
    few: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(token_shards, "FEW", few)
    sources = [*captioned_files(folder, SIZE, 8), ToonSource(5, SIZE, 8.0)]
    (folder / "listed.mp4").write_bytes(b"broken by now")
    out = tmp_path / "shards"
    write_shards(sources, tiny, 2, out)
    tokens = TokenSet.load(out)
    assert tokens.captions[0] == ["a bright wall"]
    assert len(tokens) == 2 and len(tokens.levels) == 2
    assert len(set(tokens.captions[1])) > 1  # Toon says the same in several ways
    samples = [sample for source in (sources[0], sources[2]) for sample in source()]
    frames = torch.from_numpy(np.stack([sample.frames for sample in samples]))
    codes = tiny.encode(frames.permute(0, 4, 1, 2, 3).float() / 127.5 - 1)
    assert tokens.subject_mask.shape == tokens.levels[1].shape
    assert tokens.subject_mask[0].max() == 0  # of a file nobody knows where its subject is
    mask = samples[1].subject_mask.astype(float)
    t, h, w = (n // m for n, m in zip(mask.shape, tokens.subject_mask.shape[1:], strict=True))
    mean = mask.reshape(-1, t, mask.shape[1] // h, h, mask.shape[2] // w, w).mean((1, 3, 5))
    assert mean.max() > 0 and np.abs(tokens.subject_mask[1].numpy() - mean).max() <= 0.5
    for stored, fresh in zip(tokens.levels, codes.levels, strict=False):
        assert (stored.long() == fresh).float().mean() > 0.99  # rounding at another batch size


def test_a_large_codebook_survives(tmp_path: Path) -> None:
    steps = (4,) * 7 + (3,)  # 49,152 codes, more than 16 bits with a sign can tell
    torch.manual_seed(0)
    model = HiTVideoTokenizer(
        TokenizerConfig(levels=(LevelConfig((4, 8, 8), steps, (1, 1, 1), 8, 1, 1, memory=0),))
    )
    randomize(model.eval())
    source = ToonSource(5, SIZE, 8.0)
    write_shards([source], model, 1, tmp_path)
    frames = torch.from_numpy(source()[0].frames).permute(3, 0, 1, 2).unsqueeze(0)
    codes = model.encode(frames.float() / 127.5 - 1).levels[0]
    assert codes.max() >= 1 << 15
    assert torch.equal(TokenSet.load(tmp_path).levels[0].long(), codes)


def test_finished_shards_are_kept(tmp_path: Path, tiny: HiTVideoTokenizer) -> None:
    sources = [ToonSource(seed, SIZE, 8.0) for seed in range(2)]
    write_shards(sources, tiny, 1, tmp_path)
    (shard,) = tmp_path.glob("tokens-*.safetensors")
    before = shard.stat().st_mtime_ns
    write_shards(sources, tiny, 1, tmp_path)
    assert shard.stat().st_mtime_ns == before


def test_shards_that_tell_no_cover_are_refused(tmp_path: Path) -> None:
    save_file({"level_1": torch.zeros(1, 2, 2, 2)}, tmp_path / "tokens-000-00000.safetensors")
    with pytest.raises(HiTVideoError, match="earlier version"):
        TokenSet.load(tmp_path)


def test_processes_share_the_clips(tmp_path: Path, tiny: HiTVideoTokenizer) -> None:
    sources = [ToonSource(seed, SIZE, 8.0) for seed in range(3)]
    for rank in range(2):
        write_shards(sources, tiny, 1, tmp_path, rank=rank, world=2)
    assert len(TokenSet.load(tmp_path)) == 3


@pytest.mark.parametrize("change", ["sources", "levels", "weights", "processes"])
def test_shards_of_other_settings_are_never_taken_for_these(
    tmp_path: Path, tiny: HiTVideoTokenizer, change: str
) -> None:
    sources = [ToonSource(seed, SIZE, 8.0) for seed in range(2)]
    write_shards(sources[:1], tiny, 1, tmp_path)
    other = copy.deepcopy(tiny)
    randomize(other, 3)
    with pytest.raises(HiTVideoError, match="of other clips, weights or settings"):
        write_shards(
            sources if change == "sources" else sources[:1],
            other if change == "weights" else tiny,
            2 if change == "levels" else 1,
            tmp_path,
            world=2 if change == "processes" else 1,
        )
    write_shards(sources[:1], tiny, 1, tmp_path)
    assert len(TokenSet.load(tmp_path)) == 1


def test_one_readable_film_of_every_so_many_is_held_out(folder: Path) -> None:
    (folder / "beside.mp4").write_bytes(b"broken")
    broken, listed = captioned_files(folder, SIZE, 8)
    more = [replace(listed, words=(str(number),)) for number in range(3)]
    for number, file in enumerate(more):
        name = folder / f"{'abc'[number]}.mp4"
        more[number] = replace(file, path=Path(shutil.copy(file.path, name)))
    sources = [broken, listed, *more]
    rest, kept = split_off(sources, 3)
    assert kept == [listed, more[1]] and rest == [broken, more[0], more[2]]
    for too_few in (sources[1:2], [], sources[:1]):
        with pytest.raises(HiTVideoError, match="At least two videos"):
            split_off(too_few, 3)


@pytest.mark.parametrize("name", ["film {}/shot {}.mp4", "{}-scene_{:03}.mp4", "{}/{}.mp4"])
def test_shots_of_one_film_are_held_out_together_or_not_at_all(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation_split, "read_samples", lambda source: [source])
    paths = [Path(name.format("abcdefghij"[film], shot)) for film in range(10) for shot in range(9)]
    files = [FileSource(path, ("a film",), SIZE, 8) for path in paths]
    rest, kept = split_off(files, 5)
    assert sorted([*rest, *kept], key=files.index) == files
    assert len(kept) == 18
    assert not {film_of(file.path) for file in rest} & {film_of(file.path) for file in kept}


def test_one_folder_of_numbers_is_held_out_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation_split, "read_samples", lambda source: [source])
    files = [FileSource(Path(f"{n:06}.mp4"), ("a film",), SIZE, 8) for n in range(20_000)]
    rest, kept = split_off(files, 50)
    assert kept == files[:400] and rest == files[400:]


def test_captions_in_another_encoding(folder: Path) -> None:
    (folder / "beside.txt").write_bytes("ein grüner Baum".encode("latin-1"))
    with pytest.raises(HiTVideoError, match=r"beside.txt cannot be read as UTF-8"):
        captioned_files(folder, SIZE, 8)


def test_a_folder_without_captions(tmp_path: Path) -> None:
    with pytest.raises(HiTVideoError, match="no video with a caption"):
        captioned_files(tmp_path, SIZE, 8)
    with pytest.raises(HiTVideoError, match="no folder"):
        captioned_files(tmp_path / "nowhere", SIZE, 8)


def test_enlarged_scenes_are_small_ones_with_their_pixels_repeated() -> None:
    (large,) = ToonSource(5, (4, 64, 64), 8.0, enlarge=2)()
    (small,) = ToonSource(5, (4, 32, 32), 8.0)()
    assert large.captions == small.captions and large.frames.shape == (4, 64, 64, 3)
    for y, x in ((0, 0), (0, 1), (1, 0), (1, 1)):
        assert np.array_equal(large.frames[:, y::2, x::2], small.frames)
        assert np.array_equal(large.subject_mask[:, y::2, x::2], small.subject_mask)


def test_a_mirror_swaps_the_sides_in_pixels_and_words() -> None:
    seed = next(
        seed
        for seed in range(1000)
        if "right" in ToonSource(seed, (4, 32, 32), 8.0)()[0].captions[0]
        and mirrored(sample_scene(seed))
    )
    plain, other = ToonSource(seed, (4, 32, 32), 8.0, mirror=True)()
    assert np.array_equal(plain.frames[:, :, ::-1], other.frames)
    assert np.array_equal(plain.subject_mask[:, :, ::-1], other.subject_mask)
    swapped = [
        re.sub("left|(?<!b)right", lambda word: {"left": "right"}.get(word[0], "left"), said)
        for said in plain.captions
    ]
    assert other.captions == swapped != plain.captions


def test_what_a_mirror_would_give_away_is_left_out() -> None:
    withheld = [seed for seed in range(1000) if mirrored(sample_scene(seed)) is None]
    assert withheld
    assert len(ToonSource(withheld[0], (2, 32, 32), 8.0, mirror=True)()) == 1
