"""Videos through token files: a depth per block without drift, limits kept, memory bounded."""

import io
from pathlib import Path

import numpy as np
import pytest
from conftest import moving_video

from hitvideo.bitstream import EncodeReport, TokenCoder, TokenReader, decode_video, encode_video
from hitvideo.errors import HiTVideoError
from hitvideo.frames import frames_to_video, video_to_frames
from hitvideo.tokenizer import HiTVideoTokenizer


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    """Two and a bit blocks, uint8 (T, H, W, 3), of which the second is all grey."""
    clip = video_to_frames(moving_video(140, 30, 20))
    clip[64:128] = 128
    return clip


def encoded(
    coder: TokenCoder, tokenizer: HiTVideoTokenizer, frames: np.ndarray, **limits: float
) -> tuple[bytes, EncodeReport]:
    out = io.BytesIO()
    report = encode_video(coder, tokenizer, frames, 8, out, **limits)  # type: ignore[arg-type]
    return out.getvalue(), report


def decoded(tokenizer: HiTVideoTokenizer, coder: TokenCoder, data: bytes) -> np.ndarray:
    return np.stack(list(decode_video(tokenizer, TokenReader(coder.release, io.BytesIO(data)))))


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.square(a.astype(float) - b).mean()))


def test_a_video_is_coded_as_its_tokens_are(
    coder: TokenCoder, tiny: HiTVideoTokenizer, frames: np.ndarray
) -> None:
    frames = frames[:76]
    data, report = encoded(coder, tiny, frames)
    codes = tiny.encode(frames_to_video(frames))
    assert data == coder.dumps(codes, 8)
    assert report.sizes == coder.level_sizes(data)
    assert report.bpp == 8 * len(data) / (76 * 30 * 20)
    shown = decoded(tiny, coder, data)
    np.testing.assert_array_equal(shown, video_to_frames(tiny.decode(codes)))
    assert report.psnr == pytest.approx(psnr(frames, shown))


@pytest.mark.parametrize(
    ("limits", "depths"),
    [
        ({"max_bpp": 0.02}, (1, 2, 1)),
        ({"max_bpp": 0.07}, (3, 2)),
        ({"max_bpp": 1, "min_psnr": 1}, (1, 1)),
        ({"max_bpp": 1e-9}, (1, 1)),
        ({"max_bpp": 1, "depth": 2}, (2, 2)),
    ],
)
def test_depths_that_change_do_not_drift(
    packing: TokenCoder,
    tiny: HiTVideoTokenizer,
    frames: np.ndarray,
    limits: dict[str, float],
    depths: tuple[int, ...],
) -> None:
    """Whatever depths the limits lead to, the decoder shows just what the encoder foresaw."""
    frames = frames if len(depths) == 3 else frames[:72]
    data, report = encoded(packing, tiny, frames, **limits)
    assert report.depths == depths
    assert packing.loads(data).depths == depths
    shown = decoded(tiny, packing, data)
    assert report.psnr == pytest.approx(psnr(frames, shown), abs=1e-9)


def test_max_bpp_bounds_the_whole_file(
    packing: TokenCoder, tiny: HiTVideoTokenizer, frames: np.ndarray
) -> None:
    clip = frames[:16]
    sizes = [len(encoded(packing, tiny, clip, depth=depth)[0]) for depth in (1, 2, 3)]
    for bpp in np.linspace(0.01, 0.2, 6):
        data, report = encoded(packing, tiny, clip, max_bpp=float(bpp))
        assert len(data) == sizes[report.depths[0] - 1]
        assert report.bpp <= bpp or report.depths == (1,)


def test_min_psnr_takes_the_shallowest_depth_that_reaches_it(
    coder: TokenCoder, tiny: HiTVideoTokenizer, frames: np.ndarray
) -> None:
    first = frames[:16]
    reached = [encoded(coder, tiny, first, depth=d)[1].psnr for d in (1, 2, 3)]
    for wanted in [*reached, *(score + 0.01 for score in reached)]:
        enough = [d for d, score in enumerate(reached, start=1) if score >= wanted]
        report = encoded(coder, tiny, first, min_psnr=wanted)[1]
        assert report.depths == (enough[0] if enough else 3,)
    report = encoded(coder, tiny, first, min_psnr=99)[1]
    limit = report.bpp * 0.999
    assert encoded(coder, tiny, first, min_psnr=99, max_bpp=limit)[1].depths[0] < 3


def test_memory_holds_one_block(coder: TokenCoder, tiny: HiTVideoTokenizer) -> None:
    """Frames are taken as blocks need them, and given out before the whole file is decoded."""
    clip = video_to_frames(moving_video(8, 16, 16))
    taken = []

    def source():
        for number in range(200):
            taken.append(number)
            yield clip[number % 8]

    class Pieces(io.BytesIO):
        reads: list[int] = []  # noqa: RUF012

        def read(self, size: int | None = -1) -> bytes:
            self.reads.append(self.tell())
            return super().read(size)

    out = Pieces()
    encode_video(coder, tiny, source(), 8, out)
    reader = TokenReader(coder.release, out)
    out.reads.clear()
    shown = decode_video(tiny, reader)
    next(shown)
    assert len(out.reads) == 3  # the first block's payload of every level
    assert sum(1 for _ in shown) == 199
    assert len(out.reads) == 3 * 4


def test_what_cannot_be_encoded(coder: TokenCoder, tiny: HiTVideoTokenizer, tmp_path: Path) -> None:
    picture = np.zeros((16, 16, 3), np.uint8)
    cases = [
        ([], {}, "no frames"),
        ([picture, picture[:8]], {}, "same size"),
        ([picture.astype(float)], {}, "uint8"),
        ([picture], {"depth": 4}, "between 1 and 3, not 4"),
        ([picture], {"depth": 0}, "between 1 and 3, not 0"),
        ([picture], {"max_bpp": float("nan")}, "bits per pixel"),
        ([picture], {"max_bpp": 0.0}, "bits per pixel"),
        ([picture], {"min_psnr": float("inf")}, "PSNR"),
    ]
    for given, limits, words in cases:
        with pytest.raises(HiTVideoError, match=words):
            encode_video(coder, tiny, given, 8, tmp_path / "a.hitv", **limits)  # type: ignore[arg-type]
    with pytest.raises(HiTVideoError, match="cannot be written"):
        encode_video(coder, tiny, [picture], 8, tmp_path / "nowhere" / "a.hitv")
    assert list(tmp_path.iterdir()) == []
    encode_video(coder, tiny, [picture], 8, tmp_path / "a.hitv")
    with (tmp_path / "a.hitv").open("rb") as file:
        reader = TokenReader(coder.release, file)
        with pytest.raises(HiTVideoError, match="between 1 and 3, not 4"):
            decode_video(tiny, reader, 4)
