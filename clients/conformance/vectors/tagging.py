"""Frames and values in the JSON form that README.md defines."""

from __future__ import annotations

import struct
from typing import Any, Dict, List

from .packing import Double, Odd, Single, pairs_of

LIMITS: Dict[str, int] = {
    "frame_bytes_max": 1_048_576,
    "streams_max": 100,
    "stream_credit": 65_536,
    "connection_credit": 1_048_576,
    "metadata_bytes_max": 8_192,
    "metadata_count_max": 64,
    "depth_max": 8,
    "items_max": 65_536,
    "pings_max": 10,
    "ping_strikes_max": 2,
    "resets_max": 1_000,
    "idle_ms": 300_000,
    "control_bytes_max": 1_048_576,
}
KINDS = ["HELLO", "OPEN", "DATA", "HALF_CLOSE", "END", "BILL", "CANCEL", "CREDIT", "PING", "GOAWAY"]
OPTIONS = ["call", "deadline_ms", "model", "effort", "effort_min", "macs_max", "cost_max", "params"]
MACS = ["attention", "experts", "routers", "exits", "head", "adapter", "embedding"]
BILL = [
    "call", "tenant", "model", "method", "status", "tokens_in", "tokens_out", "macs", "macs_total", "macs_dense",
    "layers_run", "experts_run", "layers_histogram", "experts_histogram", "queue_us", "compute_us", "total_us",
    "bytes_in", "bytes_out", "effort_asked", "effort_given", "macs_max", "cost_max", "adapter", "cost_micro",
    "currency",
]  # fmt: skip


def bare(value: Any) -> Any:
    """What a value means, without the way it is written."""
    return bare(value.value) if isinstance(value, Odd) else value


def tag(value: Any) -> Any:
    """A tagged value."""
    value = bare(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, float):
        return {"f64": struct.pack(">d", value).hex()}
    if isinstance(value, Single):
        return {"f32": value.bits}
    if isinstance(value, Double):
        return {"f64": value.bits}
    if isinstance(value, str):
        return {"str": value}
    if isinstance(value, bytes):
        return {"bin": value.hex()}
    if isinstance(value, list):
        return {"array": [tag(v) for v in value]}
    return {"map": [[tag(k), tag(v)] for k, v in pairs_of(value)]}


def named(value: Any) -> List[Any]:
    """Pairs of a plain key and a tagged value."""
    return [[bare(k), tag(v)] for k, v in pairs_of(bare(value))]


def number(value: Any) -> Dict[str, str]:
    """A float field: whatever was sent, as the bits of a double."""
    value = bare(value)
    if isinstance(value, Single):
        value = struct.unpack(">f", bytes.fromhex(value.bits))[0]
    elif isinstance(value, Double):
        return {"f64": value.bits}
    return {"f64": struct.pack(">d", float(value)).hex()}


def field(key: str, value: Any) -> Any:
    """One entry of the options or of a bill."""
    value = bare(value)
    if key == "params":
        return named(value)
    if key.startswith("effort"):
        return number(value)
    if key == "macs":
        return {k: str(bare(v)) for k, v in pairs_of(value) if k in MACS}
    if isinstance(value, list):
        return [str(bare(v)) for v in value]
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, int) else value


def known(value: Any, keys: List[str]) -> Dict[str, Any]:
    """The entries that the protocol knows, in its order."""
    entries = {bare(k): v for k, v in pairs_of(bare(value))}
    return {k: field(k, entries[k]) for k in keys if k in entries}


def tag_hello(opening: Any) -> Dict[str, Any]:
    """A tagged HELLO, with the defaults filled in."""
    entries = {bare(k): bare(v) for k, v in pairs_of(bare(opening))}
    said = {bare(k): bare(v) for k, v in pairs_of(entries.get("limits", {}))}
    return {
        "kind": "HELLO",
        "versions": [bare(v) for v in entries["versions"]],
        "software": entries.get("software"),
        "limits": {k: said.get(k, default) for k, default in LIMITS.items()},
    }


def tag_frame(*elements: Any) -> Dict[str, Any]:
    """A tagged frame of the elements that `packing.frame` writes."""
    plain = [bare(e) for e in elements]
    name = KINDS[plain[0]]
    if name == "HELLO":
        return tag_hello(plain[2])
    if name == "PING":
        return {"kind": name, "ack": plain[2], "token": str(plain[3])}
    if name == "GOAWAY":
        return {"kind": name, "last_stream": plain[2], "status": plain[3], "text": plain[4]}
    tagged: Dict[str, Any] = {"kind": name, "stream": plain[1]}
    if name == "OPEN":
        tagged.update(method=plain[2], options=known(plain[3], OPTIONS), metadata=named(plain[4]))
    elif name == "DATA":
        tagged.update(message=tag(plain[2]))
    elif name == "END":
        tagged.update(status=plain[2], detail=plain[3], text=plain[4], metadata=named(plain[5]))
    elif name == "BILL":
        tagged.update(bill=known(plain[2], BILL))
    elif name == "CREDIT":
        tagged.update(bytes=str(plain[2]))
    return tagged
