"""Files made to harm: whatever they hold, reading them ends in codes or in one clear error."""

import io
import random
import tracemalloc
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from zlib import crc32

import pytest
from conftest import TINY
from limits import within_limits

from hitvideo.bitstream import TokenCoder
from hitvideo.bitstream.container import ContainerReader
from hitvideo.bitstream.header import CRC_BYTES, Header, varint
from hitvideo.errors import HiTVideoError
from hitvideo.tokenizer.streaming import check_codes

from .conftest import MakeCodes

NUMBERS = [0, 1, 2, 63, 64, 65, 127, 128, 4095, 4096, 4097, 65535, 216_000, 2**31, 2**35 - 1]
Mutation = Callable[[random.Random, bytes], bytes]


def parts(data: bytes) -> tuple[Header, list[bytes]]:
    """The header and the sections of a sound file."""
    header, start = Header.parse(data)
    sections = []
    for size in header.sections:
        sections.append(data[start : start + size])
        start += size
    return header, sections


def joined(header: Header, sections: list[bytes]) -> bytes:
    """A file whose checksums all hold."""
    sealed = [
        s[:-CRC_BYTES] + crc32(s[:-CRC_BYTES]).to_bytes(CRC_BYTES, "little") for s in sections
    ]
    return header.to_bytes() + b"".join(sealed)


def flip_bits(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8])):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def repeat_or_drop(rng: random.Random, data: bytes) -> bytes:
    a, b = sorted(rng.randrange(len(data)) for _ in range(2))
    return data[:b] + data[a:] if rng.random() < 0.5 else data[:a] + data[b:]


def shuffle_sections(rng: random.Random, data: bytes) -> bytes:
    header, sections = parts(data)
    picked = [rng.choice(sections) for _ in sections]
    sizes = tuple(map(len, picked)) if rng.random() < 0.5 else header.sections
    return joined(replace(header, sections=sizes), picked)


def lie_in_the_header(rng: random.Random, data: bytes) -> bytes:
    header, sections = parts(data)
    name = rng.choice(["width", "height", "frames", "coding", "depths", "sections", "names"])
    if name in ("width", "height", "frames"):
        header = replace(header, **{name: rng.choice(NUMBERS)})
    elif name == "coding":
        header = replace(header, coding=rng.randrange(16))
    elif name == "depths":
        blocks = rng.choice([1, len(header.depths), len(header.depths), 3000])
        header = replace(header, depths=tuple(rng.randrange(5) for _ in range(blocks)))
    elif name == "sections":
        sizes = [rng.choice([size, *NUMBERS]) for size in header.sections]
        header = replace(header, sections=tuple(sizes))
    else:
        header = replace(
            header, model=rng.randbytes(4), tables=rng.choice([header.tables, bytes(4)])
        )
    if rng.random() < 0.3:
        header = replace(header, frames=rng.choice(NUMBERS), width=rng.choice(NUMBERS))
    return joined(header, sections)


def garbage_payloads(rng: random.Random, data: bytes) -> bytes:
    header, sections = parts(data)
    k = rng.randrange(len(sections))
    if rng.random() < 0.3:  # of another length, the index perhaps garbage too
        sections[k] = rng.randbytes(rng.choice([5, 6, 40, 400]))
        header = replace(header, sections=tuple(map(len, sections)))
    else:
        kept = rng.randrange(len(sections[k]))
        fill = rng.choice([rng.randbytes, lambda n: bytes(n), lambda n: b"\xff" * n])
        sections[k] = sections[k][:kept] + fill(len(sections[k]) - kept)
    return joined(header, sections)


def wrong_start(rng: random.Random, data: bytes) -> bytes:
    return rng.randbytes(rng.randrange(12)) + data[rng.randrange(12) :]


MUTATIONS: list[Mutation] = [
    flip_bits,
    truncate,
    repeat_or_drop,
    shuffle_sections,
    lie_in_the_header,
    garbage_payloads,
    wrong_start,
]


def fuzz(
    coder: TokenCoder,
    packing: TokenCoder,
    make_codes: MakeCodes,
    count: int,
    limits: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> None:
    rng = random.Random(0)
    codes = make_codes(72, 20, 30)
    sound = [coder.dumps(codes, 8, (2, 3)), packing.dumps(codes, 8), coder.dumps(codes, 8)]
    read = refused = 0
    for number in range(count):
        mutation = MUTATIONS[number % len(MUTATIONS)]
        data = mutation(rng, rng.choice(sound))
        if rng.random() < 0.1:
            data = flip_bits(rng, data) if data else data
        try:
            with limits():
                file = coder.loads(data)
        except HiTVideoError as error:
            refused += 1
            assert str(error).endswith(".")
        else:
            read += 1
            check_codes(TINY, file.codes)
    assert read and refused > read


def test_mutations(coder: TokenCoder, packing: TokenCoder, make_codes: MakeCodes) -> None:
    fuzz(coder, packing, make_codes, 1000)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_many_mutations(coder: TokenCoder, packing: TokenCoder, make_codes: MakeCodes) -> None:
    fuzz(coder, packing, make_codes, 20_000, within_limits)


def test_a_small_file_cannot_ask_for_much(coder: TokenCoder, make_codes: MakeCodes) -> None:
    data = coder.dumps(make_codes(64, 16, 16), 8)
    header, sections = parts(data)
    tracemalloc.start()
    try:
        for frames, blocks in ((64, 1), (216_000, 3375)):
            huge = replace(header, width=4096, height=4096, frames=frames, depths=(3,) * blocks)
            with pytest.raises(HiTVideoError, match="damaged"):
                coder.loads(joined(huge, sections))
        # Every payload as short as can be: the codes are bounded by the bytes that came.
        claimed = replace(header, width=256, height=256)
        least = [-(-8 * 16 * 16 // 16), -(-16 * 16 * 16 // 16), -(-16 * 32 * 32 // 16)]
        sections = [bytes(size + CRC_BYTES) for size in least]
        claimed = replace(claimed, sections=tuple(map(len, sections)))
        assert coder.loads(joined(claimed, sections)).codes.width == 256
        short = [sections[0][1:], *sections[1:]]
        with pytest.raises(HiTVideoError, match="damaged"):
            coder.loads(joined(replace(claimed, sections=tuple(map(len, short))), short))
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: b"", "not a HiTVideo token file"),
        (lambda data: b"\x89PNG" + data[4:], "not a HiTVideo token file"),
        (lambda data: data[:3] + b"\x21" + data[4:], "of version 2"),
        (lambda data: data[:10], "ends inside its header"),
        (lambda data: data[:6] + b"\x02" + data[7:], "header is damaged"),
        (lambda data: data + b"\0", "goes on after its end"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "Level 3 of the token file is damaged"),
    ],
)
def test_what_is_said_of_broken_files(
    coder: TokenCoder, make_codes: MakeCodes, change: Callable[[bytes], bytes], words: str
) -> None:
    data = coder.dumps(make_codes(16, 16, 16), 8)
    with pytest.raises(HiTVideoError, match=words):
        coder.loads(change(data))


def test_numbers_beyond_five_bytes_are_damage() -> None:
    with pytest.raises(HiTVideoError, match="damaged"):
        Header.parse(b"HTV\x10" + b"\xff" * 64)
    assert varint(2**35 - 1) == b"\xff\xff\xff\xff\x7f"


def test_level_sizes_are_refused_for_broken_files(coder: TokenCoder) -> None:
    with pytest.raises(HiTVideoError):
        ContainerReader(io.BytesIO(b"HTV"))
    with pytest.raises(HiTVideoError):
        coder.level_sizes(b"HTV\x10")
