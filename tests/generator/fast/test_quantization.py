"""Quantized layers: close to the full ones, smaller, and nothing breaks without bitsandbytes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny_generator import save_tiny_weights, tiny_generator

from hitvideo.errors import HiTVideoError
from hitvideo.generator import GeneratorConfig, HiTVideoGenerator
from hitvideo.generator.fast import linear
from hitvideo.generator.fast.linear import FEW_ROWS, Int8Linear, merge
from hitvideo.generator.fast.quantization import planned_bytes, resolve, stored_bytes
from hitvideo.generator.presets import mini, paper
from hitvideo.generator.storage import load_generator
from hitvideo.tokenizer import HiTVideoTokenizer, TokenizerConfig

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def weights(tiny: HiTVideoTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_weights(tmp_path_factory.mktemp("weights"), tiny)


def logits(model: HiTVideoGenerator, read: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    order = model.order()
    digits = torch.zeros(3, len(order), model.digits.count, dtype=torch.long)
    with torch.inference_mode():
        result = model(digits, *read, ["frame"] * 3)
    return result[result.isfinite()]


@pytest.mark.parametrize(("kind", "error"), [("int8", 0.03), ("nf4", 0.3)])
def test_quantized_layers_say_nearly_the_same_in_fewer_bytes(
    weights: Path, read: tuple[torch.Tensor, torch.Tensor], kind: str, error: float
) -> None:
    full, *_ = load_generator(weights, CPU, None)
    model, *_ = load_generator(weights, CPU, kind)
    assert (full.quantization, model.quantization) == (None, kind)
    expected = logits(full, read)
    assert 0 < (logits(model, read) - expected).norm() < error * expected.norm()
    assert stored_bytes(model.llama.layers) < stored_bytes(full.llama.layers) / 3
    assert stored_bytes(model.head) == stored_bytes(full.head)  # what is drawn from stays exact


@pytest.mark.parametrize("rows", [1, FEW_ROWS, FEW_ROWS + 1])
def test_int8_products_are_those_of_the_widened_weights(rows: int) -> None:
    torch.manual_seed(0)
    weight = torch.randint(-127, 128, (48, 32), dtype=torch.int8)
    scale = torch.rand(48)
    x = torch.randn(2, rows, 32)[:1]
    expected = x @ (weight * scale[:, None]).T
    result = Int8Linear(weight, scale)(x)
    assert result.dtype == x.dtype and result.shape == expected.shape
    assert (result - expected).norm() < 0.01 * expected.norm()


def test_merged_layers_give_their_outputs_side_by_side() -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 2, 32)
    plain = [torch.nn.Linear(32, n, bias=False) for n in (8, 16)]
    eight = [
        Int8Linear(torch.randint(-9, 9, (n, 32), dtype=torch.int8), torch.ones(n)) for n in (8, 4)
    ]
    for layers in (plain, eight, [plain[0], eight[0]]):
        expected = torch.cat([layer(x) for layer in layers], -1)
        torch.testing.assert_close(merge(layers)(x), expected)


def test_large_layers_are_merged_without_a_copy_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "SMALL", 3 * 8 * 32 - 1)
    x = torch.ones(1, 2, 32)
    for layers in (
        [torch.nn.Linear(32, n, bias=False) for n in (8, 16)],
        [Int8Linear(torch.ones(n, 32, dtype=torch.int8), torch.ones(n)) for n in (8, 16)],
    ):
        product = merge(layers)
        for layer in layers:
            layer.weight.data.fill_(2)
        assert torch.equal(product(x), torch.full((1, 2, 24), 64.0))


@pytest.mark.slow
def test_bitsandbytes_comes_without_the_compiler_and_leaves_it_as_it_was() -> None:
    script = """
import os, sys
from hitvideo.generator.fast.quantization import quantization_config

os.environ["TORCHDYNAMO_DISABLE"] = "0"
quantization_config("int8")
assert "bitsandbytes" in sys.modules and "torch._inductor.lowering" not in sys.modules
assert os.environ["TORCHDYNAMO_DISABLE"] == "0"
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


def test_without_bitsandbytes_only_full_precision_is_left(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    for kind in ("auto", "int8", "nf4"):
        with pytest.raises(HiTVideoError, match="needs bitsandbytes"):
            load_generator(weights, CPU, kind)
    assert load_generator(weights, CPU, None)[0].quantization is None


def test_auto_is_quantized_everywhere_and_nonsense_is_refused() -> None:
    for device in ("cpu", "cuda", "mps"):
        assert resolve("auto", torch.device(device)) in ("int8", "nf4")
        assert resolve("none", torch.device(device)) is resolve(None, torch.device(device)) is None
    with pytest.raises(HiTVideoError, match="auto, int8, nf4 or none"):
        resolve("fp4", CPU)


def test_folders_that_do_not_fit_are_one_sentence(
    weights: Path, tiny: HiTVideoTokenizer, tmp_path: Path
) -> None:
    broken = save_tiny_weights(tmp_path, tiny)
    file = broken / "generator" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(HiTVideoError, match="missing, broken or does not fit"):
        load_generator(broken, CPU, None)
    (broken / "text" / "config.json").unlink()
    file.write_bytes((weights / "generator" / "model.safetensors").read_bytes())
    with pytest.raises(HiTVideoError, match="text encoder"):
        load_generator(broken, CPU, None)


def test_planners_that_do_not_fit_are_one_sentence(
    weights: Path, tiny: HiTVideoTokenizer, tmp_path: Path
) -> None:
    folder = save_tiny_weights(tmp_path, tiny)
    assert load_generator(folder, CPU, None)[2] is not None
    config = folder / "planner" / "config.json"
    ours = config.read_text()
    config.write_text(ours.replace('"height": 4', '"height": 3'))
    with pytest.raises(HiTVideoError, match=r"planner in .* is of another version"):
        load_generator(folder, CPU, None)
    config.write_text(ours)
    generator = folder / "generator"
    tiny_generator().save_pretrained(generator)  # knows nothing of plans
    with pytest.raises(HiTVideoError, match="another version than the generator"):
        load_generator(folder, CPU, None)
    shutil.rmtree(folder / "planner")
    assert load_generator(folder, CPU, None)[2] is None


@pytest.mark.parametrize(
    ("config", "figures"),
    [
        (mini(TokenizerConfig(), plan=True), (5.29e6, 10.6e6, 7.4e6, 6.0e6)),
        (paper(TokenizerConfig()), (2.85e9, 5.71e9, 2.89e9, 1.65e9)),
    ],
)
def test_presets_have_their_size_without_taking_it(
    config: GeneratorConfig, figures: tuple[float, ...]
) -> None:
    """Parameters, and bytes in bf16, int8 and NF4, as docs/generator.md has them."""
    with torch.device("meta"):
        model = HiTVideoGenerator(config)
    bytes_of = [planned_bytes(model, kind) for kind in (None, "int8", "nf4")]
    counts = sum(p.numel() for p in model.parameters()), *bytes_of
    assert counts == pytest.approx(figures, rel=0.01)


def test_the_plan_of_bytes_is_what_is_stored(weights: Path) -> None:
    full, *_ = load_generator(weights, CPU, None)
    for kind in ("int8", "nf4"):
        model, *_ = load_generator(weights, CPU, kind)
        rest = stored_bytes(full) - stored_bytes(full.llama.layers)  # float32 on a CPU
        norms = sum(p.numel() for n, p in full.llama.layers.named_parameters() if "norm" in n)
        layers = stored_bytes(model.llama.layers) - 4 * norms
        planned = planned_bytes(full, kind) - rest // 2 - 2 * norms
        # On a CPU the scales are kept in 2 bytes, not 4.
        assert 0.94 * planned < layers <= planned
