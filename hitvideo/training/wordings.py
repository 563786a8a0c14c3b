"""A head start for the text encoder: from one wording of a clip, tell the words of all the others.

Whoever can do that has understood that "crimson" and "scarlet" mean the same, and which of two
things is the small one, before a single video token was seen; the language model then finds it in
the mean of the embeddings. Words and pairs of neighbouring words are told, so that "red car" is not
"red ball, blue car". Needs no labels, only clips with several captions. Knows nothing of tokens.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn
from tqdm import tqdm

from hitvideo.generator import TextEncoder
from hitvideo.generator.model import mean_embedding
from hitvideo.generator.text import words_of
from hitvideo.training.budget import schedule

PHRASES = 2048  # words and pairs that are told: the most frequent ones
BATCH = 64
RATE, WARMUP = 3e-3, 20


def learn_wordings(
    text: TextEncoder,
    captions: Sequence[Sequence[str]],
    steps: int,
    seed: int = 0,
    bf16: bool = False,
) -> float:
    """Trains ``text`` in place on clips' wordings; returns the last loss, in bits a caption.

    Clips with a single wording are left out; without any others nothing happens.
    """
    several = [words for words in captions if len(words) > 1]
    if not several or not steps:
        return 0.0
    told = [_phrases(words) for words in several]
    counts = Counter(phrase for shares in told for phrase in shares)
    place = {phrase: i for i, (phrase, _) in enumerate(counts.most_common(PHRASES))}
    device = text.model.device
    teller = nn.Linear(text.width, len(place)).to(device)
    nn.init.constant_(teller.bias, -4.0)  # most phrases are absent
    parameters = [*text.parameters(), *teller.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, betas=(0.9, 0.98), weight_decay=0.01)
    rng = random.Random(seed)
    bits = 0.0
    for step in tqdm(range(steps), desc="wordings", disable=None):
        for group in optimizer.param_groups:
            group["lr"] = RATE * schedule(step, step / steps, WARMUP)
        chosen = [rng.randrange(len(several)) for _ in range(BATCH)]
        ids, mask = text.tokenize([rng.choice(several[i]) for i in chosen])
        target = torch.zeros(BATCH, len(place))
        for row, i in enumerate(chosen):
            for phrase, share in told[i].items():
                if phrase in place:
                    target[row, place[phrase]] = share
        ids, mask = ids.to(device), mask.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            embeddings = text(ids, mask)
        logits = teller(mean_embedding(embeddings.float(), mask))
        nats = F.binary_cross_entropy_with_logits(logits, target.to(device), reduction="none")
        loss = nats.sum(1).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        bits = loss.item() / 0.6931
    return bits


def _phrases(wordings: Sequence[str]) -> dict[str, float]:
    """Words and pairs of words, each with the share of the wordings that have it."""
    found: Counter[str] = Counter()
    for wording in wordings:
        words = words_of(wording)
        found.update({*words, *(f"{a} {b}" for a, b in pairwise(words))})
    return {phrase: count / len(wordings) for phrase, count in found.items()}
