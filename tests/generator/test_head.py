"""The head in training: what it works out in pieces is what it would work out at once."""

import pytest
import torch

from hitvideo.generator import head
from hitvideo.generator.head import DigitHead, Digits


def test_logits_do_not_depend_on_how_many_are_worked_out_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(0)
    digits = Digits([(4, 3), (5, 2, 3)])
    model = DigitHead(digits, inputs=8, width=16, layers=2)
    level = torch.tensor([0, 1, 0, 1, 1]).repeat(4)
    known = torch.randint(2, (20, 3)) * torch.tensor([1, 1, 0])
    hidden = torch.randn(20, 8)
    expected = model(hidden, known, level)
    monkeypatch.setattr(head, "AT_ONCE", 7)  # three positions of level 1, two of level 2
    torch.testing.assert_close(model(hidden, known, level), expected)
    alone = [model(*(x[at : at + 1] for x in (hidden, known, level))) for at in range(20)]
    torch.testing.assert_close(torch.cat(alone), expected)
    assert expected.isfinite().sum() == 4 * (2 * (4 + 3 + 1) + 3 * (5 + 2 + 3))
