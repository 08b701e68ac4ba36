"""The JSON form of values and frames that clients/conformance/README.md defines."""

from __future__ import annotations

import dataclasses
import math
import struct
from typing import Any, Dict

from mete.wire.encode import OPTIONS
from mete.wire.frames import Billing, Frame, HalfClose, Hello, Open


def value(tagged: Any) -> Any:
    """The Python value of a tagged one. Python has no float of 32 bits: both kinds become a double."""
    if tagged is None or isinstance(tagged, bool):
        return tagged
    ((tag, content),) = tagged.items()
    if tag == "int":
        return int(content)
    if tag == "f32":
        return struct.unpack(">f", bytes.fromhex(content))[0]
    if tag == "f64":
        return struct.unpack(">d", bytes.fromhex(content))[0]
    if tag == "str":
        return content
    if tag == "bin":
        return bytes.fromhex(content)
    if tag == "array":
        return [value(item) for item in content]
    return {value(key): value(item) for key, item in content}


def same(one: Any, other: Any) -> bool:
    """Equal in value and type, NaN equal to NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or struct.pack(">d", one) == struct.pack(">d", other)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    return bool(one == other)


def _pairs(entries: Any) -> Dict[str, Any]:
    return {key: value(item) for key, item in entries}


def _field(key: str, content: Any) -> Any:
    """An entry of options or bill, as the tagged form means it."""
    if key == "params":
        return _pairs(content)
    if key == "call":
        return bytes.fromhex(content)
    if key.startswith("effort"):
        return value(content)
    if key == "macs":
        return {part: int(count) for part, count in content.items()}
    if isinstance(content, list):
        return [int(item) for item in content]
    if isinstance(content, str) and key not in ("tenant", "model", "method", "adapter", "currency"):
        return int(content)
    return content


def _number(given: Any) -> Any:
    return float(given) if type(given) is int else given


def matches(frame: Frame, tagged: Dict[str, Any]) -> bool:
    """Whether a decoded frame is the tagged one."""
    kinds = {HalfClose: "HALF_CLOSE", Billing: "BILL"}
    if tagged["kind"] != kinds.get(type(frame), type(frame).__name__.upper()):
        return False
    rest: Dict[str, Any] = {key: item for key, item in tagged.items() if key != "kind"}
    return same(_plain(frame), _expected(rest)) if not isinstance(frame, Billing) else _bill_matches(frame, rest)


def _bill_matches(frame: Billing, rest: Dict[str, Any]) -> bool:
    entries = frame.bill.to_map()
    wanted = {key: _field(key, content) for key, content in rest["bill"].items()}
    return frame.stream == rest["stream"] and same({key: entries[key] for key in wanted}, wanted)


def _expected(rest: Dict[str, Any]) -> Dict[str, Any]:
    for key in ("token", "bytes"):
        if key in rest:
            rest[key] = int(rest[key])
    if "message" in rest:
        rest["message"] = value(rest["message"])
    if "metadata" in rest:
        rest["metadata"] = _pairs(rest["metadata"])
    if "options" in rest:
        rest["options"] = {key: _field(key, content) for key, content in rest["options"].items()}
    return rest


def _plain(frame: Frame) -> Dict[str, Any]:
    if isinstance(frame, Hello):
        return {
            "versions": frame.versions,
            "software": frame.software,
            "limits": dataclasses.asdict(frame.limits),
        }
    fields = {f.name: getattr(frame, f.name) for f in dataclasses.fields(frame)}
    fields.pop("metadata_bytes", None)
    if "status" in fields:
        fields["status"] = int(fields["status"])
    if isinstance(frame, Open):
        known = {key: frame.options[key] for key in OPTIONS if key in frame.options}
        fields["options"] = {key: _number(v) if key.startswith("effort") else v for key, v in known.items()}
    return fields


def holds_single(tagged: Any) -> bool:
    """Whether a float of 32 bits is in there, which this client cannot write."""
    if isinstance(tagged, dict):
        return "f32" in tagged or any(map(holds_single, tagged.values()))
    return isinstance(tagged, list) and any(map(holds_single, tagged))
