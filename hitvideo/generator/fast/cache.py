"""The Llama's layers over a preallocated key-value cache: one block of new positions a call.

The layers of `transformers` hold the weights; only the loop around them is ours, because between
two tokens of a small model most of the time is Python. Knows nothing of tokens or text.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import LlamaModel

from hitvideo.generator.fast.linear import merge


class CachedLlama:
    """A batch of sequences that grows block by block; positions of a block see one another.

    coordinates: ``(N, axes)`` of every position to come, prefix included, for the rotary embedding.
    present: ``(B, P)`` booleans, which positions of the prefix exist; all later ones do.
    """

    def __init__(self, llama: LlamaModel, coordinates: Tensor, present: Tensor) -> None:
        config: Any = llama.config
        rotary: Any = llama.rotary_emb
        like = llama.norm.weight
        self.layers = [_Layer(layer) for layer in llama.layers]
        self.norm = llama.norm.weight
        self.eps: float = config.rms_norm_eps
        width: int = rotary.head_dim
        self.heads: int = config.num_attention_heads
        self.groups: int = config.num_key_value_heads
        self.width = width
        cos, sin = rotary(like, coordinates.to(like.device).unsqueeze(0))
        # rotate_half(x) * sin is x with its halves swapped, times a sine negated in the first half.
        sign = torch.ones_like(sin)
        sign[..., : width // 2] = -1
        # Values are not turned: a cosine of one and a sine of zero let them go along with the keys.
        self.cos = self._per_head(cos, 1.0)
        self.sin = self._per_head(sin * sign, 0.0)
        shape = len(present), 2 * self.groups, len(coordinates), width
        self.caches = [like.new_empty(shape) for _ in self.layers]
        self.mask = None
        if not bool(present.all()):
            self.mask = like.new_zeros(len(present), 1, 1, len(coordinates))
            self.mask[:, 0, 0, : present.shape[1]].masked_fill_(~present, float("-inf"))
        self.filled = 0

    def _per_head(self, turn: Tensor, still: float) -> Tensor:
        """``(1, N, heads, width)``: the same turn for queries and keys, ``still`` for values."""
        turned = turn.unsqueeze(2).expand(-1, -1, self.heads + self.groups, -1)
        rest = turned.new_full((*turned.shape[:2], self.groups, self.width), still)
        return torch.cat([turned, rest], 2)

    def __call__(self, x: Tensor) -> Tensor:
        """Hidden states ``(B, n, width)`` of the next n positions, whose inputs are ``x``."""
        rows, count, _ = x.shape
        first, end = self.filled, self.filled + count
        self.filled = end
        heads, groups, half = self.heads, self.groups, self.width // 2
        cos, sin = self.cos[:, first:end], self.sin[:, first:end]
        mask = None if self.mask is None else self.mask[..., :end]
        for layer, cache in zip(self.layers, self.caches, strict=True):
            qkv = layer.qkv(self._norm(x, layer.norm_in)).view(rows, count, -1, self.width)
            qkv = torch.addcmul(qkv * cos, qkv.roll(half, -1), sin).transpose(1, 2)
            cache[:, :, first:end] = qkv[:, heads:]
            live = cache[:, :, :end]
            seen = F.scaled_dot_product_attention(
                qkv[:, :heads], live[:, :groups], live[:, groups:], mask, enable_gqa=heads != groups
            )
            x = x + layer.out(seen.transpose(1, 2).reshape(rows, count, -1))
            gate, up = layer.gate_up(self._norm(x, layer.norm_mid)).chunk(2, -1)
            x = x + layer.down(F.silu(gate) * up)
        return self._norm(x, self.norm)

    def _norm(self, x: Tensor, weight: Tensor) -> Tensor:
        return torch.rms_norm(x, weight.shape, weight, self.eps)


class _Layer:
    """A layer's products and norms, those of the same input merged."""

    def __init__(self, layer: Any) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        self.norm_in: Tensor = layer.input_layernorm.weight
        self.norm_mid: Tensor = layer.post_attention_layernorm.weight
        self.qkv = merge([attention.q_proj, attention.k_proj, attention.v_proj])
        self.out = merge([attention.o_proj])
        self.gate_up = merge([mlp.gate_proj, mlp.up_proj])
        self.down = merge([mlp.down_proj])
