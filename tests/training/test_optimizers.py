"""Two optimizers behind one face: nothing twice, nothing left out, one schedule for all."""

import pytest
import torch
from torch import nn

from hitvideo.training import muon
from hitvideo.training.muon import Muon, orthogonal
from hitvideo.training.optimizers import TEXT_RATE, muon_and_adamw


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleDict({"a": nn.Linear(8, 8)})
        self.table = nn.Embedding(4, 8)
        self.out = nn.Linear(8, 4)
        self.out.weight = self.table.weight  # tied

    def forward(self, index: torch.Tensor) -> torch.Tensor:
        block: nn.Module = self.layers["a"]
        return self.out(block(self.table(index)))


class Wrapped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.text = nn.Linear(8, 8)


def test_every_parameter_is_moved_once_and_the_rate_reaches_all() -> None:
    torch.manual_seed(0)
    model = Wrapped()
    optimizer = muon_and_adamw(model, 1e-2)
    held = [p for group in optimizer.param_groups for p in group["params"]]
    assert len(held) == len({id(p) for p in held}) == len(list(model.parameters()))
    muon = optimizer.parts[0].param_groups[0]["params"]
    assert [id(p) for p in muon] == [id(model.model.layers["a"].weight)]

    def step(rate: float) -> list[bool]:
        before = [p.detach().clone() for p in model.parameters()]
        for group in optimizer.param_groups:
            group["lr"] = rate
        (model.model(torch.arange(4)) @ model.text(torch.ones(4, 8))).pow(2).sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        return [not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)]

    slow = [group for group in optimizer.param_groups if group.get("factor") == TEXT_RATE]
    assert {id(p) for group in slow for p in group["params"]} == set(
        map(id, model.text.parameters())
    )

    assert all(step(1e-2))
    assert not any(step(0.0))
    # The rates of a restored state are those of the parts, too.
    optimizer.load_state_dict(optimizer.state_dict())
    assert not any(step(0.0))
    assert all(step(1e-2))


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("shape", [(48, 16), (16, 48)])
def test_muon_takes_the_steps_of_torch(
    shape: tuple[int, int], fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(torch.optim, "Muon"):
        pytest.skip("torch before 2.9 has no Muon")
    monkeypatch.setattr(muon, "cpu_has_bf16", lambda: fast)
    torch.manual_seed(0)
    start = torch.randn(shape)
    ours, theirs = (nn.Parameter(start.clone()) for _ in range(2))
    optimizers = [
        Muon([ours], 1e-2, 0.1),
        torch.optim.Muon([theirs], 1e-2, 0.1, adjust_lr_fn="match_rms_adamw"),
    ]
    for _ in range(4):
        gradient = torch.randn(shape)
        for parameter, optimizer in zip((ours, theirs), optimizers, strict=True):
            parameter.grad = gradient.clone()
            optimizer.step()
    # Theirs computes in bfloat16; in the same type there is hardly a difference.
    assert (ours - theirs).abs().max() < (1e-5 if fast else 5e-4)
    assert (ours - start).abs().mean() > 1e-3


def test_an_orthogonal_step_has_no_preferred_direction() -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonal(torch.randn(40, 24)))
    assert values.min() > 0.5 and values.max() < 1.3
