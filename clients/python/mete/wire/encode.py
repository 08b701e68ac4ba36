"""From a frame to its bytes, length prefix included."""

from __future__ import annotations

from typing import Any, List

import msgpack

from .frames import Billing, Cancel, Credit, Data, End, Frame, Goaway, HalfClose, Hello, Open, Ping

OPTIONS = ("call", "deadline_ms", "model", "effort", "effort_min", "macs_max", "cost_max", "params")


def encode(frame: Frame) -> bytes:
    """The frame in canonical form. Raises ValueError or TypeError for what MessagePack cannot say."""
    body: bytes = msgpack.packb(_elements(frame))
    return len(body).to_bytes(4, "big") + body


def _elements(frame: Frame) -> List[Any]:
    if isinstance(frame, Data):
        return [2, frame.stream, frame.message]
    if isinstance(frame, Credit):
        return [7, frame.stream, frame.bytes]
    if isinstance(frame, Open):
        options = {key: frame.options[key] for key in OPTIONS if key in frame.options}
        for key in ("effort", "effort_min"):
            if key in options:
                options[key] = float(options[key])
        return [1, frame.stream, frame.method, options, frame.metadata]
    if isinstance(frame, HalfClose):
        return [3, frame.stream]
    if isinstance(frame, Cancel):
        return [6, frame.stream]
    if isinstance(frame, Ping):
        return [8, 0, frame.ack, frame.token]
    if isinstance(frame, End):
        return [4, frame.stream, int(frame.status), frame.detail, frame.text, frame.metadata]
    if isinstance(frame, Billing):
        return [5, frame.stream, frame.bill.to_map()]
    if isinstance(frame, Goaway):
        return [9, 0, frame.last_stream, int(frame.status), frame.text]
    return [0, 0, _hello(frame)]


def _hello(frame: Hello) -> Any:
    entries: Any = {"versions": frame.versions}
    if frame.software is not None:
        entries["software"] = frame.software
    limits = frame.limits.to_map()
    if limits:
        entries["limits"] = limits
    return entries
