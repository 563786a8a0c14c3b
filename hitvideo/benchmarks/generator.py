"""How fast clips are written on this machine, beside what others and the memory allow.

Everything in one run: the one-token loop, `transformers.generate` over the same Llama (with its
layers as transformers and bitsandbytes run them, and with the very layers of our loop), the
bandwidth that all live on, and whole clips in every mode, as the app makes them. Knows nothing of
quality.
"""

from __future__ import annotations

import copy
import math
import time
from statistics import median
from typing import Any

import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from hitvideo.benchmarks.tokenizer import device_name, processor
from hitvideo.errors import HiTVideoError
from hitvideo.generator import MODES, HiTVideoGenerator
from hitvideo.generator.fast.linear import Int8Linear
from hitvideo.generator.fast.quantization import stored_bytes
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.ui.generate.run import Generation
from hitvideo.ui.tokens.run import TokenFiles

PROMPT = "a red car drives to the left across a desert"
BUFFER = 1 << 28  # bytes that are read to measure the memory: more than any cache holds


def benchmark_generator(pipeline: HiTVideoPipeline, repeats: int = 3) -> dict[str, Any]:
    """The one-token loop, the same layers under `transformers`, and clips in all modes.

    Medians of ``repeats`` runs after one unmeasured; guidance at the model's default, so two rows
    a clip. Raises HiTVideoError for weights without a generator.
    """
    if repeats < 1:
        raise HiTVideoError("The benchmark needs at least one repetition.")
    pipeline.request(PROMPT, 0)
    model, page = pipeline.generator, Generation(pipeline, TokenFiles(pipeline))
    assert model is not None
    runs = [_loop(pipeline) for _ in range(repeats + 1)][1:]
    tokens, steps, ours = runs[0][0], runs[0][1], median(seconds for *_, seconds in runs)
    layers = model.llama.layers
    theirs = median(_transformers(model, as_loaded(layers), steps, repeats + 1)[1:])
    shared = median(_transformers(model, layers, steps, repeats + 1)[1:])
    bandwidth = _bandwidth(pipeline.device)
    touched = stored_bytes(model.llama.layers) + stored_bytes(model.head)
    return {
        "machine": {
            "processor": processor(),
            "device": device_name(pipeline.device),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        },
        "quantization": pipeline.quantization,
        "parameters": _parameters(model),
        "bytes": stored_bytes(model),
        "loop": {
            "tokens": tokens,
            "steps": steps,
            "tokens_per_second": tokens / ours,
            "steps_per_second": steps / ours,
            "transformers_tokens_per_second": steps / theirs,
            "times_transformers": tokens / ours / (steps / theirs),
            "times_transformers_by_steps": theirs / ours,
            "transformers_on_our_layers_tokens_per_second": steps / shared,
            "times_transformers_on_our_layers": tokens / ours / (steps / shared),
            "times_transformers_on_our_layers_by_steps": shared / ours,
            "bytes_per_step": touched,
            "bytes_per_second": bandwidth,
            "bound_steps_per_second": bandwidth / touched,
            "of_bound": steps / ours / (bandwidth / touched),
        },
        "modes": [_clip(pipeline, page, mode, repeats) for mode in MODES],
    }


def _parameters(model: HiTVideoGenerator) -> int:
    """How many there are, however many of them quantized layers have packed into one."""
    with torch.device("meta"):
        whole = HiTVideoGenerator(model.config)
    return sum(p.numel() for p in whole.parameters())


def _clip(pipeline: HiTVideoPipeline, page: Generation, mode: str, repeats: int) -> dict[str, Any]:
    """A whole clip as a person waits for it in the app: reading, planning, decoding and all files.

    longest_pause_seconds: between two moments at which a run can be stopped.
    """
    first, whole, writing, pauses = [], [], [], []
    for _ in range(repeats):
        start = before = time.perf_counter()
        shown = 0.0
        for view in page.stream(PROMPT, 0, mode=mode):
            now = time.perf_counter()
            pauses.append(now - before)
            before = now
            if view.mp4 and not shown:
                shown = now - start
        first.append(shown)
        whole.append(before - start)
        assert view.report is not None
        writing.append(view.report["seconds"])
    step = next(pipeline.stream(PROMPT, 0, mode=mode))
    return {
        "mode": mode,
        "tokens": step.total_tokens,
        "steps": step.total_steps,
        "first_level_seconds": median(first),
        "seconds": median(whole),
        "writing_seconds": median(writing),
        "longest_pause_seconds": max(pauses),
    }


def _loop(pipeline: HiTVideoPipeline) -> tuple[int, int, float]:
    """Tokens, steps and seconds of a clip one position a step, reading the prompt included.

    A position of a finer level is a patch of four tokens, so there are fewer steps than tokens.
    """
    *_, last = pipeline.stream(PROMPT, 0, mode="token")
    return last.tokens, last.steps, last.seconds


@torch.inference_mode()
def _transformers(
    model: HiTVideoGenerator, layers: nn.Module, tokens: int, runs: int
) -> list[float]:
    """Seconds `generate` takes for so many tokens: a vocabulary and its head on these layers.

    The vocabulary is the codebook of level 1; two rows, as guidance needs them.
    """
    size = model.config.codebooks[0]
    config = LlamaConfig(
        **{**model.config.llama, "vocab_size": size, "num_hidden_layers": 0},
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=0,
    )
    like = model.no_text
    llama: Any = LlamaForCausalLM(config).eval()
    llama = llama.to(like.device, like.dtype)
    config.num_hidden_layers = model.config.llama["num_hidden_layers"]
    llama.model.layers = layers
    prompt = torch.arange(2 * 16, device=like.device).view(2, 16) % size
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        llama.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            min_new_tokens=tokens,
            max_new_tokens=tokens,
            do_sample=True,
        )
        seconds.append(time.perf_counter() - start)
    return seconds


def as_loaded(layers: nn.Module) -> nn.Module:
    """A copy with int8 products as bitsandbytes makes them, as `from_pretrained` leaves them."""
    layers = copy.deepcopy(layers)
    for name, layer in list(layers.named_modules()):
        if isinstance(layer, Int8Linear):
            from bitsandbytes.nn import Int8Params, Linear8bitLt

            outputs, inputs = layer.weight.shape
            other = Linear8bitLt(inputs, outputs, bias=False, has_fp16_weights=False)
            weight = layer.weight * layer.scale[:, None].float()
            quantized: Any = Int8Params(weight, requires_grad=False)
            other.weight = quantized.to(layer.weight.device)
            parent, _, own = name.rpartition(".")
            setattr(layers.get_submodule(parent), own, other.eval())
    return layers


def _bandwidth(device: torch.device) -> float:
    """Bytes per second that can be read from memory: the best of a few sums over a large buffer."""
    buffer = torch.zeros(BUFFER // 4, device=device)
    best = math.inf
    for _ in range(5):
        start = time.perf_counter()
        buffer.sum().item()
        best = min(best, time.perf_counter() - start)
    return BUFFER / best
