"""Scenes, withheld combinations and the camera's promises, over many seeds and no renders."""

from collections import Counter
from itertools import product

from hitvideo.toon import (
    BACKDROPS,
    CAMERAS,
    COLOURS,
    MOTIONS,
    SPEEDS,
    SUBJECTS,
    WEATHERS,
    is_withheld,
    sample_scene,
)
from hitvideo.toon.seeds import VALIDATION
from hitvideo.toon.vocabulary import WEATHER_OF

SEEDS = range(6000)


def test_a_seed_is_a_scene() -> None:
    assert sample_scene(7) == sample_scene(7)
    assert len({sample_scene(seed) for seed in range(200)}) == 200


def test_training_never_sees_a_withheld_combination() -> None:
    for seed in SEEDS:
        for actor in sample_scene(seed).subjects:
            assert not is_withheld(actor.kind, actor.colour, actor.motion)


def test_withheld_scenes_have_a_withheld_main_actor_and_a_trained_second_one() -> None:
    for seed in range(1000):
        main, *others = sample_scene(seed, withheld=True).subjects
        assert is_withheld(main.kind, main.colour, main.motion)
        assert not any(is_withheld(a.kind, a.colour, a.motion) for a in others)


def test_about_a_tenth_is_withheld_and_no_word_loses_much() -> None:
    combinations = list(product(SUBJECTS, COLOURS, MOTIONS))
    withheld = [words for words in combinations if is_withheld(*words)]
    assert 0.08 < len(withheld) / len(combinations) < 0.12
    everywhere = Counter(word for words in combinations for word in words)
    missing = Counter(word for words in withheld for word in words)
    assert all(missing[word] / count < 0.2 for word, count in everywhere.items())


def test_every_word_is_drawn_about_as_often_as_its_neighbours() -> None:
    scenes = [sample_scene(seed) for seed in SEEDS]
    mains = [scene.subjects[0] for scene in scenes]
    for words, drawn in (
        (SUBJECTS, [actor.kind for actor in mains]),
        (tuple(COLOURS), [actor.colour for actor in mains]),
        (MOTIONS, [actor.motion for actor in mains]),
        (BACKDROPS, [scene.backdrop for scene in scenes]),
    ):
        counts = Counter(drawn)
        fair = len(scenes) / len(words)
        assert set(counts) == set(words)
        assert all(0.7 * fair < count < 1.3 * fair for count in counts.values())
    assert {actor.speed for actor in mains} == set(SPEEDS)
    assert {scene.weather for scene in scenes} == set(WEATHERS)
    assert {scene.camera for scene in scenes} == set(CAMERAS)
    pairs = sum(len(scene.subjects) == 2 for scene in scenes)
    assert 0.2 < pairs / len(scenes) < 0.4


def test_scenes_keep_what_captions_rely_on() -> None:
    for seed in SEEDS:
        scene = sample_scene(seed)
        main, *others = scene.subjects
        assert scene.weather in WEATHER_OF[scene.backdrop]
        for actor in others:
            assert main.size > 1.25 * actor.size
            assert actor.kind != main.kind and actor.colour != main.colour
        if any(actor.motion == "stay" for actor in scene.subjects):
            assert not scene.camera.startswith("pan")


def test_validation_seeds_are_no_training_seeds() -> None:
    assert min(VALIDATION) >= 1_000_000_000 and len(VALIDATION) == 32
