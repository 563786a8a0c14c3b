"""Captions say what the scene holds, in words that can be read back one way only."""

import re
from collections.abc import Iterable, Mapping
from itertools import chain

from hitvideo.toon import Scene, caption, sample_scene
from hitvideo.toon.captions import (
    ADJECTIVES,
    ADVERBS,
    CAMERA,
    NOUNS,
    PHRASES,
    PLACES,
    TRAVEL,
    WEATHER,
    participle,
    third_person,
)

SEEDS = range(3000)


def conjugated(motion: str) -> set[str]:
    said = set()
    for verb, rest in PHRASES[motion]:
        for stem in set(chain(*TRAVEL.values())) if verb == "*" else (verb,):
            for form in (third_person, participle):
                said.add(f"{form(stem)} {rest}".strip())
    return said


VERBS = {motion: conjugated(motion) for motion in PHRASES}


def find(text: str, table: Mapping[str, Iterable[str]]) -> tuple[str | None, str]:
    """The word whose longest synonym is in the text, and the text without it."""
    by_length = sorted(
        ((phrase, word) for word, phrases in table.items() for phrase in phrases),
        key=lambda pair: -len(pair[0]),
    )
    for phrase, word in by_length:
        pattern = rf"\b{re.escape(phrase)}\b"
        if phrase in text and re.search(pattern, text):
            return word, re.sub(r"\s+", " ", re.sub(pattern, " ", text, count=1))
    return None, text


def read(text: str) -> dict[str, object]:
    """Everything a caption says, found by its words alone."""
    camera, text = find(text, CAMERA)
    weather, text = find(text, WEATHER)
    backdrop, text = find(text, PLACES)
    parts = re.split(r"\b(?:while|as|with|and) (?=a (?:small|little|smaller) )", text)
    actors = []
    for part in parts:
        speed, part = find(part, ADVERBS)
        motion, part = find(part, VERBS)
        colour, part = find(part, ADJECTIVES)
        kind, _ = find(part, NOUNS)
        actors.append((kind, colour, motion, speed or "medium"))
    return {"backdrop": backdrop, "weather": weather, "camera": camera, "actors": actors}


def truth(scene: Scene) -> dict[str, object]:
    return {
        "backdrop": scene.backdrop,
        "weather": scene.weather,
        "camera": scene.camera,
        "actors": [(a.kind, a.colour, a.motion, a.speed) for a in scene.subjects],
    }


def test_no_synonym_means_two_things() -> None:
    for table in (NOUNS, ADJECTIVES, VERBS, ADVERBS, PLACES, WEATHER, CAMERA):
        said = list(chain(*table.values()))
        assert len(said) == len(set(said))


def test_captions_read_back_as_the_scene() -> None:
    for seed in SEEDS:
        scene = sample_scene(seed)
        text = caption(scene, seed)
        heard = read(text)
        heard["weather"] = heard["weather"] or "clear"
        heard["camera"] = heard["camera"] or "still"
        assert heard == truth(scene), text


def test_colours_are_only_said_of_actors() -> None:
    words = {word for names in ADJECTIVES.values() for name in names for word in name.split()}
    for table in (NOUNS, PLACES, WEATHER, CAMERA, VERBS, ADVERBS):
        said = {word for phrases in table.values() for p in phrases for word in p.split()}
        assert not said & words


def test_one_scene_is_said_in_many_ways_and_each_seed_in_one() -> None:
    scene = sample_scene(6)
    said = {caption(scene, seed) for seed in range(200)}
    assert len(said) > 150
    assert caption(scene, 9) == caption(scene, 9)


def test_captions_are_clean_text() -> None:
    for seed in SEEDS:
        text = caption(sample_scene(seed), seed)
        assert text == text.lower().strip() and "  " not in text and " ," not in text
        assert not re.search(r"\ba [aeiou](?!fo)|\ban [^aeiou]", text), text
        assert not re.search(r"\b(\w+) \1\b", text.replace("bigger and bigger", "")), text


def test_conjugation() -> None:
    assert third_person("fly") == "flies" and participle("fly") == "flying"
    assert third_person("go") == "goes" and participle("drive") == "driving"
    assert participle("hop") == "hopping" and third_person("stay") == "stays"
