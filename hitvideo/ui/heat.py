"""Numbers as colours, from nothing to much."""

from __future__ import annotations

import numpy as np

# From 0 to 1, evenly spaced. views.js has the same.
HEAT = np.array([(0, 0, 0), (80, 18, 123), (217, 70, 70), (253, 200, 60), (255, 255, 255)])


def heat(values: np.ndarray) -> np.ndarray:
    """Numbers ``(...)`` as colours, uint8 ``(..., 3)``; below 0 as 0, above 1 as 1."""
    places = np.linspace(0, 1, len(HEAT))
    return np.stack([np.interp(values, places, HEAT[:, c]) for c in range(3)], -1).astype(np.uint8)
