"""What a call cost (PROTOCOL.md §4.3)."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, Mapping, Optional

from .status import Status


@dataclasses.dataclass(frozen=True)
class Bill:
    """Counted work of one call. Times are microseconds, money is millionths of `currency`."""

    call: bytes = bytes(16)
    tenant: str = ""
    model: str = ""
    method: str = ""
    status: Status = Status.OK
    tokens_in: int = 0
    tokens_out: int = 0
    macs: Dict[str, int] = dataclasses.field(default_factory=dict)
    macs_total: int = 0
    macs_dense: int = 0
    layers_run: int = 0
    experts_run: int = 0
    layers_histogram: List[int] = dataclasses.field(default_factory=list)
    experts_histogram: List[int] = dataclasses.field(default_factory=list)
    queue_us: int = 0
    compute_us: int = 0
    total_us: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    effort_asked: float = 0.0
    effort_given: float = 0.0
    macs_max: Optional[int] = None
    cost_max: Optional[int] = None
    adapter: Optional[str] = None
    cost_micro: int = 0
    currency: str = ""
    tokens_reused: int = 0

    @classmethod
    def from_map(cls, entries: Mapping[str, Any]) -> Bill:
        """Reads a bill as it was sent; unknown keys are left out, missing ones have their defaults.

        Raises ValueError, naming the key, for a value of a wrong type.
        """
        known: Dict[str, Any] = {}
        for key in FIELDS:
            if key in entries:
                known[key] = _checked(key, entries[key])
        return cls(**known)

    def to_map(self) -> Dict[str, Any]:
        """The bill as it is sent, its keys in the protocol's order."""
        entries = {key: getattr(self, key) for key in FIELDS}
        if not self.tokens_reused:
            del entries["tokens_reused"]  # sent only where something was reused
        entries["status"] = int(self.status)
        entries["macs"] = {part: self.macs[part] for part in MACS_PARTS if part in self.macs}
        return entries


FIELDS = tuple(f.name for f in dataclasses.fields(Bill))
MACS_PARTS = ("attention", "experts", "routers", "exits", "head", "adapter", "embedding")
_TEXTS = frozenset(("tenant", "model", "method", "currency"))
_OPTIONAL_COUNTS = frozenset(("macs_max", "cost_max"))


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _are_counts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_count, value))


def _checked(key: str, value: Any) -> Any:
    """The value as the field holds it."""
    if key == "status" and _is_count(value):
        return Status.read(value)
    if key == "macs" and isinstance(value, dict) and all(map(_is_count, value.values())):
        return {part: value[part] for part in MACS_PARTS if part in value}
    if key.startswith("effort") and type(value) in (int, float):
        return float(value)
    if _is_right(key, value):
        return value
    raise ValueError(f"bill: {key} has a wrong type")


def _is_right(key: str, value: Any) -> bool:
    if key in ("status", "macs", "effort_asked", "effort_given"):
        return False
    if key == "call":
        return isinstance(value, bytes) and len(value) == 16
    if key in _TEXTS:
        return isinstance(value, str)
    if key.endswith("_histogram"):
        return _are_counts(value)
    if key == "adapter":
        return value is None or isinstance(value, str)
    return _is_count(value) or (value is None and key in _OPTIONAL_COUNTS)
