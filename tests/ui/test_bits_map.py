"""The film of bits has them where and when they are spent."""

import numpy as np

from hitvideo.ui.heat import heat
from hitvideo.ui.reconstruct.bits_map import bits_map


def test_bits_lie_on_the_pixels_and_frames_that_a_code_covers() -> None:
    coarse, fine = np.zeros((1, 1, 2)), np.zeros((8, 2, 4))
    coarse[0, 0, 1] = 8 * 8 * 8 * 0.1  # a tenth of a bit for each of its pixels
    fine[3, 1, 0] = 4 * 4 * 10.0  # as much as there is white for
    film = bits_map([coarse, fine], [(8, 8, 8), (1, 4, 4)], (7, 6, 15))
    assert film.shape == (7, 6, 15, 3)
    white = (film == 255).all(-1)
    assert white[3, 4:, :4].all() and white.sum() == 2 * 4
    tenth = heat(np.array(1 / 3))  # of the way from 0.01 to 10, by the logarithm
    assert (film[:, :, 8:] == tenth).all()
    assert (film[2, :, :8] == 0).all()
