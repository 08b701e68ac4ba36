"""How the section modules say a case."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional, Sequence

from .packing import frame, plain_frame
from .tagging import BILL, tag_frame

Step = Dict[str, Any]
Case = Dict[str, Any]

STATUS = {
    "frame_too_large": 8, "malformed_frame": 3, "unknown_kind": 12, "hello_expected": 9, "version_unsupported": 9,
    "wrong_direction": 3, "stream_id": 3, "connection_credit_overrun": 8, "credit_overflow": 11, "ping_flood": 8,
    "reset_flood": 8,
    "ok": 0, "cancelled": 1, "bad_option": 3, "message_after_half_close": 3, "credit_overrun": 8, "streams_max": 8,
    "metadata_too_large": 8, "unknown_method": 12,
}  # fmt: skip

HELLO = frame(0, 0, {"versions": [1]})
CALL = bytes(range(16))


def receive(*pieces: bytes) -> List[Step]:
    """Bytes that arrive, a step each."""
    return [{"receive": piece.hex()} for piece in pieces]


def opening(stream: int, options: Any = None, metadata: Any = None, method: str = "Generate") -> List[Any]:
    """The elements of an OPEN."""
    return [1, stream, method, options or {}, metadata or {}]


#: A server that has seen the client's HELLO, or a client that has seen the server's.
GREETED = receive(HELLO)
#: A server with stream 1 open.
SERVING = GREETED + receive(frame(*opening(1)))
#: A client with stream 1 open.
CALLING = GREETED + [{"open": {"stream": 1, "method": "Generate"}}]
#: A client whose stream 1 got its END but no BILL yet.
ENDED = CALLING + receive(frame(4, 1, 0, "ok", "", {}))
#: A client whose stream 1 is over.
BILLED = ENDED + receive(frame(5, 1, {}))
#: A server whose stream 1 is over.
SERVED = SERVING + [{"end": {"stream": 1, "status": 0, "detail": "ok"}}]


def state_for(role: str, streams: int) -> List[Step]:
    """The ordinary state of a role: greeted, and perhaps with stream 1 open."""
    if not streams:
        return GREETED
    return SERVING if role == "server" else CALLING


class Section:
    """The cases of one section, numbered as they come."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.cases: List[Case] = []

    def case(
        self,
        claim: str,
        role: str,
        before: List[Step],
        steps: List[Step],
        outcome: str,
        *,
        limits: Optional[Dict[str, int]] = None,
        why: str = "",
        section: str = "",
        **expect: Any,
    ) -> None:
        """Adds a case with these expectations."""
        slug = re.sub(r"[^a-z0-9]+", "-", claim.lower()).strip("-")
        case: Case = {
            "name": f"{self.number}-{len(self.cases) + 1:03d}-{slug}",
            "section": section or self.number,
            "role": role,
        }
        if why:
            case["why"] = why
        if limits:
            case["limits"] = limits
        case.update(before=before, **{"in": steps}, expect={"outcome": outcome, **expect})
        self.cases.append(case)

    def valid(
        self, claim: str, role: str, before: List[Step], *elements: Any, outcome: str = "accepted", **more: Any
    ) -> None:
        """A frame that decodes, is taken, and has canonical bytes unless it is a HELLO or a bill with gaps."""
        tagged = tag_frame(*elements)
        if tagged["kind"] != "HELLO" and len(tagged.get("bill", BILL)) == len(BILL):
            more.setdefault("canonical", plain_frame(*elements).hex())
        more.setdefault("frames", [tag_frame(*elements)])
        self.case(claim, role, before, receive(frame(*elements)), outcome, **more)

    def broken(
        self, claim: str, role: str, before: List[Step], wire: bytes, detail: str = "malformed_frame", **more: Any
    ) -> None:
        """Bytes that cost the connection."""
        opened = opened_in(before)
        if role == "server":
            more.setdefault("last_stream", max(opened, default=0))
            more.setdefault("ends", [end(s, detail) for s in open_in(before)])
        else:
            more.setdefault("failed", open_in(before))
        if detail in ("malformed_frame", "unknown_kind", "frame_too_large"):
            more.setdefault("frames", [])
        error = {"status": STATUS[detail], "detail": detail}
        self.case(claim, role, before, receive(wire), "connection_error", error=error, open=[], **more)

    def refused(
        self, claim: str, role: str, before: List[Step], wire: bytes, stream: int, detail: str, **more: Any
    ) -> None:
        """Bytes that cost one stream of a server."""
        self.case(claim, role, before, receive(wire), "stream_error", ends=[end(stream, detail)], **more)


def end(stream: int, detail: str) -> Dict[str, Any]:
    """An END that is owed."""
    return {"stream": stream, "status": STATUS[detail], "detail": detail}


def opened_in(before: Sequence[Step]) -> List[int]:
    """The streams that these steps open."""
    found = []
    for step in before:
        if "open" in step:
            found.append(step["open"]["stream"])
        elif step.get("receive", "")[8:12] == "9501":
            found.append(int(step["receive"][12:14], 16))
    return found


def open_in(before: Sequence[Step]) -> List[int]:
    """The streams that these steps leave open."""
    closed = {step["end"]["stream"] for step in before if "end" in step}
    closed |= {int(s["receive"][12:14], 16) for s in before if s.get("receive", "")[8:12] == "9305"}
    return [stream for stream in opened_in(before) if stream not in closed]
