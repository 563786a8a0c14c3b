"""Haar patches, quantizers and the configuration, each alone."""

import pytest
import torch

from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer.config import LevelConfig, TokenizerConfig
from hitvideo.tokenizer.haar import HaarPatches
from hitvideo.tokenizer.quantizers import FSQ


@pytest.mark.parametrize("patch", [(8, 8, 8), (4, 8, 8), (1, 8, 8), (2, 4, 16)])
def test_haar_is_orthonormal_and_invertible(patch: tuple[int, int, int]) -> None:
    haar = HaarPatches(patch)
    video = torch.rand(2, 3, patch[0], patch[1] * 3, patch[2] * 2)
    coefficients = haar(video)
    assert coefficients.shape == (2, haar.channels, 3, 2)
    assert torch.allclose(haar.inverse(coefficients), video, atol=1e-5)
    assert torch.allclose(coefficients.pow(2).sum(), video.pow(2).sum(), rtol=1e-5)


def test_haar_puts_a_constant_into_its_first_coefficient_per_colour() -> None:
    haar = HaarPatches((8, 8, 8))
    coefficients = haar(torch.ones(1, 3, 8, 8, 8)).view(3, 512)
    assert torch.allclose(coefficients[:, 0], torch.full((3,), 512**0.5))
    assert coefficients[:, 1:].abs().max() < 1e-5


@pytest.mark.parametrize("steps", [(8, 8, 4, 4, 4), (3, 5, 2), (2,)])
def test_fsq_codes_and_values_are_inverse(steps: tuple[int, ...]) -> None:
    fsq = FSQ(steps)
    codes = torch.arange(fsq.size)
    values = fsq.values(codes)
    assert values.abs().max() <= 1
    assert len(values.unique(dim=0)) == fsq.size
    again, same = fsq(torch.atanh(values * 0.999))
    assert torch.equal(same, codes)
    assert torch.allclose(again, values, atol=1e-6)


def test_fsq_passes_gradients_through() -> None:
    z = torch.zeros(4, 3, requires_grad=True)
    values, _ = FSQ((4, 4, 5))(z)
    values.sum().backward()
    assert z.grad is not None
    assert (z.grad > 0).all()


def test_config_survives_json_and_refuses_nonsense() -> None:
    config = TokenizerConfig()
    assert TokenizerConfig.from_dict(config.to_dict()) == config
    with pytest.raises(HiTVideoError, match=r"config\.json"):
        TokenizerConfig.from_dict({"levels": [{"stride": [8, 8, 8]}]})
    with pytest.raises(HiTVideoError, match="power of two"):
        LevelConfig((8, 24, 24), (4, 4), (1, 1, 1), 16, 1, 1, memory=0)


def test_the_shipped_layout_keeps_its_promises() -> None:
    config = TokenizerConfig()
    assert config.bpp(3) <= 0.0188
    assert config.bpp() <= 0.066
    by_hand = sum(lv.bits * lv.slots * (128 // lv.stride[1]) ** 2 for lv in config.levels)
    assert config.bpp() == pytest.approx(by_hand / (8 * 128 * 128))
