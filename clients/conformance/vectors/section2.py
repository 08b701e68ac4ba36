"""Section 2: the connection and stream errors that need a state to happen in."""

from __future__ import annotations

from typing import Any, Dict, List

from .building import (
    BILLED, CALLING, GREETED, HELLO, SERVED, SERVING, Section, end, opening, receive,
)  # fmt: skip
from .packing import frame, framed, pack, wide
from .section1 import FULL_BILL
from .tagging import tag_frame


def kinds(s: Section) -> None:
    """Kinds that nobody knows."""
    for kind in (10, 127, 128, 2**31, 2**64 - 1):
        s.broken(f"kind {kind}", "server", SERVING, frame(kind, 1, "x"), "unknown_kind")
    s.broken("kind 10 of two elements", "server", SERVING, frame(10, 0), "unknown_kind")
    s.broken("kind 10 in uint64", "server", SERVING, frame(wide(10, "uint64"), 0), "unknown_kind")
    s.broken("kind 10 at a client", "client", CALLING, frame(10, 0), "unknown_kind")
    s.broken("kind 10 as the first frame", "server", [], frame(10, 0), "unknown_kind")
    s.broken("kind 10 alone", "server", SERVING, frame(10), "unknown_kind")
    s.broken("kind 10 with a stream that is nil", "server", SERVING, frame(10, None), "unknown_kind")
    s.broken("kind 10 with a byte left over", "server", SERVING, framed(pack([10, 0]) + b"\xc0"), "malformed_frame")


def greetings(s: Section) -> None:
    """HELLO comes first, once, and shares a version."""
    firsts: Dict[str, List[Any]] = {
        "open": opening(1), "data": [2, 1, "x"], "half_close": [3, 1], "cancel": [6, 1], "credit": [7, 0, 1],
        "ping": [8, 0, False, 1], "goaway": [9, 0, 0, 0, ""], "end": [4, 1, 0, "ok", "", {}], "bill": [5, 1, {}],
    }  # fmt: skip
    for name, elements in firsts.items():
        s.broken(f"{name} before hello", "server", [], frame(*elements), "hello_expected", frames=[tag_frame(*elements)])
    for name in ("data", "ping", "end", "goaway"):
        state = [{"open": {"stream": 1, "method": "Generate"}}]
        s.broken(f"{name} before hello at a client", "client", state, frame(*firsts[name]), "hello_expected")
    s.broken("a second hello", "server", GREETED, HELLO, "hello_expected")
    s.broken("a second hello with a stream open", "server", SERVING, HELLO, "hello_expected")
    s.broken("a second hello at a client", "client", CALLING, HELLO, "hello_expected")
    for name, versions in {"2": [2], "none": [], "0": [0], "2 and 3": [2, 3], "2 to the 64th less 1": [2**64 - 1]}.items():
        hello = [0, 0, {"versions": versions}]
        s.broken(f"version {name}", "server", [], frame(*hello), "version_unsupported", frames=[tag_frame(*hello)])
    s.broken("version 2 at a client", "client", [], frame(0, 0, {"versions": [2]}), "version_unsupported")
    s.valid("versions 2 and 1", "server", [], 0, 0, {"versions": [2, 1]})
    s.valid("versions 1 and 1", "server", [], 0, 0, {"versions": [1, 1]})


def directions(s: Section) -> None:
    """Frames that only the other side may send."""
    servers: Dict[str, List[Any]] = {"end": [4, 1, 0, "ok", "", {}], "bill": [5, 1, FULL_BILL]}
    for name, elements in servers.items():
        s.broken(f"{name} at a server", "server", SERVING, frame(*elements), "wrong_direction")
        s.broken(f"{name} at a server without streams", "server", GREETED, frame(*elements), "wrong_direction")
    clients: Dict[str, List[Any]] = {"open": opening(2), "half_close": [3, 1], "cancel": [6, 1]}
    for name, elements in clients.items():
        s.broken(f"{name} at a client", "client", CALLING, frame(*elements), "wrong_direction")


def stream_ids(s: Section) -> None:
    """Which stream a frame may name."""
    for name, stream in {"0": 0, "2 to the 31st": 2**31, "2 to the 32nd": 2**32, "uint64 max": 2**64 - 1}.items():
        s.broken(f"open of stream {name}", "server", GREETED, frame(*opening(stream)), "stream_id")
    s.valid("open of the last stream", "server", GREETED, *opening(2**31 - 1), open=[2**31 - 1])
    s.valid("open of stream 7 after 1", "server", SERVING, *opening(7), open=[1, 7])
    s.broken("open of the same stream", "server", SERVING, frame(*opening(1)), "stream_id")
    s.broken("open of an ended stream", "server", SERVED, frame(*opening(1)), "stream_id")
    s.broken("open of a lower stream", "server", GREETED + receive(frame(*opening(9))), frame(*opening(5)), "stream_id")
    strangers: Dict[str, List[Any]] = {"data": [2, 5, "x"], "half_close": [3, 5], "cancel": [6, 5], "credit": [7, 5, 1]}
    for name, elements in strangers.items():
        s.broken(f"{name} for a stream never opened", "server", SERVING, frame(*elements), "stream_id",
                 frames=[tag_frame(*elements)])  # fmt: skip
    nobody: Dict[str, List[Any]] = {"data": [2, 0, "x"], "half_close": [3, 0], "cancel": [6, 0]}
    for name, elements in nobody.items():
        s.broken(f"{name} for stream 0", "server", SERVING, frame(*elements), "stream_id")
    bound: Dict[str, List[Any]] = {"ping": [8, 1, False, 5], "goaway": [9, 1, 0, 0, ""]}
    for name, elements in bound.items():
        s.broken(f"{name} with a stream", "server", SERVING, frame(*elements), "stream_id")
    s.broken("hello with a stream", "server", [], frame(0, 1, {"versions": [1]}), "stream_id")
    strangers = {"data": [2, 2, "x"], "end": [4, 2, 0, "ok", "", {}], "bill": [5, 2, {}], "credit": [7, 2, 1]}
    for name, elements in strangers.items():
        s.broken(f"{name} for a stream the client never opened", "client", CALLING, frame(*elements), "stream_id")
    nobody = {"end": [4, 0, 0, "ok", "", {}], "bill": [5, 0, {}], "data": [2, 0, 1]}
    for name, elements in nobody.items():
        s.broken(f"{name} for stream 0 at a client", "client", CALLING, frame(*elements), "stream_id")


def closed(s: Section) -> None:
    """Frames that crossed an END are ignored."""
    late: Dict[str, List[Any]] = {"data": [2, 1, "x"], "half_close": [3, 1], "cancel": [6, 1], "credit": [7, 1, 9]}
    for name, elements in late.items():
        s.valid(f"{name} for an ended stream", "server", SERVED, *elements, outcome="ignored", open=[], ends=[], sends=[])
    s.valid("data for an id that was skipped", "server", GREETED + receive(frame(*opening(9))), 2, 4, "x",
            outcome="ignored", why="an id below the highest is as good as closed: no set of ids is remembered")  # fmt: skip
    late = {"data": [2, 1, "x"], "end": [4, 1, 0, "ok", "", {}], "bill": [5, 1, {}], "credit": [7, 1, 9]}
    for name, elements in late.items():
        s.valid(f"{name} for a billed stream", "client", BILLED, *elements, outcome="ignored", open=[], failed=[])
    refused = SERVING + receive(frame(2, 1, "a"), frame(3, 1), frame(2, 1, "b"))
    s.valid("data after a stream error", "server", refused, 2, 1, "c", outcome="ignored", open=[], ends=[])
    two = GREETED + receive(frame(*opening(1)), frame(*opening(2)))
    s.case("an error ends every stream", "server", two, receive(frame(99, 0)), "connection_error", last_stream=2,
           error={"status": 12, "detail": "unknown_kind"}, ends=[end(1, "unknown_kind"), end(2, "unknown_kind")], open=[])  # fmt: skip
    s.case("bytes after a connection error are not read", "server", SERVING, receive(frame(99, 0) + frame(*opening(2))),
           "connection_error", last_stream=1, error={"status": 12, "detail": "unknown_kind"},
           ends=[end(1, "unknown_kind")], open=[], frames=[])  # fmt: skip


def half_closes(s: Section) -> None:
    """What may still come after HALF_CLOSE."""
    half = SERVING + receive(frame(3, 1))
    s.refused("data after half_close", "server", half, frame(2, 1, "x"), 1, "message_after_half_close",
              frames=[tag_frame(2, 1, "x")], open=[])  # fmt: skip
    s.valid("cancel after half_close", "server", half, 6, 1, ends=[end(1, "cancelled")], open=[])
    s.valid("credit after half_close", "server", half, 7, 1, 9, open=[1])
    s.valid("a second half_close", "server", half, 3, 1, outcome="ignored", open=[1], ends=[])
    s.case("open, data, half_close and cancel in one piece", "server", GREETED,
           receive(frame(*opening(1)) + frame(2, 1, "x") + frame(3, 1) + frame(6, 1)), "accepted",
           ends=[end(1, "cancelled")], open=[])  # fmt: skip
    s.case("a second cancel", "server", SERVING, receive(frame(6, 1), frame(6, 1)), "ignored",
           ends=[end(1, "cancelled")], open=[])  # fmt: skip


def cases() -> Section:
    """All cases of section 2."""
    s = Section("2")
    for part in (kinds, greetings, directions, stream_ids, closed, half_closes):
        part(s)
    return s
