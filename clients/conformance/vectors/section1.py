"""Section 1: frames and what makes one malformed."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from .building import CALL, GREETED, SERVING, Section, opening, receive, state_for
from .packing import WIDTHS, Double, Odd, Pairs, Single, frame, framed, pack, wide
from .tagging import MACS, tag_frame

FULL_OPTIONS: Dict[str, Any] = {
    "call": CALL,
    "deadline_ms": 1500,
    "model": "smollm2",
    "effort": 0.5,
    "effort_min": 0.25,
    "macs_max": 2**40,
    "cost_max": 2**64 - 1,
    "params": {"max_tokens": 16},
}
FULL_BILL: Dict[str, Any] = {
    "call": CALL, "tenant": "uid:1000", "model": "smollm2", "method": "Generate", "status": 0, "tokens_in": 5,
    "tokens_out": 128, "macs": {part: 2**33 + i for i, part in enumerate(MACS)}, "macs_total": 7 * 2**33 + 21,
    "macs_dense": 7 * 2**33 + 21, "layers_run": 3990, "experts_run": 3990, "layers_histogram": [0, 0, 133],
    "experts_histogram": [0, 3990], "queue_us": 12, "compute_us": 2_000_000, "total_us": 2_100_000, "bytes_in": 120,
    "bytes_out": 70_000, "effort_asked": 1.0, "effort_given": 1.0, "macs_max": None, "cost_max": 7, "adapter": None,
    "cost_micro": 300, "currency": "EUR",
}  # fmt: skip

#: A frame of each kind, the role that receives it, and whether stream 1 must be open.
SAMPLES: List[Tuple[str, str, int, List[Any]]] = [
    ("hello", "server", -1, [0, 0, {"versions": [1]}]),
    ("open", "server", 0, opening(1)),
    ("data", "server", 1, [2, 1, "hi"]),
    ("half_close", "server", 1, [3, 1]),
    ("end", "client", 1, [4, 1, 0, "ok", "", {}]),
    ("bill", "client", 2, [5, 1, {}]),
    ("cancel", "server", 1, [6, 1]),
    ("credit", "server", 1, [7, 1, 64]),
    ("ping", "server", 0, [8, 0, False, 5]),
    ("goaway", "client", 0, [9, 0, 0, 14, "draining: bye"]),
]

WRONG: Dict[str, Any] = {
    "nil": None,
    "bool": True,
    "negative": -1,
    "float": 1.0,
    "str": "1",
    "bin": b"1",
    "array": [],
    "map": {},
}
#: The types of each kind's elements, the kind itself left out.
TYPES: Dict[str, List[str]] = {
    "hello": ["uint", "map"],
    "open": ["uint", "str", "map", "map"],
    "data": ["uint", "any"],
    "half_close": ["uint"],
    "end": ["uint", "uint", "str", "str", "map"],
    "bill": ["uint", "map"],
    "cancel": ["uint"],
    "credit": ["uint", "uint"],
    "ping": ["uint", "bool", "uint"],
    "goaway": ["uint", "uint", "uint", "str"],
}


def before(role: str, need: int) -> List[Any]:
    """The state a sample needs."""
    if need < 0:
        return []
    if need == 2:
        return state_for(role, 1) + receive(frame(4, 1, 0, "ok", "", {}))
    return state_for(role, need)


def widen(elements: List[Any], width: str) -> List[Any]:
    """The same elements with every integer in this width."""
    return [wide(e, width) if isinstance(e, int) and not isinstance(e, bool) else e for e in elements]


def owed(name: str) -> Dict[str, Any]:
    """What a sample obliges the receiver to beyond taking it."""
    if name == "ping":
        return {"sends": [frame(8, 0, True, 5).hex()]}
    if name == "cancel":
        return {"ends": [{"stream": 1, "status": 1, "detail": "cancelled"}], "open": []}
    return {}


def kinds(s: Section) -> None:
    """Every kind, in every width of integer."""
    for name, role, need, elements in SAMPLES:
        s.valid(f"{name} in the shortest form", role, before(role, need), *elements, **owed(name))
    for width in WIDTHS:
        for name, role, need, elements in SAMPLES:
            wide_elements = widen(elements, width)
            s.valid(f"{name} with {width}", role, before(role, need), *wide_elements, **owed(name))
    full = {"versions": [1], "software": "probe 1.0", "limits": {"frame_bytes_max": 65536, "idle_ms": 0, "later": "x"}}
    s.valid("hello with limits", "server", [], 0, 0, {**full, "unknown": [1]})
    s.valid("open with all options", "server", GREETED, *opening(1, FULL_OPTIONS, {"trace-id": "abc", "z": b"\x00"}))
    s.valid("end with metadata", "client", state_for("client", 1), 4, 1, 0, "ok", "", {"finish": "length"})
    s.valid("bill with everything", "client", before("client", 2), 5, 1, FULL_BILL, open=[])
    unknown = {**FULL_BILL, "later": 1}
    s.case(
        "bill with a key of a later version", "client", before("client", 2), receive(frame(5, 1, unknown)),
        "accepted", frames=[tag_frame(5, 1, unknown)], canonical=frame(5, 1, FULL_BILL).hex(), open=[],
    )  # fmt: skip
    for bits in (0, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1):
        s.valid(f"ping token {bits}", "server", GREETED, 8, 0, False, bits, sends=[frame(8, 0, True, bits).hex()])


def messages(s: Section) -> None:
    """DATA takes any value that the rules allow."""
    values: Dict[str, Any] = {
        "nil": None, "true": True, "false": False, "int64 min": -(2**63), "int32 min": -(2**31), "minus 33": -33,
        "minus 32": -32, "uint64 max": 2**64 - 1, "above int64": 2**63, "f32 half": Single("3f000000"),
        "f64 tenth": 0.1, "f64 nan": Double("7ff8000000000000"), "f32 infinity": Single("7f800000"),
        "f64 minus zero": Double("8000000000000000"), "str of 31": "x" * 31, "str of 32": "x" * 32, "str of 256": "y" * 256,
        "str with nul": "a\0b", "str with emoji": "\U0001f469\u200d\U0001f680", "str noncharacter": "\uffff", "bin empty": b"",
        "bin not utf-8": b"\xff\xfe", "bin of 256": bytes(256), "array of 15": [0] * 15, "array of 16": [0] * 16,
        "map of 15": {f"{i:02}": i for i in range(15)}, "map of 16": {f"{i:02}": i for i in range(16)},
        "mixed": [None, {"a": [1, -1, 2.5]}, b"\x01", "b"],
    }  # fmt: skip
    for name, value in values.items():
        s.valid(f"data with {name}", "server", SERVING, 2, 1, value)
    odd: Dict[str, Odd] = {
        "str8 of 1": Odd(b"\xd9\x01a", "a"),
        "str16 of 1": Odd(b"\xda\x00\x01a", "a"),
        "str32 of 1": Odd(b"\xdb\x00\x00\x00\x01a", "a"),
        "bin16 of 1": Odd(b"\xc5\x00\x01\x07", b"\x07"),
        "bin32 of 1": Odd(b"\xc6\x00\x00\x00\x01\x07", b"\x07"),
        "array16 of 1": Odd(b"\xdc\x00\x01\x07", [7]),
        "array32 of 0": Odd(b"\xdd\x00\x00\x00\x00", []),
        "map16 of 1": Odd(b"\xde\x00\x01\xa1a\x07", {"a": 7}),
        "map32 of 0": Odd(b"\xdf\x00\x00\x00\x00", {}),
    }
    for name, value in odd.items():
        s.valid(f"data with a long {name}", "server", SERVING, 2, 1, value)
    long = framed(b"\xdd\x00\x00\x00\x03" + pack(2) + pack(1) + pack("hi"))
    s.case("the frame's array in 32 bits", "server", SERVING, receive(long), "accepted",
           frames=[tag_frame(2, 1, "hi")], canonical=frame(2, 1, "hi").hex())  # fmt: skip


def shapes(s: Section) -> None:
    """Wrong lengths and types of every element."""
    for name, role, need, elements in SAMPLES:
        state = before(role, need)
        s.broken(f"{name} with an element missing", role, state, frame(*elements[:-1]))
        s.broken(f"{name} with an element too many", role, state, frame(*elements, None))
        for index, wanted in enumerate(TYPES[name], start=1):
            for kind, wrong in WRONG.items():
                if wanted in (kind, "any"):
                    continue
                bad = list(elements)
                bad[index] = wrong
                s.broken(f"{name} with {kind} as element {index}", role, state, frame(*bad))
    for kind, wrong in WRONG.items():
        s.broken(f"kind as {kind}", "server", SERVING, frame(wrong, 1, "hi"))
    for name, body in (("nil", None), ("int", 5), ("str", "hello"), ("bin", b"hi"), ("map", {"a": 1}), ("bool", True)):
        s.broken(f"a frame that is {name}", "server", SERVING, framed(pack(body)))
    s.broken("an empty array", "server", SERVING, framed(b"\x90"))
    s.broken("an array of a kind alone", "server", SERVING, frame(3))
    for name, state, elements in (
        ("end", state_for("client", 1), [4, 1, 17, "ok", "", {}]),
        ("goaway", GREETED, [9, 0, 0, 2**64 - 1, ""]),
    ):
        read = [{**tag_frame(*elements), "status": 2}]
        s.case(f"{name} with a status above 16 is read as unknown", "client", state, receive(frame(*elements)),
               "accepted", frames=read)  # fmt: skip


def lengths(s: Section) -> None:
    """Truncation inside and outside, bytes left over, and lengths that lie."""
    whole = frame(7, 1, 300)
    for cut in range(len(whole)):
        s.case(f"the first {cut} bytes of a frame", "server", SERVING, receive(whole[:cut]), "incomplete", frames=[])
    for cut in range(1, len(whole) - 4):
        s.broken(f"a frame cut after {cut} bytes of body", "server", SERVING, framed(whole[4 : 4 + cut]))
    body = pack(opening(1, FULL_OPTIONS, {"a": "b"}))
    for cut in range(5, len(body), 11):
        s.broken(f"an open cut after {cut} bytes", "server", GREETED, framed(body[:cut]))
    s.broken("a byte left over", "server", SERVING, framed(whole[4:] + b"\xc0"))
    s.broken("two values in a frame", "server", SERVING, framed(whole[4:] * 2))
    s.case("two frames in one piece", "server", SERVING, receive(whole * 2), "accepted",
           frames=[tag_frame(7, 1, 300)] * 2)  # fmt: skip
    s.case("three frames in three crooked pieces", "server", SERVING,
           receive(whole[:3], whole[3:] + whole[:6], whole[6:] + whole), "accepted",
           frames=[tag_frame(7, 1, 300)] * 3)  # fmt: skip
    s.broken("length zero", "server", SERVING, bytes(4), "frame_too_large")
    s.broken("length over the default maximum", "server", SERVING, bytes.fromhex("00100001"), "frame_too_large",
             why="answered as soon as the length is there")  # fmt: skip
    s.broken("length of four gigabytes", "server", SERVING, b"\xff" * 4, "frame_too_large")
    s.broken("a client is told four gigabytes", "client", state_for("client", 1), b"\xff" * 4, "frame_too_large")
    small = {"frame_bytes_max": 64}
    s.valid("length at the maximum", "server", SERVING, 2, 1, bytes(59), limits=small)
    s.broken("length one over the maximum", "server", SERVING, frame(2, 1, bytes(60)), "frame_too_large", limits=small)
    s.case("the maximum length alone", "server", SERVING, receive(bytes.fromhex("00100000")), "incomplete", frames=[])


def bombs(s: Section) -> None:
    """Counts that nothing stands behind, depth, and items."""
    heads = {"array32": b"\xdd", "map32": b"\xdf", "str32": b"\xdb", "bin32": b"\xc6"}
    for name, head in heads.items():
        for claim in ("ffffffff", "20000000", "00010000"):
            bomb = Odd(head + bytes.fromhex(claim))
            s.broken(f"{name} of 0x{claim} in a message", "server", SERVING, frame(2, 1, bomb))
        bomb = Odd(head + b"\xff\xff\xff\xff")
        s.broken(f"{name} bomb as the frame", "server", SERVING, framed(bomb.wire))
        s.broken(f"{name} bomb as the options", "server", GREETED, framed(b"\x95\x01\x01\xa1M" + bomb.wire))
        s.broken(f"{name} bomb at a client", "client", state_for("client", 1), frame(2, 1, bomb))
    for name, head in {"array16": b"\xdc", "map16": b"\xde", "str16": b"\xda", "bin16": b"\xc5"}.items():
        s.broken(f"{name} of 65535 in a message", "server", SERVING, frame(2, 1, Odd(head + b"\xff\xff")))
    s.broken("a map whose pairs do not fit", "server", SERVING, frame(2, 1, Odd(b"\x83\xa1a\x01\xa1b")))
    for depth, good in ((7, True), (8, False), (1000, False)):
        nested = Odd(b"\x91" * (depth - 1) + b"\x90", nest(depth) if good else None)
        if good:
            s.valid("nesting at the maximum", "server", SERVING, 2, 1, nested)
        else:
            s.broken(f"{depth} arrays in a message", "server", SERVING, frame(2, 1, nested))
    s.broken("maps too deep", "server", SERVING, frame(2, 1, Odd(b"\x81\xa1a" * 8 + b"\xc0")))
    s.valid("nesting at a lower maximum", "server", SERVING, 2, 1, [[]], limits={"depth_max": 3})
    s.broken("nesting over a lower maximum", "server", SERVING, frame(2, 1, [[[]]]), limits={"depth_max": 3})
    few = {"items_max": 16}
    s.valid("items at the maximum", "server", SERVING, 2, 1, [0] * 12, limits=few,
            why="the frame's array, kind, stream, the message's array and 12 items are 16")  # fmt: skip
    s.broken("items over the maximum", "server", SERVING, frame(2, 1, [0] * 13), limits=few)
    pairs = {f"{i:x}": i for i in range(7)}
    s.broken("keys are items too", "server", SERVING, frame(2, 1, pairs), limits=few)


def nest(depth: int) -> List[Any]:
    """Arrays in arrays."""
    return [nest(depth - 1)] if depth > 1 else []


def forbidden(s: Section) -> None:
    """Extension types, the unused byte, keys that repeat or are no strings."""
    extensions = {
        "fixext1": "d40500", "fixext2": "d5050000", "fixext4": "d60500000000", "fixext8": "d705" + "00" * 8,
        "fixext16": "d805" + "00" * 16, "ext8": "c70105ff", "ext16": "c8000105ff", "ext32": "c90000000105ff",
        "timestamp": "d6ff00000000", "unused byte c1": "c1",
    }  # fmt: skip
    for name, wire in extensions.items():
        odd = Odd(bytes.fromhex(wire))
        s.broken(f"{name} in a message", "server", SERVING, frame(2, 1, odd))
    ext = Odd(bytes.fromhex("d40500"))
    s.broken("an extension inside a message", "server", SERVING, frame(2, 1, [{"a": ext}]))
    s.broken("an extension as an unknown option", "server", GREETED, frame(*opening(1, {"later": ext})))
    s.broken("an extension as the frame", "server", SERVING, framed(ext.wire))
    twice = Pairs(("a", 1), ("a", 2))
    for name, elements in {
        "a message": [2, 1, twice], "a nested map": [2, 1, [{"b": twice}]],
        "options": opening(2, Pairs(("model", "a"), ("model", "b"))), "params": opening(2, {"params": twice}),
        "metadata": opening(2, {}, Pairs(("a", "1"), ("a", "2"))),
        "unknown options": opening(2, Pairs(("later", 1), ("later", 1))),
        "keys of different length heads": [2, 1, Pairs(("a", 1), (Odd(b"\xd9\x01a"), 2))],
    }.items():  # fmt: skip
        s.broken(f"a repeated key in {name}", "server", SERVING, frame(*elements))
    s.broken("a repeated key in hello", "server", [], frame(0, 0, Pairs(("versions", [1]), ("versions", [1]))))
    limits = Pairs(("idle_ms", 1), ("idle_ms", 2))
    s.broken("a repeated key in limits", "server", [], frame(0, 0, {"versions": [1], "limits": limits}))
    s.broken("a repeated key in a bill", "client", before("client", 2), frame(5, 1, Pairs(("status", 0), ("status", 0))))
    keys: Dict[str, Any] = {"int": 1, "nil": None, "bin": b"a", "bool": True, "float": 1.0, "array": []}
    for name, key in keys.items():
        s.broken(f"{name} as a key in a message", "server", SERVING, frame(2, 1, Pairs((key, 1))))
        s.broken(f"{name} as a key in the options", "server", GREETED, frame(*opening(1, Pairs((key, 1)))))
    s.broken("int as a key in metadata", "server", GREETED, frame(*opening(1, {}, Pairs((1, "a")))))
    s.broken("int as a key in params", "server", GREETED, frame(*opening(1, {"params": Pairs((1, 1))})))


def text(s: Section) -> None:
    """Strings that are not UTF-8, each way and each place."""
    ways = {
        "a lone continuation": "80", "a cut character": "c3", "an overlong nul": "c080", "an overlong slash": "e0802f",
        "a surrogate": "eda080", "above the last plane": "f4908080", "byte ff": "ff", "byte f5": "f5808080",
        "a cut emoji": "f09f91",
    }  # fmt: skip
    for name, wire in ways.items():
        s.broken(f"{name} in a message", "server", SERVING, frame(2, 1, bad(wire)))
    ff = bad("ff")
    for name, elements in {
        "the method": [1, 2, ff, {}, {}], "an option's key": opening(2, Pairs((ff, 1))), "the model": opening(2, {"model": ff}),
        "an unknown option": opening(2, {"later": ff}), "a param's key": opening(2, {"params": Pairs((ff, 1))}),
        "a param": opening(2, {"params": {"system": ff}}), "a metadata key": opening(2, {}, Pairs((ff, "a"))),
        "a metadata value": opening(2, {}, {"a": ff}), "a nested value": [2, 1, [[ff]]], "a message's key": [2, 1, Pairs((ff, 1))],
    }.items():  # fmt: skip
        s.broken(f"not utf-8 in {name}", "server", SERVING, frame(*elements))
    s.broken("not utf-8 in the software", "server", [], frame(0, 0, {"versions": [1], "software": ff}))
    s.broken("not utf-8 in a hello key", "server", [], frame(0, 0, Pairs(("versions", [1]), (ff, 1))))
    calling = state_for("client", 1)
    for name, elements in {
        "the detail": [4, 1, 0, ff, "", {}], "the text": [4, 1, 0, "ok", ff, {}], "end metadata": [4, 1, 0, "ok", "", {"a": ff}],
        "the goaway": [9, 0, 0, 14, ff],
    }.items():  # fmt: skip
        s.broken(f"not utf-8 in {name}", "client", calling, frame(*elements))
    s.broken("not utf-8 in a bill", "client", before("client", 2), frame(5, 1, {"tenant": ff}))


def bad(wire: str) -> Odd:
    """A string of these bytes."""
    raw = bytes.fromhex(wire)
    return Odd(bytes([0xA0 | len(raw)]) + raw)


def inner(s: Section) -> None:
    """Wrong types inside HELLO and BILL."""
    for name, hello in {
        "no versions": {}, "versions as uint": {"versions": 1}, "versions with a str": {"versions": ["1"]},
        "versions with a negative": {"versions": [-1]}, "versions as nil": {"versions": None},
        "software as uint": {"versions": [1], "software": 1}, "limits as array": {"versions": [1], "limits": []},
        "a limit as str": {"versions": [1], "limits": {"idle_ms": "1"}},
        "a negative limit": {"versions": [1], "limits": {"streams_max": -1}},
        "a limit as float": {"versions": [1], "limits": {"depth_max": 8.0}},
        "a limit as nil": {"versions": [1], "limits": {"depth_max": None}},
        "a limit above 2 to the 31st less 1": {"versions": [1], "limits": {"stream_credit": 2**31}},
        "frame_bytes_max below 16384": {"versions": [1], "limits": {"frame_bytes_max": 16383}},
        "depth_max below 8": {"versions": [1], "limits": {"depth_max": 7}},
        "items_max below 4096": {"versions": [1], "limits": {"items_max": 4095}},
    }.items():  # fmt: skip
        s.broken(f"hello with {name}", "server", [], frame(0, 0, hello))
    lowest = {"frame_bytes_max": 16384, "depth_max": 8, "items_max": 4096, "stream_credit": 0, "idle_ms": 2**63}
    s.valid("hello with the lowest limits", "server", [], 0, 0, {"versions": [1], "limits": lowest})
    highest = {"frame_bytes_max": 2**31 - 1, "connection_credit": 2**31 - 1}
    s.valid("hello with the highest limits", "server", [], 0, 0, {"versions": [1], "limits": highest})
    ended = before("client", 2)
    for name, bill in {
        "call of 15 bytes": {"call": bytes(15)}, "call as str": {"call": "x" * 16}, "tenant as bin": {"tenant": b"a"},
        "status as str": {"status": "ok"}, "negative tokens": {"tokens_in": -1}, "macs as uint": {"macs": 1},
        "a negative part": {"macs": {"head": -1}}, "a histogram as uint": {"layers_histogram": 1},
        "a str in a histogram": {"experts_histogram": ["1"]}, "effort as str": {"effort_given": "1"},
        "macs_max as str": {"macs_max": "1"}, "adapter as uint": {"adapter": 1}, "currency as nil": {"currency": None},
    }.items():  # fmt: skip
        s.broken(f"bill with {name}", "client", ended, frame(5, 1, bill))
    s.valid("bill with effort as integer", "client", ended, 5, 1, {"effort_asked": Odd(pack(1), 1.0)}, open=[])


def cases() -> Section:
    """All cases of section 1."""
    s = Section("1")
    for part in (kinds, messages, shapes, lengths, bombs, forbidden, text, inner):
        part(s)
    return s
