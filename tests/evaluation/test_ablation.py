"""What the generator's extra inputs are worth: each is silent in turn, and is back afterwards."""

import json
from pathlib import Path

import pytest
import torch
from tiny_generator import save_tiny_weights, tiny_generator

from hitvideo.cli import main
from hitvideo.evaluation.ablation import extra_inputs, silenced
from hitvideo.tokenizer import HiTVideoTokenizer


def test_an_input_is_zero_inside_and_as_it_was_afterwards() -> None:
    generator = tiny_generator(plan=True)
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    for name, layers in extra_inputs(generator).items():
        with silenced(layers):
            changed = {
                n for n, t in generator.state_dict().items() if not torch.equal(t, before[n])
            }
            assert changed, name
            assert all(not generator.state_dict()[n].any() for n in changed)
        assert all(torch.equal(t, before[n]) for n, t in generator.state_dict().items())


@pytest.mark.slow
def test_the_command_reports_every_input(tmp_path: Path, tiny: HiTVideoTokenizer) -> None:
    weights, out = save_tiny_weights(tmp_path / "weights", tiny), tmp_path / "report.json"
    options = ["--clips", "1", "--read", "1", "--weights", str(weights), "--device", "cpu"]
    assert main(["evaluate", "ablation", str(out), *options]) == 0
    without = json.loads(out.read_text())["without"]
    assert {"nothing", "gist", "around"} <= set(without)
    for result in without.values():
        assert len(result["bits"]) == 4 and min(result["bits"]) > 0
        assert 0 <= result["reading"] <= 1
    assert without["gist"]["bits"] != without["nothing"]["bits"]
