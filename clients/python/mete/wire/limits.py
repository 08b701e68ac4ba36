"""What one side of a connection is ready to take (PROTOCOL.md §3.1)."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Mapping

#: The highest stream id and the highest window.
TOP = 2**31 - 1

_LOWEST = {"frame_bytes_max": 16_384, "depth_max": 8, "items_max": 4_096}


@dataclasses.dataclass(frozen=True)
class Limits:
    """The limits of a HELLO, with version 1's defaults."""

    frame_bytes_max: int = 1_048_576
    streams_max: int = 100
    stream_credit: int = 65_536
    connection_credit: int = 1_048_576
    metadata_bytes_max: int = 8_192
    metadata_count_max: int = 64
    depth_max: int = 8
    items_max: int = 65_536
    pings_max: int = 10
    ping_strikes_max: int = 2
    resets_max: int = 1_000
    idle_ms: int = 300_000
    control_bytes_max: int = 1_048_576

    @classmethod
    def from_map(cls, entries: Mapping[str, Any]) -> Limits:
        """Reads the limits of a peer. Raises ValueError, naming the limit that is impossible."""
        said: Dict[str, int] = {}
        for field in dataclasses.fields(cls):
            if field.name not in entries:
                continue
            value = entries[field.name]
            top = 2**64 if field.name == "idle_ms" else TOP
            if type(value) is not int or not _LOWEST.get(field.name, 0) <= value <= top:
                raise ValueError(f"limit {field.name} is {value!r}")
            said[field.name] = value
        return cls(**said)

    def to_map(self) -> Dict[str, int]:
        """The limits that are not the defaults."""
        standard = Limits()
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != getattr(standard, field.name)
        }
