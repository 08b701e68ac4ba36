"""Section 4: the life of a stream, options and metadata."""

from __future__ import annotations

from typing import Any, Dict

from .building import BILLED, CALL, CALLING, ENDED, GREETED, SERVING, Section, end, opening, receive
from .packing import Double, Odd, Single, frame, pack, wide
from .tagging import tag_frame


def lives(s: Section) -> None:
    """Orders of frames within a stream."""
    s.valid("a server cancels when asked", "server", SERVING, 6, 1, ends=[end(1, "cancelled")], open=[])
    s.case("open and half_close", "server", GREETED, receive(frame(*opening(1)), frame(3, 1)), "accepted", open=[1], ends=[])
    s.valid("an end leaves the stream open for its bill", "client", CALLING, 4, 1, 0, "ok", "", {}, open=[1], failed=[])
    s.valid("the bill closes the stream", "client", ENDED, 5, 1, {}, open=[])
    whole = frame(2, 1, [1, "a", -0.5]) + frame(4, 1, 0, "ok", "", {"finish": "stop"}) + frame(5, 1, {"tokens_out": 1})
    s.case("answer, end and bill in one piece", "client", CALLING, receive(whole), "accepted", open=[], failed=[])
    s.case("an end before the client's half_close", "client", CALLING,
           receive(frame(4, 1, 3, "bad_message", "no", {}), frame(5, 1, {})), "accepted", open=[], failed=[1])  # fmt: skip
    s.case("data after end is ignored", "client", ENDED, receive(frame(2, 1, "x")), "ignored", open=[1])
    cancelled = CALLING + [{"cancel": 1}]
    s.case("cancel sends one frame", "client", CALLING, [{"cancel": 1}], "accepted", open=[1], sends=[frame(6, 1).hex()])  # fmt: skip
    s.case("a cancelled call gets its bill", "client", cancelled,
           receive(frame(4, 1, 1, "cancelled", "", {}), frame(5, 1, {"macs_total": 9})), "accepted", open=[])  # fmt: skip
    s.case("data that crossed a cancel", "client", cancelled, receive(frame(2, 1, "x")), "accepted", open=[1], sends=[])
    s.case("a call that was over before its cancel came", "client", cancelled,
           receive(frame(4, 1, 0, "ok", "", {}), frame(5, 1, {})), "accepted", open=[])  # fmt: skip
    s.case("a cancel after the bill sends nothing", "client", BILLED, [{"cancel": 1}], "ignored", open=[], sends=[])
    s.case("two calls end out of order", "client", CALLING + [{"open": {"stream": 2, "method": "Embed"}}],
           receive(frame(4, 2, 0, "ok", "", {}), frame(5, 2, {}), frame(4, 1, 0, "ok", "", {}), frame(5, 1, {})),
           "accepted", open=[], failed=[])  # fmt: skip
    s.broken("a bill before the end", "client", CALLING, frame(5, 1, {}), "malformed_frame", frames=[tag_frame(5, 1, {})])
    s.case("a second end is ignored", "client", ENDED, receive(frame(4, 1, 3, "bad_message", "", {})), "ignored", open=[1], failed=[])
    for status in range(1, 17):
        s.valid(f"status {status}", "client", CALLING, 4, 1, status, "internal", "why", {}, section="4.2", open=[1])
    s.valid("a detail of a later version", "client", CALLING, 4, 1, 8, "lunch_break", "at one", {}, section="4.2", open=[1])


def options(s: Section) -> None:
    """OPEN options that are taken, and those that cost the stream."""
    s.refused("an empty method", "server", GREETED, frame(*opening(1, method="")), 1, "unknown_method", section="4.1", open=[])
    s.refused("a method of 257 bytes", "server", GREETED, frame(*opening(1, method="M" * 257)), 1, "unknown_method", section="4.1", open=[])
    s.valid("a method of 256 bytes", "server", GREETED, *opening(1, method="M" * 256), section="4.1", open=[1])
    good: Dict[str, Any] = {
        "deadline_ms 0": {"deadline_ms": 0}, "deadline_ms uint64 max": {"deadline_ms": 2**64 - 1},
        "deadline_ms in int64": {"deadline_ms": wide(5000, "int64")}, "model of 256 bytes": {"model": "m" * 256},
        "effort 0.0": {"effort": 0.0}, "effort 1.0": {"effort": 1.0}, "effort in f32": {"effort": Odd(pack(Single("3f000000")), 0.5)},
        "effort as integer 0": {"effort": Odd(pack(0), 0.0)}, "effort as integer 1": {"effort": Odd(pack(1), 1.0)},
        "effort_min 0.0": {"effort_min": 0.0}, "effort_min as integer 1": {"effort_min": Odd(pack(1), 1.0)},
        "effort_min in f32 beside effort": {"effort": 0.75, "effort_min": Odd(pack(Single("3f000000")), 0.5)},
        "macs_max 0": {"macs_max": 0}, "cost_max uint64 max": {"cost_max": 2**64 - 1}, "empty params": {"params": {}},
        "any params": {"params": {"max_tokens": "the method judges"}}, "call": {"call": CALL},
    }  # fmt: skip
    for name, value in good.items():
        s.valid(f"option {name}", "server", GREETED, *opening(1, value), section="4.1", open=[1])
    unknown = opening(1, {"later": [1, {"a": None}], "model": "m"})
    s.case("an unknown option is ignored", "server", GREETED, receive(frame(*unknown)), "accepted", section="4.1",
           frames=[tag_frame(*unknown)], canonical=frame(*opening(1, {"model": "m"})).hex(), open=[1])  # fmt: skip
    bad: Dict[str, Any] = {
        "effort nan": {"effort": Double("7ff8000000000000")}, "effort f32 nan": {"effort": Single("7fc00000")},
        "effort infinite": {"effort": Double("7ff0000000000000")}, "effort minus infinite": {"effort": Double("fff0000000000000")},
        "effort above 1": {"effort": Double("3ff0000000000001")}, "effort below 0": {"effort": -0.1},
        "effort integer 2": {"effort": 2}, "effort integer -1": {"effort": -1}, "effort str": {"effort": "1"},
        "effort nil": {"effort": None}, "effort_min nan": {"effort_min": Double("7ff8000000000000")},
        "effort_min above 1": {"effort_min": 1.5}, "effort_min below 0": {"effort_min": -0.1}, "effort_min str": {"effort_min": "1"},
        "effort_min nil": {"effort_min": None}, "call of 15 bytes": {"call": CALL[:15]}, "call of 17 bytes": {"call": CALL + b"x"},
        "call empty": {"call": b""}, "call str": {"call": "x" * 16}, "deadline_ms negative": {"deadline_ms": -1},
        "deadline_ms float": {"deadline_ms": 5.0}, "deadline_ms str": {"deadline_ms": "5"}, "deadline_ms nil": {"deadline_ms": None},
        "model of 257 bytes": {"model": "m" * 257}, "model bin": {"model": b"m"}, "model uint": {"model": 1},
        "macs_max negative": {"macs_max": -5}, "macs_max float": {"macs_max": 1.0}, "cost_max bool": {"cost_max": True},
        "cost_max int64 min": {"cost_max": -(2**63)}, "params array": {"params": []}, "params nil": {"params": None},
    }  # fmt: skip
    for name, value in bad.items():
        s.refused(f"option {name}", "server", GREETED, frame(*opening(1, value)), 1, "bad_option", section="4.1", open=[])
    s.refused("a bad option leaves the other stream alone", "server", SERVING, frame(*opening(2, {"effort": 2})), 2,
              "bad_option", section="4.1", open=[1])  # fmt: skip
    s.case("data for a stream with a bad option is ignored", "server", GREETED,
           receive(frame(*opening(1, {"effort": 2})) + frame(2, 1, "x") + frame(3, 1)), "ignored", section="4.1",
           ends=[end(1, "bad_option")], open=[])  # fmt: skip


def metadata(s: Section) -> None:
    """Metadata and its limits."""
    good: Dict[str, Any] = {
        "str and bin": {"a": "1", "b": b"\x00\xff"}, "key of 64": {"k" * 64: "v"}, "every kind of character": {"a-z_0.9": ""},
        "64 entries": {f"{i:02}": "" for i in range(64)}, "emoji value": {"a": "\U0001f600"},
    }  # fmt: skip
    for name, value in good.items():
        s.valid(f"metadata with {name}", "server", GREETED, *opening(1, {}, value), section="4.1", open=[1])
    bad: Dict[str, Any] = {
        "an upper-case key": {"Trace": "1"}, "an empty key": {"": "1"}, "key of 65": {"k" * 65: "v"}, "a space": {"a b": "1"},
        "an accent": {"\u00e9": "1"}, "uint value": {"a": 1}, "nil value": {"a": None}, "bool value": {"a": True},
        "array value": {"a": []}, "map value": {"a": {}}, "float value": {"a": 1.0},
    }  # fmt: skip
    for name, value in bad.items():
        s.refused(f"metadata with {name}", "server", GREETED, frame(*opening(1, {}, value)), 1, "bad_option",
                  section="4.1", open=[])  # fmt: skip
    many = {f"{i:02}": "" for i in range(65)}
    s.refused("metadata of 65 entries", "server", GREETED, frame(*opening(1, {}, many)), 1, "metadata_too_large", section="4.1", open=[])
    few = {"metadata_count_max": 1, "metadata_bytes_max": 16}
    s.valid("metadata at its bytes", "server", GREETED, *opening(1, {}, {"a": "x" * 12}), limits=few, section="4.1",
            why="map head 1, key 2, value 13: 16 bytes", open=[1])  # fmt: skip
    s.refused("metadata over its bytes", "server", GREETED, frame(*opening(1, {}, {"a": "x" * 13})), 1,
              "metadata_too_large", limits=few, section="4.1", open=[])  # fmt: skip
    s.refused("metadata over its count", "server", GREETED, frame(*opening(1, {}, {"a": "", "b": ""})), 1,
              "metadata_too_large", limits=few, section="4.1", open=[])  # fmt: skip
    long = {"a": Odd(b"\xdb\x00\x00\x00\x08" + b"x" * 8, "x" * 8)}
    s.valid("metadata in long form at its bytes", "server", GREETED, *opening(1, {}, long), limits=few, section="4.1",
            why="bytes count as they were sent: map head 1, key 2, value 13", open=[1])  # fmt: skip
    s.refused("too large is judged before bad", "server", GREETED, frame(*opening(1, {}, {"A": 1, "B": 2})), 1,
              "metadata_too_large", limits=few, section="4.1", open=[])  # fmt: skip


def end_metadata(s: Section) -> None:
    """The metadata of an END is held to the same rules, but a client has no END to answer with."""
    for name, value in {"a uint value": {"a": 1}, "an upper-case key": {"Finish": "stop"}, "an empty key": {"": "x"}}.items():
        s.broken(f"end metadata with {name}", "client", CALLING, frame(4, 1, 0, "ok", "", value))
    s.valid("end metadata with a bin", "client", CALLING, 4, 1, 0, "ok", "", {"a": b"\xff"}, open=[1])


def cases() -> Section:
    """All cases of section 4."""
    s = Section("4")
    for part in (lives, options, metadata, end_metadata):
        part(s)
    return s
