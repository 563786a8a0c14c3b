"""No scene is for two things."""

from itertools import combinations

from hitvideo.toon import seeds

RANGES = {name: value for name, value in vars(seeds).items() if isinstance(value, range)}


def test_no_scene_is_for_two_things() -> None:
    parts = {name: part for name, part in RANGES.items() if name != "ENTROPY"}
    assert len(parts) == 14
    for (name, one), (other, two) in combinations(parts.items(), 2):
        assert one.stop <= two.start or two.stop <= one.start, f"{name} and {other}"


def test_entropy_tables_are_learned_from_nothing_that_is_measured() -> None:
    assert seeds.ENTROPY.start in seeds.TRAINING and seeds.ENTROPY[-1] in seeds.TRAINING


def test_every_judge_has_scenes_of_its_own_among_those_of_judges() -> None:
    assert len(seeds.JUDGE) % seeds.JUDGE_RUN == 0
