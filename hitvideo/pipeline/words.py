"""Which words of a prompt a model knows. Plain text on both sides."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection


def unknown_words(prompt: str, known: Collection[str]) -> list[str]:
    """Words and symbols of the prompt that are not among the ``known`` ones, each named once.

    A word counts as known in a simple inflection, too: "cars", "drove" no, "driving" yes where
    "drive" is known. Nothing is unknown where nothing is known.
    """
    if not known:
        return []
    from hitvideo.generator.text import words_of

    words = words_of(prompt) + [c for c in prompt if unicodedata.category(c) == "So"]
    return [word for word in dict.fromkeys(words) if not _knows(known, word)]


def _knows(known: Collection[str], word: str) -> bool:
    stems = [word]
    for ending in ("'s", "s", "es", "ing", "ed", "d"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stem = word[: -len(ending)]
            stems += [stem, stem + "e"]
            if stem[-1] == stem[-2]:  # spinning
                stems.append(stem[:-1])
    forms = [form for stem in stems for form in (stem, stem + "s", stem + "ing")]
    parts = word.split("-")
    return any(form in known for form in forms) or (
        len(parts) > 1 and all(_knows(known, part) for part in parts)
    )
