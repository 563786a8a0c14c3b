"""Which bytes of a codec's packets count: the payload, not what says how to decode it."""

from __future__ import annotations


def h264_payload(packet: bytes) -> int:
    """Bytes of an Annex B packet without SEI, parameter sets and delimiters."""
    return sum(4 + len(unit) for unit in _units(packet) if unit[0] & 31 not in {6, 7, 8, 9})


def hevc_payload(packet: bytes) -> int:
    """The same of an H.265 packet."""
    left_out = {32, 33, 34, 35, 39, 40}
    return sum(4 + len(unit) for unit in _units(packet) if unit[0] >> 1 & 63 not in left_out)


def _units(packet: bytes) -> list[bytes]:
    """NAL units between start codes; each counts a 4-byte length on top, as in a file."""
    return packet.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]


def av1_payload(packet: bytes) -> int:
    """Bytes of a packet of OBUs without sequence headers, delimiters, metadata and padding."""
    size, start = 0, 0
    while start < len(packet):
        kind, extended, sized = packet[start] >> 3 & 15, packet[start] >> 2 & 1, packet[start] & 2
        end = start + 1 + extended
        length = shift = 0
        while sized:  # LEB128: seven bits a byte, the highest says whether more follow
            length |= (packet[end] & 127) << shift
            shift, end = shift + 7, end + 1
            if packet[end - 1] < 128:
                break
        end = end + length if sized else len(packet)
        if kind not in {1, 2, 5, 15}:
            size += end - start
        start = end
    return size
