"""The token order: sequences that come apart again, and neighbours that are where it says."""

import pytest
import torch

from hitvideo.errors import HiTVideoError
from hitvideo.generator.order import NOTHING, TokenOrder

STRIDES = [(8, 32, 32), (8, 16, 16), (4, 16, 16)]
BOOKS = [60, 64, 3072]
SIZE = (24, 64, 96)


@pytest.fixture(
    params=[(1, 1, 1), (1, 2, 2), (2, 2, 2)], ids=["tokens", "finer patches", "patches"]
)
def order(request: pytest.FixtureRequest) -> TokenOrder:
    return TokenOrder(STRIDES, SIZE, request.param, BOOKS)


def grids(batch: int = 2) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = [(3, 2, 3), (3, 4, 6), (6, 4, 6)]
    return [
        torch.randint(book, (batch, *shape), generator=generator)
        for shape, book in zip(shapes, BOOKS, strict=True)
    ]


def test_revert_undoes_build_at_every_depth(order: TokenOrder) -> None:
    levels = grids()
    sequence = order.build(levels)
    assert sequence.shape == (2, len(order))
    for depth in (1, 2, 3):
        # A few positions of the next level do not make it whole.
        part = order.revert(sequence[:, : order.end(depth) + (1 if depth < 3 else 0)])
        assert len(part) == depth
        for mine, theirs in zip(part, levels, strict=False):
            assert torch.equal(mine, theirs)


def test_tokens_are_counted_whatever_the_patch(order: TokenOrder) -> None:
    assert order.tokens == [level[0].numel() for level in grids()]
    ends = [order.end(depth) for depth in (0, 1, 2, 3)]
    assert [order.written[end] for end in ends] == [sum(order.tokens[:d]) for d in (0, 1, 2, 3)]
    assert order.written == sorted(set(order.written))


def test_a_patch_is_a_square_of_its_level() -> None:
    order = TokenOrder(STRIDES, SIZE, (1, 2, 2), BOOKS)
    levels = grids(1)
    first = order.build(levels)[0, order.starts[1]]
    a, b = levels[1][0, 0, 0, :2].tolist()
    c, d = levels[1][0, 0, 1, :2].tolist()
    assert first == a + 64 * b + 64**2 * c + 64**3 * d


def test_a_patch_may_reach_beyond_the_grid() -> None:
    order = TokenOrder(STRIDES, SIZE, (2, 2, 2), BOOKS)
    levels = grids(1)  # three columns in level 1: the second patch holds the last one twice
    first = order.build(levels)[0, 1]
    a, b = levels[0][0, 0, :, 2].tolist()
    assert first == a + 60 * a + 60**2 * b + 60**3 * b


def test_a_parent_covers_its_child(order: TokenOrder) -> None:
    starts = order.coordinates * torch.tensor(order.strides[-1])  # centres, in pixels
    for child in range(order.counts[0], len(order)):
        parent = int(order.parent[child])
        stride = torch.tensor(order.strides[int(order.level[parent])])
        assert order.level[parent] == order.level[child] - 1
        assert ((starts[parent] - starts[child]).abs() <= stride / 2).all()
    assert (order.parent[: order.counts[0]] == NOTHING).all()


@pytest.mark.parametrize("kind", ["token", "frame"])
def test_inputs_are_known_before_the_step_that_needs_them(order: TokenOrder, kind: str) -> None:
    kinds = [kind] * 3
    step = order.block_index(kinds)
    for index in (order.before, order.beside(kinds), order.parent):
        there = index != NOTHING
        assert (step[index[there]] < step[there]).all()
    # The same place one latent frame earlier, in the same level.
    there = order.before != NOTHING
    moved = order.coordinates[there] - order.coordinates[order.before[there]]
    assert (moved[:, 1:] == 0).all() and (moved[:, 0] > 0).all()


def test_around_are_the_places_next_to_it_in_the_two_frames_before(order: TokenOrder) -> None:
    strides = torch.tensor(order.strides) / torch.tensor(order.strides[-1])
    for position, seen in enumerate(order.around.tolist()):
        level = int(order.level[position])
        own = order.coordinates[position] / strides[level]
        places = [(order.coordinates[i] / strides[level] - own) for i in seen if i != NOTHING]
        assert all(order.level[i] == level for i in seen if i != NOTHING)
        expected = {
            (-t, y, x)
            for t in (1, 2)
            for y in (-1, 0, 1)
            for x in (-1, 0, 1)
            if own[0] >= t
            and 0 <= own[1] + y < order.grids[level][1]
            and 0 <= own[2] + x < order.grids[level][2]
        }
        assert {tuple(place.round().int().tolist()) for place in places} == expected
        assert len(places) == len(expected)


def test_steps_cover_every_position_once(order: TokenOrder) -> None:
    for kinds in (["token"] * 3, ["frame"] * 3, ["token", "frame", "frame"]):
        covered = [i for first, end in order.blocks(kinds) for i in range(first, end)]
        assert covered == list(range(len(order)))
        assert order.blocks(kinds, 2) == [b for b in order.blocks(kinds) if b[1] <= order.end(2)]


def test_codes_of_another_shape_are_refused(order: TokenOrder) -> None:
    with pytest.raises(HiTVideoError, match="Level 2"):
        order.build([grids()[0], grids()[2]])
