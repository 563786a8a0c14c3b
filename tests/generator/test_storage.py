"""Model folders as they come: whole, broken, or put together from several releases."""

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conftest import randomize
from safetensors.torch import load_file, save_file
from tiny_generator import CAPTIONS, save_tiny_weights, tiny_generator, tiny_text

from hitvideo.errors import HiTVideoError
from hitvideo.generator import HiTVideoGenerator
from hitvideo.generator.presets import planner
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.training.text_to_tokens import TextToTokens

MODEL = "model.safetensors"


@pytest.fixture(scope="module")
def weights(tiny: HiTVideoTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_weights(tmp_path_factory.mktemp("weights"), tiny)


@pytest.fixture
def folder(weights: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(weights, tmp_path / "copy"))


def load(folder: Path) -> HiTVideoPipeline:
    return HiTVideoPipeline.from_pretrained(folder, "cpu", None)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def without_a_block(path: Path) -> None:
    kept = {name: t for name, t in load_file(path).items() if ".block.1." not in name}
    save_file(kept, path, {"format": "pt"})


def another_text(folder: Path) -> None:
    torch.manual_seed(1)
    text = tiny_text()
    randomize(text, 5)
    text.save_pretrained(folder)


def another_planner(folder: Path) -> None:
    model = HiTVideoGenerator(planner(256, 16))
    randomize(model, 5)
    model.save_pretrained(folder)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: cut_off(f / "generator" / MODEL), "generator in .* broken"),
        (lambda f: cut_off(f / "planner" / MODEL), "planner in .* broken"),
        (lambda f: cut_off(f / "text" / MODEL), "text encoder .* cannot be loaded"),
        (lambda f: (f / "text" / "words.json").write_text("["), "text encoder .* cannot be loaded"),
        (lambda f: (f / "text" / "config.json").write_text("{"), "text encoder .* cannot be"),
        # It is looked for in the folder, never on the hub under the same name.
        (lambda f: shutil.rmtree(f / "text"), "text encoder .*/text cannot be loaded"),
        (lambda f: without_a_block(f / "text" / MODEL), "not those of a T5 encoder"),
        (lambda f: another_text(f / "text"), "text encoder is of another version"),
        (
            lambda f: shutil.rmtree(f / "planner"),
            "planner that belongs to .* is missing",
        ),
        (lambda f: another_planner(f / "planner"), "planner is of another version"),
    ],
)
def test_what_is_broken_or_of_another_release_gets_one_sentence(
    folder: Path, spoil: Callable[[Path], object], words: str
) -> None:
    load(folder)
    spoil(folder)
    with pytest.raises(HiTVideoError, match=words) as caught:
        load(folder)
    assert "\n" not in str(caught.value)


def test_the_hub_is_not_asked_for_what_a_folder_given_relatively_lacks(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def connect(*address: object, **_: object) -> None:
        asked.append(address)
        raise OSError("There is no network.")

    monkeypatch.setattr(socket, "getaddrinfo", connect)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.chdir(folder.parent)
    shutil.rmtree(folder / "text")
    with pytest.raises(HiTVideoError, match=r"text encoder copy/text cannot be loaded"):
        load(Path("copy"))
    assert not asked


def test_models_killed_while_they_are_saved_are_still_the_previous_ones(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = TextToTokens(
        tiny_text(), tiny_generator(plan=True), HiTVideoGenerator(planner(256, 16))
    )

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    expected = load(folder)(CAPTIONS[0], seed=3).video
    monkeypatch.setattr(HiTVideoGenerator, "save_pretrained", killed)
    with pytest.raises(KeyboardInterrupt):
        model.save_pretrained(folder, torch.float32)
    assert (load(folder)(CAPTIONS[0], seed=3).video == expected).all()


def test_a_text_encoder_may_lie_elsewhere(folder: Path, tmp_path: Path) -> None:
    expected = load(folder)(CAPTIONS[0], seed=3).video
    (folder / "text").rename(tmp_path / "t5")
    config = folder / "generator" / "config.json"
    settings = json.loads(config.read_text())
    config.write_text(json.dumps(settings | {"text_encoder": str(tmp_path / "t5")}))
    assert (load(folder)(CAPTIONS[0], seed=3).video == expected).all()
