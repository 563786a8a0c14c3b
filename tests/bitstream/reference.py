"""A reader of token files in plain Python integers, written after docs/format.md alone.

Slow and trusting: for small, sound files.
"""

from __future__ import annotations

from math import isqrt, prod
from typing import Any
from zlib import crc32

Grid = dict[tuple[int, int, int], int]  # (latent frame, row, column) to code
POWERS = [1 << (24 * 256 - i) for i in range(256)]
for _ in range(8):
    POWERS = [isqrt(power) for power in POWERS]


def read(data: bytes, levels: list[dict[str, Any]], tables: dict[str, Any]) -> dict[str, Any]:
    """Header fields and, per level, its codes by ``(latent frame, row, column)``."""
    assert data[:3] == b"HTV" and data[3] >> 4 == 1
    at = 4

    def varint() -> int:
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    width, height, frames, rate, per = (varint() for _ in range(5))
    at += 8
    blocks = -(-frames // 64)
    depths = list(data[at : at + blocks])
    at += blocks
    sizes = [varint() for _ in range(max(depths))]
    assert crc32(data[:at]) == int.from_bytes(data[at : at + 4], "little")
    at += 4

    _, sh, sw = levels[0]["stride"]
    padded = -(-height // sh) * sh, -(-width // sw) * sw
    grids = [(padded[0] // k["stride"][1], padded[1] // k["stride"][2]) for k in levels]
    codes: list[Grid] = []
    for k, size in enumerate(sizes):
        end = at + size - 4
        assert crc32(data[at:end]) == int.from_bytes(data[end : end + 4], "little")
        held = [b for b in range(blocks) if depths[b] > k]
        lengths = [varint() for _ in held[1:]]
        lengths.append(end - at - sum(lengths))
        codes.append({})
        for block, length in zip(held, lengths, strict=True):
            slots = 8 // levels[k]["stride"][0]
            start = block * 8 * slots
            count = -(-min(64, frames - block * 64) // 8) * slots
            payload = data[at : at + length]
            if data[3] & 15:
                Decoder(levels, grids, tables, codes, depths).block(k, start, count, payload)
            else:
                unpack(levels[k]["steps"], grids[k], start, count, payload, codes[k])
            at += length
        at = end + 4
    assert at == len(data)
    size_and_rate = (frames, height, width, rate / per)
    return {"video": size_and_rate, "depths": tuple(depths), "codes": codes}


def unpack(
    steps: list[int], grid: tuple[int, int], start: int, count: int, payload: bytes, into: Grid
) -> None:
    bits = (prod(steps) - 1).bit_length()
    stream = "".join(f"{byte:08b}" for byte in payload)
    places = [(t, y, x) for t in range(count) for y in range(grid[0]) for x in range(grid[1])]
    for i, (t, y, x) in enumerate(places):
        into[start + t, y, x] = int(stream[i * bits : (i + 1) * bits], 2)


class Words:
    """The range decoder."""

    def __init__(self, payload: bytes) -> None:
        payload += bytes(-len(payload) % 4)
        self.words = [
            int.from_bytes(payload[i : i + 4], "little") for i in range(0, len(payload), 4)
        ]
        self.lower, self.range = 0, 2**64 - 1
        self.point = self.next() << 32 | self.next()

    def next(self) -> int:
        return self.words.pop(0) if self.words else 0

    def digit(self, frequencies: list[int]) -> int:
        assert sum(frequencies) == 2**24 and min(frequencies) >= 1
        scale = self.range >> 24
        q = (self.point - self.lower) % 2**64 // scale
        assert q < 2**24
        digit, below = 0, 0
        while below + frequencies[digit] <= q:
            below += frequencies[digit]
            digit += 1
        self.lower = (self.lower + scale * below) % 2**64
        self.range = scale * frequencies[digit]
        if self.range < 2**32:
            self.lower = (self.lower << 32) % 2**64
            self.range <<= 32
            self.point = (self.point << 32) % 2**64 | self.next()
        return digit


class Decoder:
    def __init__(
        self,
        levels: list[dict[str, Any]],
        grids: list[tuple[int, int]],
        tables: dict[str, Any],
        codes: list[Grid],
        depths: list[int],
    ) -> None:
        self.levels, self.grids, self.tables = levels, grids, tables
        self.codes, self.depths = codes, depths

    def block(self, k: int, start: int, count: int, payload: bytes) -> None:
        words, steps = Words(payload), self.levels[k]["steps"]
        height, width = self.grids[k]
        places = [(y, x) for y in range(height) for x in range(width)]
        for t in range(start, start + count):
            outputs = {place: self.outputs(k, t, *place) for place in places}
            found: dict[tuple[int, int], list[int]] = {place: [] for place in places}
            for _ in steps:
                for place in places:
                    frequencies = self.frequencies(k, outputs[place], found[place])
                    found[place].append(words.digit(frequencies))
            for (y, x), digits in found.items():
                code = sum(d * prod(steps[:i]) for i, d in enumerate(digits))
                self.codes[k][t, y, x] = code

    def digits(self, k: int, t: int, y: int, x: int) -> list[int] | None:
        """Digits of a code, or None where it is missing."""
        code = self.codes[k].get((t, y, x))
        if code is None:
            return None
        found = []
        for steps in self.levels[k]["steps"]:
            found.append(code % steps)
            code //= steps
        return found

    def values(self, k: int, t: int, y: int, x: int) -> list[int]:
        steps, found = self.levels[k]["steps"], self.digits(k, t, y, x)
        if found is None:
            return [0] * len(steps)
        return [2 * digit - (n - 1) for digit, n in zip(found, steps, strict=True)]

    def one_hot(self, k: int, t: int, y: int, x: int) -> list[int]:
        steps, found = self.levels[k]["steps"], self.digits(k, t, y, x)
        if found is None:
            return [0] * sum(steps)
        return [int(d == s) for d, n in zip(found, steps, strict=True) for s in range(n)]

    def neighbours(self, k: int, t: int, y: int, x: int) -> list[int]:
        around = [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx]
        return [value for place in around for value in self.values(k, t, *place)]

    def inputs(self, k: int, t: int, y: int, x: int) -> list[int]:
        slots = 8 // self.levels[k]["stride"][0]
        found = self.one_hot(k, t - 1, y, x)
        found += self.values(k, t - 2, y, x)
        found += self.neighbours(k, t - 1, y, x)
        for j in range(k - 1, -1, -1):
            ratio = slots // (8 // self.levels[j]["stride"][0])
            high, wide = (
                self.levels[j]["stride"][i] // self.levels[k]["stride"][i] for i in (1, 2)
            )
            place = t // ratio, y // high, x // wide
            now, ago = self.values(j, *place), self.values(j, place[0] - 1, *place[1:])
            found += self.one_hot(j, *place) if j == k - 1 else now
            found += ago + [abs(a - b) for a, b in zip(now, ago, strict=True)]
            if j == k - 1:
                found += self.neighbours(j, *place)
        a = b = 1
        if k:
            a, b = (self.levels[k - 1]["stride"][i] // self.levels[k]["stride"][i] for i in (1, 2))
        number = (t % slots * a + y % a) * b + x % b
        found += [int(number == i) for i in range(slots * a * b)]
        age = 0
        while age < 8 and (t - 1 - age, y, x) in self.codes[k]:
            age += 1
        return found + [int(age == i) for i in range(9)]

    def outputs(self, k: int, t: int, y: int, x: int) -> list[int]:
        inputs = self.inputs(k, t, y, x)
        shift = self.tables[f"level{k + 1}.shifts"][0]
        hidden = [
            min(
                max((sum(w * v for w, v in zip(row, inputs, strict=True)) + bias) >> shift, 0),
                32767,
            )
            for row, bias in zip(
                self.tables[f"level{k + 1}.hidden.weight"],
                self.tables[f"level{k + 1}.hidden.bias"],
                strict=True,
            )
        ]
        return [
            sum(w * v for w, v in zip(row, hidden, strict=True)) + bias
            for row, bias in zip(
                self.tables[f"level{k + 1}.output.weight"],
                self.tables[f"level{k + 1}.output.bias"],
                strict=True,
            )
        ]

    def frequencies(self, k: int, outputs: list[int], before: list[int]) -> list[int]:
        steps, shift = self.levels[k]["steps"], self.tables[f"level{k + 1}.shifts"][1]
        earlier = self.tables[f"level{k + 1}.earlier"]
        first = [sum(steps[:i]) for i in range(len(steps))]
        own = range(first[len(before)], first[len(before)] + steps[len(before)])
        logits = [
            (outputs[o] + sum(earlier[o][first[i] + d] for i, d in enumerate(before))) >> shift
            for o in own
        ]
        below = [max(logits) - logit for logit in logits]
        weights = [POWERS[b % 256] >> min(63, b // 256) for b in below]
        spare = 2**24 - len(weights)
        shares = [weight * spare // sum(weights) for weight in weights]
        shares[logits.index(max(logits))] += spare - sum(shares)
        return [share + 1 for share in shares]
