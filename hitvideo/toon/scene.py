"""Scenes: what one Toon clip shows, drawn from a seed, and which combinations are withheld.

Knows nothing of pixels or words. All chance comes from ``random.Random`` over strings, which is the
same on every machine and Python version.
"""

import random
from dataclasses import dataclass, replace
from hashlib import blake2b

from hitvideo.toon.vocabulary import (
    BACKDROPS,
    CAMERAS,
    COLOURS,
    GROUNDED,
    MOTIONS,
    SPEEDS,
    SUBJECTS,
    WEATHER_OF,
)

# What motions and camera moves become in a mirror, as far as they change.
MIRRORED = {"left": "right", "right": "left", "pan left": "pan right", "pan right": "pan left"}

_WITHHELD_SHARE = 0.1
_MAIN_SIZE = (0.40, 0.48)
_SECOND_SIZE = (0.24, 0.28)


@dataclass(frozen=True)
class Actor:
    """One subject and what it does.

    Lengths are in half frames: the shorter side of the frame runs from -1 to 1, y points down.

    kind, colour, motion, speed: words of the vocabulary; ``speed`` is "medium" where ``motion`` is
        "stay", which has none.
    size: half the subject's extent.
    x, y: where it is at home; x is a share of the frame's half width. For subjects on the ground,
        y is the ground under their feet.
    facing: +1 right, -1 left; also the sense of "spin", "circle" and "zigzag" ("left" and "right"
        face where they go, whatever this says).
    phase: 0..1, where in its cycle the motion starts.
    """

    kind: str
    colour: str
    motion: str
    speed: str
    size: float
    x: float
    y: float
    facing: int
    phase: float

    @property
    def grounded(self) -> bool:
        """Whether the subject's feet, not its centre, are at ``y``."""
        return self.kind in GROUNDED and self.motion not in ("up", "down", "circle", "zigzag")


@dataclass(frozen=True)
class Scene:
    """Everything one clip shows; ``subjects[0]`` is the main actor, larger and in front.

    ``seed`` also fixes the backdrop's details (where the hills, stars and windows are).
    """

    backdrop: str
    subjects: tuple[Actor, ...]
    weather: str
    camera: str
    seed: int


def is_withheld(kind: str, colour: str, motion: str) -> bool:
    """Whether this combination is kept out of training, to test composition.

    The rule: the first four bytes of blake2b("kind|colour|motion"), as a big-endian share of
    2**32, are below 0.1. About a tenth of all combinations, spread evenly over every word.
    """
    digest = blake2b(f"{kind}|{colour}|{motion}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") < _WITHHELD_SHARE * 2**32


def sample_scene(seed: int, *, withheld: bool = False) -> Scene:
    """The scene of this seed.

    withheld: False never draws a withheld combination for any actor; True draws only scenes whose
        main actor is a withheld combination (the second actor, if any, is a trained one).
    """
    rng = random.Random(f"toon scene {seed}")
    backdrop = rng.choice(BACKDROPS)
    weather = "clear" if rng.random() < 0.5 else rng.choice(WEATHER_OF[backdrop])
    main = _draw_words(rng, withheld, SUBJECTS, tuple(COLOURS), MOTIONS)
    second = None
    if rng.random() < 0.3:
        # Unlike the main actor in kind and colour, and never growing, so it stays the smaller one.
        second = _draw_words(
            rng,
            False,
            tuple(kind for kind in SUBJECTS if kind != main[0]),
            tuple(colour for colour in COLOURS if colour != main[1]),
            tuple(motion for motion in MOTIONS if motion not in ("grow", "shrink")),
        )
    side = rng.choice((-1, 1)) if second else 0
    actors = [_place(rng, main, side, rng.uniform(*_MAIN_SIZE))]
    if second:
        actors.append(_place(rng, second, -side, rng.uniform(*_SECOND_SIZE), behind=True))
    # What stays in place must not seem to travel, so no pan behind it.
    resting = any(actor.motion == "stay" for actor in actors)
    cameras = tuple(c for c in CAMERAS if not (resting and c.startswith("pan")))
    camera = "still" if rng.random() < 0.4 else rng.choice(cameras)
    return Scene(backdrop, tuple(actors), weather, camera, seed)


def mirrored(scene: Scene) -> Scene | None:
    """What the scene's frames show when left and right change places; None if that is withheld.

    For captions only: the backdrop's details hang on the seed, so rendering this one would draw
    them where they were.
    """
    actors = tuple(
        replace(a, motion=MIRRORED.get(a.motion, a.motion), x=-a.x, facing=-a.facing)
        for a in scene.subjects
    )
    if any(is_withheld(a.kind, a.colour, a.motion) for a in actors):
        return None
    return replace(scene, subjects=actors, camera=MIRRORED.get(scene.camera, scene.camera))


def _draw_words(
    rng: random.Random,
    withheld: bool,
    kinds: tuple[str, ...],
    colours: tuple[str, ...],
    motions: tuple[str, ...],
) -> tuple[str, str, str]:
    while True:
        words = rng.choice(kinds), rng.choice(colours), rng.choice(motions)
        if is_withheld(*words) == withheld:
            return words


def _place(
    rng: random.Random, words: tuple[str, str, str], side: int, size: float, behind: bool = False
) -> Actor:
    """An actor at home on one ``side`` of the frame (0: the middle); ``behind``: further up."""
    kind, colour, motion = words
    if side and not behind:
        size *= 0.92
    speed = "medium" if motion == "stay" else rng.choice(SPEEDS)
    x = 0.42 * side + rng.uniform(-0.12, 0.12) * (1 if side else 2)
    facing = rng.choice((-1, 1))
    actor = Actor(kind, colour, motion, speed, size, x, 0.0, facing, rng.random())
    if actor.grounded or motion == "bounce":
        y = rng.uniform(0.42, 0.5) if behind else rng.uniform(0.66, 0.76)
    elif behind:
        y = rng.uniform(-0.55, -0.4)
    elif side:
        y = rng.uniform(0.1, 0.22)
    else:
        y = rng.uniform(-0.15, 0.15)
    if motion == "circle":
        x, y = 0.8 * x, max(-0.3, min(0.15, y))  # so that the whole round is in the frame
    return replace(actor, x=x, y=y)
