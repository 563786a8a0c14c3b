"""Causality, chunks, depths, sizes and storage of the group autoencoder, with random weights."""

from pathlib import Path

import pytest
import torch
from conftest import randomize

from hitvideo.autoencoder.config import AutoencoderConfig, LevelConfig
from hitvideo.autoencoder.model import GroupAutoencoder, State
from hitvideo.errors import HiTVideoError

SMALL = AutoencoderConfig(
    levels=(
        LevelConfig((8, 16, 16), (5, 4, 3), 1, memory=False),
        LevelConfig((8, 8, 8), (4, 4, 4), 1, memory=False),
        LevelConfig((4, 8, 8), (4, 3, 4), 1, memory=True),
    ),
    widths=(16, 16),
    frame_width=16,
    encoder_blocks=1,
    frame_blocks=(1, 2),
)


@pytest.fixture(scope="module")
def model() -> GroupAutoencoder:
    torch.manual_seed(0)
    model = GroupAutoencoder(SMALL).eval()
    randomize(model)
    return model


def clip(frames: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(2, 3, frames, 32, 48, generator=generator) * 2 - 1


def encoded(model: GroupAutoencoder, video: torch.Tensor) -> list[tuple[torch.Tensor, ...]]:
    state, groups = model.initial_state, []
    for group in video.split(8, 2):
        codes, state = model.encode_group(state, group)
        groups.append(codes)
    return groups


@torch.no_grad()
def decoded(
    model: GroupAutoencoder, groups: list[tuple[torch.Tensor, ...]], depth: int = 3
) -> torch.Tensor:
    state: State = model.initial_state
    parts = []
    for codes in groups:
        part, state = model.decode_group(state, (2, 32, 48), codes[:depth])
        parts.append(part)
    return torch.cat(parts, 2)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_group_by_group_is_the_whole_clip_at_once(model: GroupAutoencoder, depth: int) -> None:
    video = clip(24)
    groups = encoded(model, video)
    assert [tuple(c.shape) for c in groups[0]] == [(2, 1, 2, 3), (2, 1, 4, 6), (2, 2, 4, 6)]
    with torch.no_grad():
        whole = model(video, torch.tensor([depth, depth]))
    assert torch.allclose(decoded(model, groups, depth), whole, atol=1e-5)


def test_codes_are_in_range_and_vary(model: GroupAutoencoder) -> None:
    for level, config in zip(encoded(model, clip(8))[0], SMALL.levels, strict=True):
        size = torch.tensor(config.steps).prod()
        assert level.min() >= 0 and level.max() < size and len(level.unique()) > 3


def test_the_future_changes_nothing_and_the_past_only_what_remembers(
    model: GroupAutoencoder,
) -> None:
    video, other = clip(24), clip(24, seed=1)
    first, changed = (
        encoded(model, video),
        encoded(model, torch.cat([other[:, :, :8], video[:, :, 8:]], 2)),
    )
    for a, b in zip(first[1][:2], changed[1][:2], strict=True):  # without memory
        assert torch.equal(a, b)
    assert not torch.equal(first[1][2], changed[1][2])
    cut = encoded(model, torch.cat([video[:, :, :16], other[:, :, 16:]], 2))
    for a, b in zip(first[1], cut[1], strict=True):
        assert torch.equal(a, b)
    assert torch.equal(decoded(model, first)[:, :, :16], decoded(model, cut)[:, :, :16])


def test_frames_see_their_neighbours_on_both_sides_in_a_group_and_before_it(
    model: GroupAutoencoder,
) -> None:
    """Of the drawing alone: estimates are given."""
    h = torch.randn(1, 2, 16, 4, 6, generator=torch.Generator().manual_seed(0))
    other = h.clone()
    other[:, 0] += 1
    with torch.no_grad():
        whole, _ = model._draw(model.initial_state, h)
        _, state = model._draw(model.initial_state, h[:, :1])
        second, _ = model._draw(State(model.initial_state.memory, state), h[:, 1:])
        changed, _ = model._draw(model.initial_state, other)
    assert torch.allclose(whole[:, :, 8:], second, atol=1e-5)
    moved = (whole - changed)[:, :, 8:].abs().amax((0, 1, 3, 4))
    assert (moved[:2] > 0).all() and (moved[2:] == 0).all()  # two blocks: two frames


def test_levels_that_a_sample_leaves_out_cannot_change_it(model: GroupAutoencoder) -> None:
    video = clip(16)
    with torch.no_grad():
        mixed = model(video, torch.tensor([1, 3]))
        shallow, deep = (model(video, torch.tensor([d, d])) for d in (1, 3))
    assert torch.allclose(mixed[0], shallow[0], atol=1e-5)
    assert torch.allclose(mixed[1], deep[1], atol=1e-5)
    assert not torch.allclose(shallow[1], deep[1], atol=1e-2)


def test_fewer_levels_have_the_same_codes(model: GroupAutoencoder) -> None:
    group = clip(8)
    whole, _ = model.encode_group(model.initial_state, group)
    first, _ = model.encode_group(model.initial_state, group, 2)
    assert len(first) == 2 and all(map(torch.equal, first, whole))


def test_a_gradient_reaches_values_and_all_parameters() -> None:
    torch.manual_seed(0)
    model = GroupAutoencoder(SMALL)
    randomize(model)
    model(clip(16), torch.tensor([3, 1])).square().mean().backward()
    idle = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == ["levels.0.absent"]  # there is always a first level
    codes, _ = model.encode_group(model.initial_state, clip(8))
    values = [
        level.quantizer.values(c).requires_grad_()
        for level, c in zip(model.ladder, codes, strict=True)
    ]
    video, _ = model.decode_group(model.initial_state, (2, 32, 48), values)
    video.square().mean().backward()
    assert all(v.grad is not None and v.grad.abs().sum() > 0 for v in values)


def test_it_comes_back_from_its_folder(model: GroupAutoencoder, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    again = GroupAutoencoder.from_pretrained(tmp_path)
    assert again.config == SMALL
    for a, b in zip(encoded(model, clip(8))[0], encoded(again, clip(8))[0], strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("levels", "widths", "words"),
    [
        (((8, 16, 16), (8, 8, 8)), (16,), "its width"),
        (((8, 16, 16),), (16,), "end with 8"),
        (((8, 32, 32), (8, 8, 8)), (16, 16), "half"),
        (((8, 16, 8), (8, 8, 8)), (16, 16), "as many rows"),
        (((3, 16, 16), (8, 8, 8)), (16, 16), "divide 8"),
    ],
)
def test_configurations_that_cannot_work(
    levels: tuple[tuple[int, int, int], ...], widths: tuple[int, ...], words: str
) -> None:
    with pytest.raises(HiTVideoError, match=words):
        AutoencoderConfig(tuple(LevelConfig(s, (4, 4), 1, False) for s in levels), widths)
    with pytest.raises(HiTVideoError, match="does not fit"):
        AutoencoderConfig.from_dict({"levels": 3})
