"""docs/format.md is enough: a reader written after it finds the very codes that were written."""

from pathlib import Path

import numpy as np
import pytest
from conftest import TINY
from safetensors.numpy import load_file

from hitvideo.bitstream import TokenCoder

from .conftest import MakeCodes
from .reference import read


@pytest.mark.parametrize("coded", [True, False])
@pytest.mark.parametrize("depths", [(3, 3), (1, 3, 2)])
def test_the_page_describes_the_format(
    coder: TokenCoder,
    packing: TokenCoder,
    release_folder: Path,
    make_codes: MakeCodes,
    coded: bool,
    depths: tuple[int, ...],
) -> None:
    frames = 64 * len(depths) - 50
    codes = make_codes(frames, 18, 10)
    data = (coder if coded else packing).dumps(codes, 29.97, depths)
    tables = load_file(release_folder / "entropy" / "tables.safetensors")
    levels = TINY.to_dict()["levels"]
    found = read(data, levels, {name: array.tolist() for name, array in tables.items()})
    assert found["video"] == (frames, 18, 10, 29.97)
    assert found["depths"] == depths
    expected = coder.loads(data).codes.levels
    for grid, theirs in zip(expected, found["codes"], strict=True):
        ours = {place: int(code) for place, code in np.ndenumerate(grid[0].numpy())}
        assert theirs == {place: ours[place] for place in theirs}
    held = sum(len(theirs) for theirs in found["codes"])
    assert held == sum(grid.numel() for grid in expected) or len(set(depths)) > 1
