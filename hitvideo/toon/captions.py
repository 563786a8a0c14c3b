"""Captions: a scene said in words, with synonyms and several word orders.

Knows nothing of pixels. Every synonym belongs to one word of the vocabulary only, so that a
caption can be read back; colours are said of actors only. The main actor is named
first; a second one is always called small.
"""

import random
from collections.abc import Callable

from hitvideo.toon.scene import Actor, Scene
from hitvideo.toon.vocabulary import WEATHER_OF

NOUNS = {
    "ball": ("ball", "beach ball", "toy ball"),
    "star": ("star", "smiling star", "happy star"),
    "balloon": ("balloon", "party balloon", "toy balloon"),
    "car": ("car", "automobile", "motorcar"),
    "train": ("train", "locomotive", "steam engine"),
    "boat": ("boat", "sailboat", "sailing boat"),
    "plane": ("plane", "airplane", "aeroplane", "aircraft"),
    "rocket": ("rocket", "rocket ship", "spaceship"),
    "ufo": ("ufo", "flying saucer", "alien saucer"),
    "fish": ("fish", "tropical fish"),
    "octopus": ("octopus", "squid"),
    "bird": ("bird", "songbird", "birdie"),
    "butterfly": ("butterfly", "moth"),
    "cat": ("cat", "kitten", "kitty"),
    "robot": ("robot", "android", "tin robot"),
    "mushroom": ("mushroom", "toadstool"),
}

ADJECTIVES = {
    "red": ("red", "crimson", "scarlet"),
    "orange": ("orange", "tangerine"),
    "yellow": ("yellow", "golden", "lemon yellow"),
    "green": ("green", "emerald"),
    "cyan": ("cyan", "turquoise", "aqua"),
    "blue": ("blue", "cobalt", "sapphire"),
    "purple": ("purple", "violet"),
    "pink": ("pink", "rosy"),
    "brown": ("brown", "chocolate brown", "chestnut"),
    "black": ("black", "jet black", "ebony"),
    "white": ("white", "ivory", "milky white"),
}

# Verb and what follows it; an adverb may stand between them. "*" is the way this subject travels.
PHRASES = {
    "left": (
        ("*", "to the left"),
        ("*", "leftwards"),
        ("*", "from right to left"),
        ("move", "to the left"),
        ("head", "towards the left"),
    ),
    "right": (
        ("*", "to the right"),
        ("*", "rightwards"),
        ("*", "from left to right"),
        ("move", "to the right"),
        ("head", "towards the right"),
    ),
    "up": (
        ("rise", ""),
        ("rise", "upwards"),
        ("move", "upwards"),
        ("climb", "higher"),
        ("ascend", ""),
        ("float", "up"),
    ),
    "down": (
        ("sink", ""),
        ("sink", "downwards"),
        ("move", "downwards"),
        ("descend", ""),
        ("float", "down"),
        ("come", "down"),
    ),
    "bounce": (
        ("bounce", "up and down"),
        ("bounce", ""),
        ("hop", "up and down"),
        ("jump", "up and down"),
    ),
    "spin": (
        ("spin", ""),
        ("spin", "on the spot"),
        ("rotate", "in place"),
        ("twirl", ""),
        ("whirl", "on the spot"),
    ),
    "grow": (
        ("grow", ""),
        ("grow", "larger"),
        ("get", "bigger"),
        ("grow", "bigger and bigger"),
        ("expand", ""),
    ),
    "shrink": (
        ("shrink", ""),
        ("shrink", "away"),
        ("get", "smaller"),
        ("get", "smaller and smaller"),
        ("dwindle", ""),
    ),
    "circle": (
        ("circle", ""),
        ("move", "in a circle"),
        ("go", "in circles"),
        ("*", "in circles"),
        ("go", "round and round"),
    ),
    "zigzag": (
        ("zigzag", ""),
        ("zigzag", "along"),
        ("*", "in a zigzag"),
        ("move", "in zigzags"),
    ),
    "sway": (
        ("sway", "from side to side"),
        ("sway", ""),
        ("rock", "back and forth"),
        ("wobble", "from side to side"),
        ("tilt", "to and fro"),
    ),
    "stay": (
        ("stay", "still"),
        ("stay", "in place"),
        ("rest", "motionless"),
        ("wait", "without moving"),
        ("keep", "still"),
    ),
}

TRAVEL = {
    "ball": ("roll",),
    "star": ("glide", "drift"),
    "balloon": ("drift", "float"),
    "car": ("drive", "roll"),
    "train": ("drive", "roll"),
    "boat": ("sail", "cruise"),
    "plane": ("fly", "glide"),
    "rocket": ("fly", "travel"),
    "ufo": ("fly", "hover"),
    "fish": ("swim", "glide"),
    "octopus": ("swim", "float"),
    "bird": ("fly",),
    "butterfly": ("flutter", "fly"),
    "cat": ("walk", "stroll"),
    "robot": ("walk", "march"),
    "mushroom": ("slide", "glide"),
}

ADVERBS = {
    "slow": ("slowly", "gently", "leisurely", "at a slow pace"),
    "medium": ("steadily", "at a steady pace", "at a medium speed"),
    "fast": ("quickly", "fast", "rapidly", "at high speed", "swiftly"),
}

PLACES = {
    "meadow": ("in a meadow", "in a grassy field", "on a pasture"),
    "forest": ("in a forest", "in the woods", "among the trees"),
    "desert": ("in a desert", "across a sandy desert", "among the dunes"),
    "snow": ("in a snowy field", "in a winter landscape", "in the frozen mountains"),
    "sea": ("at sea", "over the waves", "on the ocean"),
    "underwater": ("underwater", "under the sea", "at the bottom of the ocean"),
    "city": ("in a city at night", "in a night city", "in front of lit skyscrapers"),
    "space": ("in outer space", "in space", "among the planets"),
    "sky": ("in the sky", "above the clouds", "high in the sky"),
    "room": ("in a room", "indoors", "in a living room"),
    "volcano": ("by a volcano", "near an erupting volcano", "in a land of lava"),
}

WEATHER = {
    "clear": ("in clear weather", "in fine weather"),
    "rain": ("in the rain", "while it rains", "on a rainy day"),
    "snow": ("while it snows", "in falling snow", "as snowflakes fall"),
    "fog": ("in the fog", "in thick mist", "on a foggy day"),
    "leaves": ("while leaves fall", "among falling leaves", "in a shower of leaves"),
}

CAMERA = {
    "still": ("the camera holds still", "fixed camera"),
    "pan left": ("the camera pans left", "camera panning to the left"),
    "pan right": ("the camera pans right", "camera panning to the right"),
    "zoom in": ("the camera zooms in", "camera zooming in"),
    "zoom out": ("the camera zooms out", "camera zooming out"),
}

_DOUBLED = frozenset({"get", "hop", "spin", "swim", "zigzag"})  # the last letter, before -ing


def third_person(verb: str) -> str:
    """ "fly" -> "flies"."""
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("o", "s", "sh", "ch", "x")) else "s")


def participle(verb: str) -> str:
    """ "drive" -> "driving"."""
    if verb in _DOUBLED:
        return verb + verb[-1] + "ing"
    return (verb[:-1] if verb.endswith("e") else verb) + "ing"


def caption(scene: Scene, seed: int) -> str:
    """One of the many ways to say what the scene shows, in lower case, without a full stop.

    The same scene and seed always give the same words. Subject, colour, motion and backdrop are
    always said, and so are slow, fast, any weather and any move of the camera; medium speed, clear
    weather and a still camera only sometimes.
    """
    rng = random.Random(f"toon caption {seed}")
    main, others = scene.subjects[0], scene.subjects[1:]
    place = rng.choice(PLACES[scene.backdrop])
    weather = ""
    if scene.weather != "clear" or (rng.random() < 0.1 and len(WEATHER_OF[scene.backdrop]) > 1):
        weather = rng.choice(WEATHER[scene.weather])
    form = rng.random()
    if form < 0.55:  # a red car drives slowly in a desert
        says = (
            f"{_name(main, rng)} {_act(main, rng, rng.choice((third_person, participle)))} {place}"
        )
    elif form < 0.8:  # in a desert, a red car drives slowly
        place = f"{place} {weather}" if weather and rng.random() < 0.4 else place
        weather = "" if weather in place else weather
        says = f"{place}, {_name(main, rng)} {_act(main, rng, third_person)}"
    else:  # there is a red car driving slowly in a desert
        opening = rng.choice(("there is", "we see", "a cartoon of", "a clip of"))
        says = f"{opening} {_name(main, rng)} {_act(main, rng, participle)} {place}"
    for actor in others:
        says += " " + _aside(actor, rng)
    if weather:
        says += rng.choice((" ", ", ")) + weather
    if scene.camera != "still" or rng.random() < 0.15:
        says += ", " + rng.choice(CAMERA[scene.camera])
    return says


def _name(actor: Actor, rng: random.Random, size: str = "") -> str:
    words = " ".join(filter(None, [size, rng.choice(ADJECTIVES[actor.colour]), _noun(actor, rng)]))
    return ("an " if words[0] in "aeiou" else "a ") + words


def _noun(actor: Actor, rng: random.Random) -> str:
    # The plain word half of the time: it is what people type.
    return actor.kind if rng.random() < 0.5 else rng.choice(NOUNS[actor.kind])


def _act(actor: Actor, rng: random.Random, conjugate: Callable[[str], str]) -> str:
    verb, rest = rng.choice(PHRASES[actor.motion])
    if verb == "*":
        verb = rng.choice(TRAVEL[actor.kind])
    doing = conjugate(verb)
    if actor.motion == "stay" or (actor.speed == "medium" and rng.random() < 0.6):
        return f"{doing} {rest}".strip()
    adverb = rng.choice(ADVERBS[actor.speed])
    order = rng.random()
    if order < 0.25 and " " not in adverb and adverb != "fast":
        parts = (adverb, doing, rest)
    elif order < 0.6 and " " not in adverb:
        parts = (doing, adverb, rest)
    else:
        parts = (doing, rest, adverb)
    return " ".join(filter(None, parts))


def _aside(actor: Actor, rng: random.Random) -> str:
    """The second actor, always called small."""
    name = _name(actor, rng, rng.choice(("small", "little", "smaller")))
    if rng.random() < 0.6:
        return f"{rng.choice(('while', 'as', 'and'))} {name} {_act(actor, rng, third_person)}"
    return f"with {name} {_act(actor, rng, participle)}"
