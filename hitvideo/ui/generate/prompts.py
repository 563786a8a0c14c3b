"""Prompts to offer, and what the world of the shipped model holds, in plain words.

Knows nothing of the page, nor of the model but the words that it has seen.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence

from hitvideo.pipeline.words import unknown_words
from hitvideo.toon import COLOURS, SUBJECTS, caption, sample_scene
from hitvideo.toon.captions import CAMERA, PHRASES, PLACES, WEATHER

# In the words of Toon captions; at most 60 letters, to fit on a button.
EXAMPLES = (
    "a red car drives to the left across a sandy desert",
    "a golden songbird moves in a circle in a forest",
    "in outer space, a violet rocket rises slowly",
    "a crimson octopus whirls on the spot under the sea",
    "a tangerine kitten hops up and down indoors",
    "a white sailboat sails to the right at sea, in the rain",
)

# What a Toon prompt can say, in the plainest of its words.
WORLD: Mapping[str, Sequence[str]] = {
    "Who": SUBJECTS,
    "Colours": tuple(COLOURS),
    "Motion": tuple(
        " ".join(word for word in phrases[0] if word not in ("", "*"))
        for phrases in PHRASES.values()
    ),
    "Speed": ("slowly", "steadily", "quickly"),
    "Places": tuple(places[0] for places in PLACES.values()),
    "Weather": tuple(weather[0] for weather in WEATHER.values()),
    "Camera": tuple(camera[0] for camera in CAMERA.values()),
}


MAX_NAMED = 5  # words quoted; the others are only counted or left out


def knows_toon(words: Collection[str]) -> bool:
    """Whether a model that has seen these words can be offered all of this."""
    return bool(words) and not any(unknown_words(prompt, words) for prompt in EXAMPLES)


def surprise(rng: random.Random) -> str:
    """A prompt that the Toon world can show: the caption of a random scene of one actor."""
    while True:
        seed = rng.randrange(1 << 31)
        scene = sample_scene(seed)
        if len(scene.subjects) == 1:
            return caption(scene, seed)


def unknown_note(unknown: Sequence[str], some_known: bool = True, toon: bool = True) -> str:
    """What to say of words that the model never saw, and what it knows; empty if there are none.

    some_known: whether the prompt holds other words, too. toon: whether it knows Toon.
    """
    if not unknown:
        return ""
    quoted = [f"“{word}”" for word in unknown[:MAX_NAMED]]
    if len(unknown) > MAX_NAMED:
        quoted.append(f"{len(unknown) - MAX_NAMED} more")
    never = (
        f"The model never saw {listed(quoted)}, so it will guess there."
        if some_known
        else "The model never saw any of these words, so the clip will be a guess."
    )
    if not toon:
        return never
    return f"{never} It can show {listed(SUBJECTS, 'or')}; more is under “What it knows”."


def unread_note(unread: str) -> str:
    """What to say of the end of a prompt that is cut off; empty if there is none."""
    first = " ".join(unread.split()[:MAX_NAMED])
    return f"The prompt is too long: nothing from “{first}” on is read." if first else ""


def listed(words: Sequence[str], link: str = "and") -> str:
    """ "a, b and c"."""
    return f" {link} ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
