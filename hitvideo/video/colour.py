"""High dynamic range to the range of ordinary screens, and transparency to what lies behind it.

PQ and HLG (ITU-R BT.2100) become light on a display in cd/m2, of which 203 are reference white
(ITU-R BT.2408); what is brighter is rolled off by the EETF of ITU-R BT.2390. Knows nothing of
sizes or files.
"""

from functools import cache
from typing import Any

import numpy as np
from av.video.frame import VideoFrame

PQ, HLG = 16, 18  # transfer characteristics of ITU-T H.273
REFERENCE_WHITE = 203.0  # cd/m2, the white of ordinary video (BT.2408, table 1)
PEAK = 1000.0  # cd/m2, the brightest that is told apart; HLG's nominal peak
BACKGROUND = 255  # white lies behind whatever is transparent, as it does in GIF players

BAND = 1 << 17  # pixels tone-mapped at once, which take a few megabytes

# (x, y) of red, green, blue and white D65, by the numbers of H.273.
_WHITE = (0.3127, 0.3290)
_PRIMARIES = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),  # BT.709
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),  # BT.2020
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),  # P3 D65
}
_HLG_WEIGHTS = np.array([0.2627, 0.6780, 0.0593], np.float32)  # of scene luminance, table 5
_BT2020 = 9  # what BT.2100 has, and what counts where nothing else is stated


def hdr_name(frame: VideoFrame) -> str:
    """ "PQ" or "HLG" for a frame of high dynamic range, else ""."""
    return {PQ: "PQ", HLG: "HLG"}.get(frame.color_trc, "")


def rgb_picture(frame: VideoFrame, enough: tuple[int, int] | None = None) -> np.ndarray:
    """`frame` as uint8 RGB (H, W, 3) of BT.709, opaque: on white where it is transparent.

    enough: height and width that will do, since tone mapping takes long; only pictures of high
        dynamic range that have twice as much are made smaller, by a whole factor.
    """
    hdr, alpha = hdr_name(frame), _has_alpha(frame)
    if not hdr and not alpha:
        return frame.to_ndarray(format="rgb24")
    size: dict[str, Any] = {}
    if hdr and enough is not None:
        factor = min(frame.height // enough[0], frame.width // enough[1])
        if factor > 1:
            size = {"height": frame.height // factor, "width": frame.width // factor}
            size["interpolation"] = "AREA"
    layers = frame.to_ndarray(format="rgba", **size) if alpha else None
    if hdr:
        codes = frame.to_ndarray(format="rgb48le", **size)
        picture = tone_mapped(codes, hdr, frame.color_primaries)
    else:
        assert layers is not None
        picture = layers[..., :3]
    return picture if layers is None else composited(picture, layers[..., 3:])


def composited(picture: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """uint8 `picture` (H, W, 3) with straight `alpha` (H, W, 1), on the background; rounded."""
    if alpha.min() == 255:
        return np.ascontiguousarray(picture)
    weight = alpha.astype(np.uint32)
    mixed = picture * weight + BACKGROUND * (255 - weight)
    return ((mixed + 127) // 255).astype(np.uint8)


def tone_mapped(picture: np.ndarray, transfer: str, primaries: int = _BT2020) -> np.ndarray:
    """A picture of high dynamic range as uint8 RGB of BT.709, for a display of BT.1886.

    picture: uint16 R'G'B' (H, W, 3), full range. transfer: "PQ" or "HLG".
    Colours beyond BT.709 are clipped; the roll-off of bright ones keeps their hue.
    """
    light, matrix = _light(transfer), _to_bt709(primaries if primaries in _PRIMARIES else _BT2020)
    pixels = picture.reshape(-1, 3)
    shown = np.empty(pixels.shape, np.uint8)
    for first in range(0, len(pixels), BAND):
        linear = light[pixels[first : first + BAND]]
        if transfer == "HLG":  # BT.2100's OOTF for a peak of 1000 cd/m2: gamma 1.2
            scene = linear @ _HLG_WEIGHTS
            linear *= np.float32(PEAK / REFERENCE_WHITE) * scene[:, None] ** np.float32(0.2)
        linear = np.maximum(linear @ matrix.T, 0)
        linear *= _look_up(_roll_off(), linear.max(1, keepdims=True) * (REFERENCE_WHITE / PEAK))
        shown[first : first + BAND] = _look_up(_codes(), linear)
    return shown.reshape(picture.shape)


def _has_alpha(frame: VideoFrame) -> bool:
    layout = frame.format
    return layout.has_palette or any(part.is_alpha for part in layout.components)


@cache
def _light(transfer: str) -> np.ndarray:
    """By 16-bit code: of PQ the light in units of reference white, of HLG the scene's, to 1."""
    code = np.arange(1 << 16) / 65535
    if transfer == "PQ":
        return (_pq_to_light(code) / REFERENCE_WHITE).astype(np.float32)
    a, b, c = 0.17883277, 0.28466892, 0.55991073  # BT.2100, table 5
    high = (np.exp((np.maximum(code, 0.5) - c) / a) + b) / 12
    return np.where(code <= 0.5, code**2 / 3, high).astype(np.float32)


# BT.2100, table 4.
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq_to_light(code: np.ndarray) -> np.ndarray:
    root = code ** (1 / _M2)
    return 10_000 * (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1)


def _light_to_pq(light: np.ndarray) -> np.ndarray:
    root = (light / 10_000) ** _M1
    return ((_C1 + _C2 * root) / (1 + _C3 * root)) ** _M2


@cache
def _roll_off() -> np.ndarray:
    """What light up to 1000 cd/m2 is multiplied by for a display of 203 (BT.2390, 5.4.1)."""
    peak = _light_to_pq(np.array(PEAK))
    largest = _light_to_pq(np.array(REFERENCE_WHITE)) / peak
    knee = 1.5 * largest - 0.5
    light = PEAK * _STEPS**2
    code = _light_to_pq(light) / peak
    t = np.maximum(code - knee, 0) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (3 * t**2 - 2 * t**3) * largest
    )
    rolled = _pq_to_light(spline * peak) / np.maximum(light, 1e-9)
    return np.where(code < knee, 1, rolled).astype(np.float32)


@cache
def _codes() -> np.ndarray:
    """8-bit R'G'B' for light in units of white (BT.1886)."""
    return np.rint(255 * _STEPS ** (2 / 2.4)).astype(np.uint8)


# Tables are over the root of light, so that dark ones get their share.
_STEPS = np.arange(8192) / 8191


def _look_up(table: np.ndarray, light: np.ndarray) -> np.ndarray:
    """The entries of `table` for `light` in [0, 1]; more counts as 1."""
    index = np.sqrt(np.minimum(light, 1)) * np.float32(len(_STEPS) - 1) + np.float32(0.5)
    return table[index.astype(np.uint16)]


@cache
def _to_bt709(primaries: int) -> np.ndarray:
    """The matrix from linear RGB of `primaries` to that of BT.709."""
    return (np.linalg.inv(_to_xyz(1)) @ _to_xyz(primaries)).astype(np.float32)


def _to_xyz(primaries: int) -> np.ndarray:
    columns = np.array([_xyz(*place) for place in _PRIMARIES[primaries]]).T
    return columns * np.linalg.solve(columns, _xyz(*_WHITE))


def _xyz(x: float, y: float) -> np.ndarray:
    return np.array([x / y, 1, (1 - x - y) / y])
