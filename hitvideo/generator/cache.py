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

from hitvideo.generator.linear import merge


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
        cos, sin = rotary(like, coordinates.to(like.device).unsqueeze(0))
        # rotate_half(x) * sin is x with its halves swapped, times a sine negated in the first half.
        sign = torch.ones_like(sin)
        sign[..., : width // 2] = -1
        self.cos, self.sin = cos.unsqueeze(2), (sin * sign).unsqueeze(2)  # (1, N, 1, width)
        batch, capacity = len(present), len(coordinates)
        shape = len(self.layers), 2, batch, self.groups, capacity, width
        self.cache = like.new_empty(shape)
        self.mask = None
        if not bool(present.all()):
            self.mask = like.new_zeros(batch, 1, 1, capacity)
            self.mask[:, 0, 0, : present.shape[1]].masked_fill_(~present, float("-inf"))
        self.filled = 0

    def __call__(self, x: Tensor) -> Tensor:
        """Hidden states ``(B, n, width)`` of the next n positions, whose inputs are ``x``."""
        here = slice(self.filled, self.filled + x.shape[1])
        self.filled = here.stop
        cos, sin = self.cos[:, here], self.sin[:, here]
        mask = None if self.mask is None else self.mask[..., : here.stop]
        width = cos.shape[-1]
        both = self.heads + self.groups
        new = self.cache[..., here, :]
        live = self.cache[..., : here.stop, :]
        for index, layer in enumerate(self.layers):
            qkv = layer.qkv(self._norm(x, layer.norm_in)).unflatten(-1, (-1, width))
            qk, v = qkv[:, :, :both], qkv[:, :, both:]
            qk = torch.addcmul(qk * cos, qk.roll(width // 2, -1), sin).transpose(1, 2)
            new[index, 0], new[index, 1] = qk[:, self.heads :], v.transpose(1, 2)
            keys, values = live[index].unbind()
            seen = F.scaled_dot_product_attention(
                qk[:, : self.heads], keys, values, mask, enable_gqa=self.heads != self.groups
            )
            x = x + layer.out(seen.transpose(1, 2).flatten(2))
            gate, up = layer.gate_up(self._norm(x, layer.norm_mid)).chunk(2, -1)
            x = x + layer.down(F.silu(gate) * up)
        return self._norm(x, self.norm)

    def _norm(self, x: Tensor, weight: Tensor) -> Tensor:
        return F.rms_norm(x, weight.shape, weight, self.eps)


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
