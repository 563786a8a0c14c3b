"""The subjects by name. A new one has words, too: `vocabulary` and `captions`.

Knows nothing of how any of them is drawn. Each takes (brush, seconds (F, 1, 1), body colour) and
draws within the unit circle, feet at y = 0.86 where it has any.
"""

from collections.abc import Callable

from torch import Tensor

from hitvideo.toon import creatures, toys, vehicles
from hitvideo.toon.brush import Brush, Colour

DRAW: dict[str, Callable[[Brush, Tensor, Colour], None]] = {
    "ball": toys.ball,
    "star": toys.star,
    "balloon": toys.balloon,
    "car": vehicles.car,
    "train": vehicles.train,
    "boat": vehicles.boat,
    "plane": vehicles.plane,
    "rocket": vehicles.rocket,
    "ufo": vehicles.ufo,
    "fish": creatures.fish,
    "octopus": creatures.octopus,
    "bird": creatures.bird,
    "butterfly": creatures.butterfly,
    "cat": creatures.cat,
    "robot": toys.robot,
    "mushroom": toys.mushroom,
}
