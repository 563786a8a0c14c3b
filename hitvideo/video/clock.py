"""Packets of a recording whose clock may turn back, and a start where there is no index.

Files joined byte by byte (MPEG transport and program streams) begin again at the time of the first.
Knows nothing of pictures.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise

from av.packet import Packet

MAX_WAITING = 64 << 20  # bytes of packets held since the last keyframe


def continuous(packets: Iterable[Packet], slack: int = 0) -> Iterator[Packet]:
    """`packets`, with their times moved so that they go on where the clock turns back.

    A single one that is out of order loses its times instead. slack: ticks by which packets may be
    out of order, where times of decoding are worked out from those of display.
    """
    shift = end = 0  # what is added to times; when the last frame so far is over
    newest: int | None = None  # when the packet before is decoded
    for packet, following in pairwise(chain(packets, [None])):
        assert packet is not None
        if packet.dts is None:
            yield packet
            continue
        turned = 0 if newest is None else newest - slack - packet.dts - shift
        again = newest is not None and turned == 0 and packet.is_keyframe
        if turned > 0 and _goes_on(following, newest, shift):
            packet.pts = packet.dts = None
            yield packet
            continue
        if joins := turned > 0 or again:
            shift = end - (packet.dts if packet.pts is None else packet.pts)
        packet.pts = None if packet.pts is None else packet.pts + shift
        packet.dts += shift
        # Streams often state half the time between their frames, for fields or by mistake.
        step = max(packet.duration or 1, 0 if newest is None or joins else packet.dts - newest)
        newest = packet.dts
        end = max(end, (packet.dts if packet.pts is None else packet.pts) + step)
        yield packet


def _goes_on(packet: Packet | None, newest: int | None, shift: int) -> bool:
    """Whether the clock is as it was at the next packet."""
    if packet is None or packet.dts is None or newest is None:
        return False
    return packet.dts + shift > newest


def from_keyframe(packets: Iterable[Packet], start: int) -> Iterator[Packet]:
    """`packets` from the last keyframe that is shown at `start` or before, in ticks.

    From the first one if there is none. What comes after a keyframe is held until it is told.
    """
    waiting: list[Packet] = []
    size = 0
    rest = iter(packets)
    for packet in rest:
        if packet.is_keyframe and packet.pts is not None and packet.pts <= start:
            waiting, size = [], 0
        waiting.append(packet)
        size += packet.size
        if size > MAX_WAITING or (packet.dts is not None and packet.dts > start):
            break
    yield from waiting
    yield from rest
