"""Toon: a procedural cartoon world with captions; one seed is one clip on every machine.

Knows nothing of tokenizers, training or files.
"""

from hitvideo.toon.attributes import ATTRIBUTES, UNKNOWN, classes, labels
from hitvideo.toon.captions import caption
from hitvideo.toon.clip import ToonClip, thumbnails, toon_clip, validation_hash
from hitvideo.toon.plan import scene_plan
from hitvideo.toon.render import render, render_with_mask
from hitvideo.toon.scene import (
    MIRRORED,
    Actor,
    Scene,
    is_withheld,
    mirrored,
    sample_scene,
)
from hitvideo.toon.vocabulary import (
    BACKDROPS,
    CAMERAS,
    COLOURS,
    MOTIONS,
    SPEEDS,
    SUBJECTS,
    WEATHERS,
)

__all__ = [
    "ATTRIBUTES",
    "BACKDROPS",
    "CAMERAS",
    "COLOURS",
    "MIRRORED",
    "MOTIONS",
    "SPEEDS",
    "SUBJECTS",
    "UNKNOWN",
    "WEATHERS",
    "Actor",
    "Scene",
    "ToonClip",
    "caption",
    "classes",
    "is_withheld",
    "labels",
    "mirrored",
    "render",
    "render_with_mask",
    "sample_scene",
    "scene_plan",
    "thumbnails",
    "toon_clip",
    "validation_hash",
]
