"""The text encoder's head start: wordings of one clip come to lie near one another."""

import torch
import torch.nn.functional as F

from hitvideo.data.toon import caption, sample_scene
from hitvideo.generator import TextEncoder
from hitvideo.generator.model import mean_embedding
from hitvideo.generator.text import new_text_encoder
from hitvideo.training.wordings import learn_wordings


def wordings(clips: int, each: int) -> list[list[str]]:
    scenes = [sample_scene(seed) for seed in range(clips)]
    return [[caption(scene, scene.seed + (k << 40)) for k in range(each)] for scene in scenes]


def found(text: TextEncoder, clips: list[list[str]]) -> float:
    """How often the nearest other caption is one of the same clip."""
    with torch.no_grad():
        embeddings, mask = text.encode([words for said in clips for words in said[:2]])
        mean = mean_embedding(embeddings, mask)
    near = F.normalize(mean - mean.mean(0), dim=-1)
    nearest = (near @ near.T).fill_diagonal_(-1).argmax(1)
    return float((nearest // 2 == torch.arange(len(nearest)) // 2).float().mean())


def test_another_wording_of_the_same_clip_is_recognised() -> None:
    torch.manual_seed(0)
    clips = wordings(48, 4)
    text = new_text_encoder(words for said in clips for words in said)
    before = found(text, clips)
    first = learn_wordings(text, clips, 1)
    last = learn_wordings(text, clips, 60)
    assert last < 0.6 * first
    assert found(text, clips) > before + 0.2


def test_single_wordings_teach_nothing() -> None:
    text = new_text_encoder(["a red car", "a blue ball"], 100)
    before = {name: tensor.clone() for name, tensor in text.state_dict().items()}
    assert learn_wordings(text, [["a red car"], ["a blue ball"]], 3) == 0.0
    for name, tensor in text.state_dict().items():
        assert torch.equal(tensor, before[name])
