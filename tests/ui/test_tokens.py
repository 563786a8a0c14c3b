"""Token files in the app: taken away after a reconstruction, and opened at any depth."""

import csv
import io
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from conftest import TINY, moving_video, randomize
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from hitvideo.bitstream import TokenCoder
from hitvideo.frames import frames_to_video, video_to_frames
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.ui.tokens.run import MAX_PIXELS, TokenFiles
from hitvideo.video import probe, read_video

from .conftest import Served


@pytest.fixture(scope="module")
def client(server: Served) -> Client:
    return Client(server.url, verbose=False)


@pytest.fixture
def files(served: Served) -> TokenFiles:
    return TokenFiles(served.pipeline)


@pytest.fixture
def tokens(files: TokenFiles, tmp_path: Path) -> Path:
    """The token file of 12 frames, 48 x 32 pixels."""
    path = tmp_path / "waves.hitv"
    files.save(path, files.pipeline.tokenizer.encode(moving_video(12, 32, 48)), 8.0)
    return path


def decode(client: Client, path: Path | None, depth: int = 0) -> tuple[str, dict, dict]:
    file = path and handle_file(str(path))
    return client.predict(file=file, depth=depth, api_name="/decode_tokens")


def test_a_reconstruction_gives_its_token_file_and_real_sizes(
    served: Served, client: Client, clip: Path
) -> None:
    screen, table, path, archive = client.predict(
        video=handle_file(str(clip)), start=0, length=2, size=64, api_name="/reconstruct"
    )
    assert Path(path).name == "disc.hitv"
    coder, data = TokenCoder.packed(served.pipeline.tokenizer), Path(path).read_bytes()
    file = coder.loads(data)
    frames = read_video(clip, fps=8, size=64, seconds=2)
    results = [step.result for step in served.pipeline.reconstruct(frames) if step.result]
    for level, result in zip(file.codes.levels, results, strict=True):
        np.testing.assert_array_equal(level, result.codes.levels[-1])
    assert file.fps == 8
    sizes = coder.level_sizes(data)
    assert [row["bytes"] for row in table["rows"]] == list(sizes)
    assert sizes[-1] == len(data)
    actual = [8 * size / (16 * 64 * 64) for size in sizes]
    assert [row["bpp_actual"] for row in table["rows"]] == pytest.approx(actual)

    assert Path(archive).name == "disc.zip"
    with ZipFile(archive) as everything:
        held = {name: everything.read(name) for name in everything.namelist()}
    assert held.pop("disc.hitv") == data
    assert json.loads(held.pop("levels.json")) == table["rows"]
    rows = list(csv.DictReader(io.StringIO(held.pop("levels.csv").decode())))
    assert rows == [{k: str(v) for k, v in row.items()} for row in table["rows"]]
    videos = {f"level-{k}.mp4": screen["tiles"][k]["video"] for k in (1, 2, 3)}
    videos |= {"original.mp4": screen["tiles"][0]["video"], "bits.mp4": screen["tiles"][4]["video"]}
    assert held == {name: Path(video).read_bytes() for name, video in videos.items()}


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_token_file_opens_at_any_depth(
    served: Served, client: Client, tokens: Path, depth: int
) -> None:
    mp4, report, screen = decode(client, tokens, depth)
    tokenizer = served.pipeline.tokenizer
    held = depth or 3
    codes = tokenizer.encode(moving_video(12, 32, 48))
    shown = read_video(mp4).astype(float)
    errors = [np.abs(shown - video_to_frames(tokenizer.decode(codes, k))).mean() for k in (1, 2, 3)]
    assert np.argmin(errors) == held - 1
    assert probe(mp4).seconds == 1.5
    size = TokenCoder.packed(tokenizer).level_sizes(tokens.read_bytes())[held - 1]
    assert report == {
        "frames": 12,
        "height": 32,
        "width": 48,
        "fps": 8,
        "depths": [held],
        "bytes": size,
        "bpp": pytest.approx(8 * size / (12 * 32 * 48)),
        "complete": True,
        "note": "",
    }
    assert f"{size:,} bytes" in screen["tiles"][0]["detail"]


def test_a_cut_file_shows_what_is_whole_and_says_so(
    served: Served, client: Client, tokens: Path, files: TokenFiles
) -> None:
    data = tokens.read_bytes()
    sizes = files.pipeline.coder.level_sizes(data)
    tokens.write_bytes(data[: sizes[1] + 5])
    mp4, report, screen = decode(client, tokens)
    assert probe(mp4).seconds == 1.5
    assert report["depths"] == [2] and not report["complete"] and report["bytes"] == sizes[1]
    assert "levels 1 to 2 were read" in screen["message"]
    with pytest.raises(AppError, match="between 1 and 2, not 3"):
        decode(client, tokens, 3)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        ("none", "Choose a token file first"),
        ("empty", "not a HiTVideo token file"),
        ("text", "not a HiTVideo token file"),
        ("flipped", "is damaged"),
        ("short", "ends before its first level"),
        ("other", "another tokenizer"),
        ("large", "more than this page decodes"),
    ],
)
def test_a_wrong_file_gets_one_sentence(
    served: Served, client: Client, tokens: Path, files: TokenFiles, make: str, sentence: str
) -> None:
    data = tokens.read_bytes()
    if make == "empty":
        tokens.write_bytes(b"")
    elif make == "text":
        tokens.write_text("These are only words.")
    elif make == "flipped":
        tokens.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    elif make == "short":
        tokens.write_bytes(data[: files.pipeline.coder.level_sizes(data)[0] - 1])
    elif make == "other":
        other = HiTVideoTokenizer(TINY).eval()
        randomize(other, 1)
        tokens.write_bytes(TokenCoder.packed(other).dumps(other.encode(moving_video(8, 32, 32)), 8))
    elif make == "large":
        video = files.pipeline.tokenizer.encode(moving_video(8, 32, 32))
        count = -(-MAX_PIXELS // 32**2 // 8) + 1
        levels = tuple(level.repeat(1, count, 1, 1) for level in video.levels)
        codes = replace(video, levels=levels, frames=8 * count)
        tokens.write_bytes(files.pipeline.coder.dumps(codes, 8))
    with pytest.raises(AppError) as caught:
        decode(client, None if make == "none" else tokens)
    text = caught.value.message
    assert sentence in text and text.endswith(".") and text.count(". ") == 0


def test_a_decoding_that_is_closed_leaves_nothing(files: TokenFiles, tokens: Path) -> None:
    steps = files.stream(str(tokens))
    first = next(steps)
    assert first.mp4 is None and 0 < first.screen["progress"] < 1
    assert list(Path(tempfile.gettempdir()).glob("hitvideo-*"))
    steps.close()
    assert not list(Path(tempfile.gettempdir()).glob("hitvideo-*"))


def test_save_keeps_as_many_levels_as_there_are(files: TokenFiles, tmp_path: Path) -> None:
    codes = files.pipeline.tokenizer.encode(frames_to_video(np.zeros((8, 32, 32, 3), np.uint8)))
    written = codes.truncate(2)
    sizes = files.save(tmp_path / "two.hitv", written, 8.0)
    data = (tmp_path / "two.hitv").read_bytes()
    assert len(sizes) == 2 and sizes[-1] == len(data)
    assert files.pipeline.coder.loads(data).codes.depth == 2
