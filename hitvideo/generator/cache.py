"""The Llama's layers over a preallocated key-value cache: one block of new positions a call.

The layers of `transformers` hold the weights; only the loop around them is ours, because between
two tokens of a small model most of the time is Python. Knows nothing of tokens or text.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import LlamaModel


class CachedLlama:
    """A batch of sequences that grows block by block; positions of a block see one another.

    coordinates: ``(N, axes)`` of every position to come, prefix included, for the rotary embedding.
    present: ``(B, P)`` booleans, which positions of the prefix exist; all later ones do.
    """

    def __init__(self, llama: LlamaModel, coordinates: Tensor, present: Tensor) -> None:
        config, like = llama.config, llama.norm.weight
        self.llama = llama
        self.heads, self.groups = config.num_attention_heads, config.num_key_value_heads
        self.eps = config.rms_norm_eps
        batch, capacity, width = len(present), len(coordinates), llama.rotary_emb.head_dim
        cos, sin = llama.rotary_emb(like, coordinates.to(like.device).unsqueeze(0))
        # rotate_half(x) * sin is x with its halves swapped, times a sine negated in the first half.
        sign = torch.ones_like(sin)
        sign[..., : width // 2] = -1
        self.cos, self.sin = cos.unsqueeze(2), (sin * sign).unsqueeze(2)  # (1, N, 1, width)
        shape = len(llama.layers), batch, self.groups, capacity, width
        self.keys, self.values = like.new_empty(shape), like.new_empty(shape)
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
        half = cos.shape[-1] // 2
        for layer, keys, values in zip(self.llama.layers, self.keys, self.values, strict=True):
            attention, mlp = layer.self_attn, layer.mlp
            h = self._norm(x, layer.input_layernorm.weight)
            qkv = torch.cat([attention.q_proj(h), attention.k_proj(h), attention.v_proj(h)], -1)
            qkv = qkv.unflatten(-1, (-1, 2 * half))
            qk, v = qkv.split((self.heads + self.groups, self.groups), 2)
            qk = torch.addcmul(qk * cos, qk.roll(half, -1), sin)
            q, k = qk.transpose(1, 2).split((self.heads, self.groups), 1)
            keys[:, :, here], values[:, :, here] = k, v.transpose(1, 2)
            seen = F.scaled_dot_product_attention(
                q, keys[:, :, : here.stop], values[:, :, : here.stop], mask,
                enable_gqa=self.heads != self.groups,
            )  # fmt: skip
            x = x + attention.o_proj(seen.transpose(1, 2).flatten(2))
            h = self._norm(x, layer.post_attention_layernorm.weight)
            x = x + mlp.down_proj(F.silu(mlp.gate_proj(h)) * mlp.up_proj(h))
        return self._norm(x, self.llama.norm.weight)

    def _norm(self, x: Tensor, weight: Tensor) -> Tensor:
        return F.rms_norm(x, weight.shape, weight, self.eps)
