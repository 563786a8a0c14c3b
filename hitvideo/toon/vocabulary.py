"""The words of Toon: what can be in a scene, named once for renderer, captions and judge.

Knows nothing of pixels beyond the colours' RGB values, and nothing of synonyms (see ``captions``).
"""

SUBJECTS = (
    "ball",
    "star",
    "balloon",
    "car",
    "train",
    "boat",
    "plane",
    "rocket",
    "ufo",
    "fish",
    "octopus",
    "bird",
    "butterfly",
    "cat",
    "robot",
    "mushroom",
)

# sRGB, 0..255; chosen to stay apart from each other after shading.
COLOURS = {
    "red": (226, 44, 48),
    "orange": (250, 136, 26),
    "yellow": (254, 216, 52),
    "green": (52, 168, 66),
    "cyan": (52, 214, 222),
    "blue": (40, 88, 222),
    "purple": (136, 62, 196),
    "pink": (252, 130, 190),
    "brown": (134, 80, 42),
    "black": (40, 40, 50),
    "white": (248, 248, 250),
}

BACKDROPS = (
    "meadow",
    "forest",
    "desert",
    "snow",
    "sea",
    "underwater",
    "city",
    "space",
    "sky",
    "room",
    "volcano",
)

MOTIONS = (
    "left",
    "right",
    "up",
    "down",
    "bounce",
    "spin",
    "grow",
    "shrink",
    "circle",
    "zigzag",
    "sway",
    "stay",
)

SPEEDS = ("slow", "medium", "fast")

WEATHERS = ("clear", "rain", "snow", "fog", "leaves")

CAMERAS = ("still", "pan left", "pan right", "zoom in", "zoom out")

# Weather that a backdrop can have; indoors, in space and under water there is none.
WEATHER_OF = {
    "meadow": ("clear", "rain", "snow", "fog", "leaves"),
    "forest": ("clear", "rain", "snow", "fog", "leaves"),
    "desert": ("clear", "rain", "fog"),
    "snow": ("clear", "snow", "fog"),
    "sea": ("clear", "rain", "snow", "fog"),
    "underwater": ("clear",),
    "city": ("clear", "rain", "snow", "fog"),
    "space": ("clear",),
    "sky": ("clear", "rain", "snow", "leaves"),
    "room": ("clear",),
    "volcano": ("clear", "rain", "fog"),
}

# Subjects that stand on the ground unless their motion takes them off it.
GROUNDED = frozenset({"ball", "car", "train", "boat", "cat", "robot", "mushroom"})
