"""What is kept of a stream does not grow with its length."""

import gc

import torch

from hitvideo.tokenizer import HiTVideoTokenizer, StreamEncoder


def kept(encoder: StreamEncoder) -> int:
    """Bytes of all tensors that the encoder keeps alive, whole storages, not their views."""
    storages: dict[int, int] = {}
    waiting: list[object] = [encoder.state, encoder.waiting]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, torch.Tensor):
            storage = thing.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
            waiting.append(thing.grad_fn)  # a graph keeps everything that led to it
        elif thing is not None and not isinstance(thing, type):
            waiting.extend(gc.get_referents(thing))
    return sum(storages.values())


def test_a_minute_keeps_no_more_than_a_second(tiny: HiTVideoTokenizer) -> None:
    encoder = StreamEncoder(tiny)
    chunks = torch.rand(61, 1, 3, 9, 32, 32).mul(2).sub(1)  # each leaves another rest behind
    encoder.push(chunks[0])
    short = kept(encoder)
    for chunk in chunks[1:]:
        encoder.push(chunk)
    rest = chunks[0].nbytes
    assert rest / 9 < short and kept(encoder) <= short + rest
