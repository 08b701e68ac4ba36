"""From a frame's body to a frame, with every type checked."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, List, NoReturn, Tuple

import msgpack

from ..bill import Bill
from ..errors import WireError
from ..status import Status
from .frames import Billing, Cancel, Credit, Data, End, Frame, Goaway, HalfClose, Hello, Open, Ping
from .limits import Limits
from .scan import scan

# Element types by kind, the kind itself left out: u unsigned, s string, m map, b bool, x anything.
_SHAPES = ("um", "usmm", "ux", "u", "uussm", "um", "u", "uu", "ubu", "uuus")
_TESTS: Dict[str, Callable[[Any], bool]] = {
    "u": lambda value: type(value) is int and value >= 0,
    "s": lambda value: isinstance(value, str),
    "m": lambda value: isinstance(value, dict),
    "b": lambda value: isinstance(value, bool),
    "x": lambda value: True,
}
_OPEN = 1
_METADATA_KEY = re.compile(r"[a-z0-9_.-]{1,64}\Z")
_CONNECTION_KINDS = (0, 8, 9)


def decode(body: bytes, limits: Limits) -> Frame:
    """Reads the body of one frame.

    Raises WireError with `malformed_frame`, `unknown_kind`, or `stream_id` for a connection frame with a stream.
    """
    end = scan(body, 0, limits.depth_max, limits.items_max)
    if end != len(body):
        _malformed(f"{len(body) - end} bytes left over")
    elements = _unpack(body)
    if not isinstance(elements, list) or not elements or not _TESTS["u"](elements[0]):
        _malformed("not an array that begins with a kind")
    kind = elements[0]
    if kind >= len(_SHAPES):
        raise WireError("unknown_kind", f"kind {kind}")
    shape = _SHAPES[kind]
    if len(elements) != 1 + len(shape):
        _malformed(f"kind {kind} has {len(elements)} elements")
    for index, letter in enumerate(shape, start=1):
        if not _TESTS[letter](elements[index]):
            _malformed(f"kind {kind}: element {index} has a wrong type")
    frame = _build(kind, elements[1:], body, limits)
    if kind in _CONNECTION_KINDS and elements[1] != 0:
        raise WireError("stream_id", f"kind {kind} for stream {elements[1]}")
    return frame


def _unpack(body: bytes) -> Any:
    try:
        return msgpack.unpackb(body, raw=False, strict_map_key=False, object_pairs_hook=_map)
    except ValueError as error:
        # Strings that are not UTF-8 end here, and repeated keys; the rest was seen by `scan`.
        raise WireError("malformed_frame", f"{error}") from None


def _map(pairs: List[Tuple[Any, Any]]) -> Dict[str, Any]:
    for key, _ in pairs:
        if not isinstance(key, str):
            raise ValueError("a map key is not a string")
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError("a map key appears twice")
    return entries


def _build(kind: int, rest: List[Any], body: bytes, limits: Limits) -> Frame:
    """The frame of a kind whose elements have the right types."""
    if kind == 0:
        return _hello(rest[1])
    if kind == _OPEN:
        return Open(rest[0], rest[1], rest[2], rest[3], _last_element_bytes(body, limits))
    if kind == 4:
        if not all(_METADATA_KEY.match(k) and isinstance(v, (str, bytes)) for k, v in rest[4].items()):
            _malformed("END: metadata has a wrong key or value")
        return End(rest[0], Status.read(rest[1]), rest[2], rest[3], rest[4])
    if kind == 5:
        try:
            return Billing(rest[0], Bill.from_map(rest[1]))
        except ValueError as error:
            raise WireError("malformed_frame", str(error)) from None
    if kind == 9:
        return Goaway(rest[1], Status.read(rest[2]), rest[3])
    if kind == 8:
        return Ping(rest[1], rest[2])
    simple: Dict[int, Callable[..., Frame]] = {2: Data, 3: HalfClose, 6: Cancel, 7: Credit}
    return simple[kind](*rest)


def _hello(entries: Dict[str, Any]) -> Hello:
    versions = entries.get("versions")
    software = entries.get("software")
    limits = entries.get("limits", {})
    if not isinstance(versions, list) or not all(map(_TESTS["u"], versions)):
        _malformed("HELLO: versions is not an array of uint")
    if "software" in entries and not isinstance(software, str):
        _malformed("HELLO: software is not a string")
    if not isinstance(limits, dict):
        _malformed("HELLO: limits is not a map")
    try:
        return Hello(versions, software, Limits.from_map(limits))
    except ValueError as error:
        raise WireError("malformed_frame", f"HELLO: {error}") from None


def _last_element_bytes(body: bytes, limits: Limits) -> int:
    """How many bytes the metadata of an OPEN took on the wire."""
    at = {0xDC: 3, 0xDD: 5}.get(body[0], 1)
    for _ in range(4):
        at = scan(body, at, limits.depth_max, limits.items_max)
    return len(body) - at


def _malformed(text: str) -> NoReturn:
    raise WireError("malformed_frame", text)
