"""Drawing values: the right distribution, and never a value that was ruled out."""

import pytest
import torch

from hitvideo.generator.sampling import Noise, Sampling

LOGITS = torch.tensor([1.0, 3.0, -1.0, 2.0])


def drawn(sampling: Sampling, count: int = 20_000) -> torch.Tensor:
    """Shares of the values."""
    noise = Noise([0]).level(count, 1, 4)[0, :, 0]
    values = sampling.choose(LOGITS.expand(1, count, -1), noise)
    return torch.bincount(values, minlength=4) / count


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_values_come_as_often_as_their_probability_says(temperature: float) -> None:
    expected = (LOGITS / temperature).softmax(-1)
    torch.testing.assert_close(drawn(Sampling(1, temperature)), expected, rtol=0, atol=0.02)


def test_temperature_zero_takes_the_likeliest() -> None:
    assert drawn(Sampling(1, 0.0)).tolist() == [0, 1, 0, 0]


def test_top_k_keeps_k_values_and_their_ratio() -> None:
    shares = drawn(Sampling(1, top_k=2))
    assert shares[[0, 2]].tolist() == [0, 0]
    assert shares[1] / shares[3] == pytest.approx(torch.e, rel=0.1)
    assert (drawn(Sampling(1, top_k=9)) > 0).all()


@pytest.mark.parametrize(("top_p", "kept"), [(0.3, {1}), (0.7, {1, 3}), (0.9, {0, 1, 3})])
def test_top_p_keeps_the_fewest_likely_values_that_reach_it(top_p: float, kept: set[int]) -> None:
    shares = drawn(Sampling(1, top_p=top_p))
    assert set(shares.nonzero().flatten().tolist()) == kept


def test_what_is_impossible_is_never_drawn() -> None:
    logits = torch.tensor([[float("-inf"), 0.1, 0.2]])
    noise = Noise([0]).level(1, 1, 3)[0, 0, 0]
    noise[0], noise[1:] = 40.0, -40.0
    assert Sampling(1).choose(logits, noise) != 0


@pytest.mark.parametrize("scale", [0.0, 2.5])
def test_guidance_goes_from_without_text_through_with_text_and_beyond(scale: float) -> None:
    both = torch.tensor([[3.0, 0.0, 1.0], [1.0, 1.0, 4.0]])  # with the text, and without
    guided = both[1] + scale * (both[0] - both[1])
    torch.manual_seed(0)
    for _ in range(100):
        noise = torch.randn(3) * 3
        assert Sampling(scale).choose(both, noise) == (guided + noise).argmax()


def test_noise_is_each_clips_own_and_comes_level_by_level() -> None:
    alone, both = Noise([5]), Noise([4, 5])
    for tokens in (3, 7):
        noise = both.level(tokens, 2, 4)
        assert torch.equal(noise[1:], alone.level(tokens, 2, 4))
        assert noise.isfinite().all()
        assert not torch.equal(noise[0], noise[1])
