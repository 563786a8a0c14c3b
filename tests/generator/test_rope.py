"""The rotation of queries and keys tells how far apart they lie, on each axis by itself."""

import pytest
import torch
from tiny_generator import tiny_generator

from hitvideo.generator.rope import BASE, Rope3D

HEAD = 64


def rotated(x: torch.Tensor, place: list[float]) -> torch.Tensor:
    """``(HEAD,)`` as LlamaModel turns it: x cos + rotate_half(x) sin."""
    cos, sin = Rope3D(HEAD)(x, torch.tensor([[place]]))
    half = torch.cat([-x[HEAD // 2 :], x[: HEAD // 2]])
    return x * cos[0, 0] + half * sin[0, 0]


def test_an_angle_is_the_coordinate_times_its_frequency() -> None:
    time, space = 12, 10  # pairs: of 32, a third each to height and width, the rest to time
    cos, sin = Rope3D(HEAD)(torch.zeros(1), torch.tensor([[[3.0, 5.0, 7.0]]]))
    for first, count, coordinate in ((0, time, 3.0), (12, space, 5.0), (22, space, 7.0)):
        for k in range(count):
            angle = torch.tensor(coordinate * BASE ** (-k / count))
            for index in (first + k, HEAD // 2 + first + k):
                assert cos[0, 0, index].item() == pytest.approx(angle.cos().item(), abs=1e-5)
                assert sin[0, 0, index].item() == pytest.approx(angle.sin().item(), abs=1e-5)


def test_only_the_difference_of_places_counts() -> None:
    torch.manual_seed(0)
    query, key = torch.randn(2, HEAD)
    products = [
        rotated(query, [a + 2, b + 1, c]) @ rotated(key, [a, b, c + 4])
        for a, b, c in ((0, 0, 0), (7, 1, 2), (3, 9, 5))
    ]
    assert torch.allclose(torch.stack(products), products[0].expand(3), atol=1e-4)
    swapped = rotated(query, [1, 2, 0]) @ rotated(key, [0, 0, 4])
    assert abs(swapped - products[0]) > 0.1  # the axes are not the same


@pytest.mark.parametrize("axis", range(3))
def test_the_language_model_turns_by_the_places_of_its_tokens(axis: int) -> None:
    """Stretching one axis of the coordinates changes what the model makes of the same tokens."""
    model = tiny_generator()
    inputs = torch.randn(1, 6, model.llama.config.hidden_size)
    places = torch.rand(1, 6, 3) * 8
    other = places.clone()
    other[..., axis] *= 2
    with torch.no_grad():
        one, two = (
            model.llama(inputs_embeds=inputs, position_ids=p).last_hidden_state
            for p in (places, other)
        )
    assert (one - two).abs().max() > 1e-3
