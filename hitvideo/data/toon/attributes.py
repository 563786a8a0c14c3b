"""What a scene is known by: the attributes that a caption names first and a clip is judged by.

Knows nothing of pixels or of how the words are said.
"""

from hitvideo.data.toon.scene import Scene
from hitvideo.data.toon.vocabulary import BACKDROPS, COLOURS, MOTIONS, SUBJECTS

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "subject": SUBJECTS,
    "colour": tuple(COLOURS),
    "motion": MOTIONS,
    "backdrop": BACKDROPS,
}


def labels(scene: Scene) -> dict[str, str]:
    """The words for it: of the main actor its subject, colour and motion, and the backdrop."""
    main = scene.subjects[0]
    words = main.kind, main.colour, main.motion, scene.backdrop
    return dict(zip(ATTRIBUTES, words, strict=True))
