"""What a server checks in an OPEN before any method sees it."""

from __future__ import annotations

import re
from typing import Any, Optional, Tuple

from mete.wire.frames import Open
from mete.wire.limits import Limits

_KEY = re.compile(r"[a-z0-9_.-]{1,64}\Z")


def objection(frame: Open, limits: Limits) -> Optional[Tuple[str, str]]:
    """Detail and text of the stream error that this OPEN deserves, or None."""
    metadata = frame.metadata
    if frame.metadata_bytes > limits.metadata_bytes_max or len(metadata) > limits.metadata_count_max:
        return "metadata_too_large", f"{len(metadata)} entries, {frame.metadata_bytes} bytes"
    if not 1 <= len(frame.method.encode()) <= 256:
        return "unknown_method", "no method has such a name"
    for key, value in frame.options.items():
        if not _is_good(key, value):
            return "bad_option", key
    for key, value in metadata.items():
        if not _KEY.match(key) or not isinstance(value, (str, bytes)):
            return "bad_option", f"metadata {key!r}"
    return None


def _is_good(key: str, value: Any) -> bool:
    if key == "call":
        return isinstance(value, bytes) and len(value) == 16
    if key in ("deadline_ms", "macs_max", "cost_max"):
        return type(value) is int and value >= 0
    if key == "model":
        return isinstance(value, str) and len(value.encode()) <= 256
    if key in ("effort", "effort_min"):
        return type(value) in (int, float) and 0 <= value <= 1
    return isinstance(value, dict) if key == "params" else True
