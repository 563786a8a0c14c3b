"""What a scene is known by: the attributes that a caption names first and a clip is judged by.

Knows nothing of pixels or of how the words are said.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from hitvideo.toon.scene import Scene
from hitvideo.toon.vocabulary import BACKDROPS, COLOURS, MOTIONS, SUBJECTS

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "subject": SUBJECTS,
    "colour": tuple(COLOURS),
    "motion": MOTIONS,
    "backdrop": BACKDROPS,
}

UNKNOWN = -1  # the class of a clip that nothing is known of


def labels(scene: Scene) -> dict[str, str]:
    """The words for it: of the main actor its subject, colour and motion, and the backdrop."""
    main = scene.subjects[0]
    words = main.kind, main.colour, main.motion, scene.backdrop
    return dict(zip(ATTRIBUTES, words, strict=True))


def classes(words: Iterable[dict[str, str] | None]) -> Tensor:
    """Class indices ``(B, attributes)`` of what clips show; UNKNOWN where there are no words."""
    return torch.tensor(
        [
            [known.index(said[name]) if said else UNKNOWN for name, known in ATTRIBUTES.items()]
            for said in words
        ]
    )
