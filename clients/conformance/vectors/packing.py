"""A MessagePack writer that can also write wrongly.

It is independent of every library and client, so that a vector never agrees with an implementation's mistake by construction.
"""

from __future__ import annotations

import struct
from typing import Any, List, Tuple


class Odd:
    """A value that goes out as the given bytes, although `value` is what they mean."""

    def __init__(self, wire: bytes, value: Any = None) -> None:
        self.wire = wire
        self.value = value


class Single:
    """A float of 32 bits."""

    def __init__(self, bits: str) -> None:
        self.bits = bits


class Double:
    """A float of 64 bits, given by its bits so that NaN can be said."""

    def __init__(self, bits: str) -> None:
        self.bits = bits


class Pairs:
    """A map as a list of pairs, so that keys can repeat or be no strings."""

    def __init__(self, *pairs: Tuple[Any, Any]) -> None:
        self.pairs = pairs


WIDTHS = {
    "uint8": (b"\xcc", ">B"),
    "uint16": (b"\xcd", ">H"),
    "uint32": (b"\xce", ">I"),
    "uint64": (b"\xcf", ">Q"),
    "int8": (b"\xd0", ">b"),
    "int16": (b"\xd1", ">h"),
    "int32": (b"\xd2", ">i"),
    "int64": (b"\xd3", ">q"),
}


def wide(value: int, width: str) -> Odd:
    """An integer in a width of the writer's choice."""
    head, form = WIDTHS[width]
    return Odd(head + struct.pack(form, value), value)


def pack_int(value: int) -> bytes:
    """The shortest form; unsigned where the value is not negative."""
    if 0 <= value < 128:
        return struct.pack(">B", value)
    if -32 <= value < 0:
        return struct.pack(">b", value)
    names = ("uint8", "uint16", "uint32", "uint64") if value >= 0 else ("int8", "int16", "int32", "int64")
    for name in names:
        head, form = WIDTHS[name]
        try:
            return head + struct.pack(form, value)
        except struct.error:
            continue
    raise ValueError(f"{value} does not fit 64 bits")


def count_head(count: int, fix: int, fix_max: int, heads: Tuple[int, ...]) -> bytes:
    """The head of a string, binary, array or map; `heads` are its wider forms, 0 where a width does not exist."""
    if fix_max >= 0 and count <= fix_max:
        return bytes([fix | count])
    for head, form, top in zip(heads, (">B", ">H", ">I"), (0xFF, 0xFFFF, 0xFFFFFFFF)):
        if head and count <= top:
            return bytes([head]) + struct.pack(form, count)
    raise ValueError(count)


def pack(value: Any, plain: bool = False) -> bytes:
    """MessagePack bytes of a value; `plain` writes what an `Odd` means in place of its bytes."""
    if isinstance(value, Odd):
        return pack(value.value, plain) if plain else value.wire
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return pack_int(value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, Single):
        return b"\xca" + bytes.fromhex(value.bits)
    if isinstance(value, Double):
        return b"\xcb" + bytes.fromhex(value.bits)
    if isinstance(value, str):
        wire = value.encode()
        return count_head(len(wire), 0xA0, 31, (0xD9, 0xDA, 0xDB)) + wire
    if isinstance(value, bytes):
        return count_head(len(value), 0, -1, (0xC4, 0xC5, 0xC6)) + value
    if isinstance(value, list):
        return count_head(len(value), 0x90, 15, (0, 0xDC, 0xDD)) + b"".join(pack(v, plain) for v in value)
    pairs = pairs_of(value)
    return count_head(len(pairs), 0x80, 15, (0, 0xDE, 0xDF)) + b"".join(
        pack(k, plain) + pack(v, plain) for k, v in pairs
    )


def pairs_of(value: Any) -> List[Tuple[Any, Any]]:
    """The entries of a dict or `Pairs`."""
    return list(value.pairs) if isinstance(value, Pairs) else list(value.items())


def framed(body: bytes) -> bytes:
    """The body with its length in front."""
    return struct.pack(">I", len(body)) + body


def frame(*elements: Any) -> bytes:
    """A frame of these elements."""
    return framed(pack(list(elements)))


def plain_frame(*elements: Any) -> bytes:
    """The same frame as an encoder must write it."""
    return framed(pack(list(elements), plain=True))
