"""Two optimizers behind one face: nothing twice, nothing left out, one schedule for all."""

import torch
from torch import nn

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
