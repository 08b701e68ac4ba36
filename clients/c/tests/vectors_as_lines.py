"""Turns the conformance vectors into lines that a C program reads without a JSON reader.

Usage: python3 vectors_as_lines.py FOLDER      (clients/conformance; README.md there defines the vectors)

A case is `case ROLE NAME`, its steps between `before` and `in`, what is expected, and `end`. A key that this script
does not know is an error, so that no expectation is passed over in silence.
"""

import json
import pathlib
import struct
import sys

LIMITS = (
    "frame_bytes_max", "streams_max", "stream_credit", "connection_credit", "metadata_bytes_max", "metadata_count_max",
    "depth_max", "items_max", "pings_max", "ping_strikes_max", "resets_max", "idle_ms", "control_bytes_max",
)  # fmt: skip
OPTIONS = ("call", "deadline_ms", "model", "effort", "effort_min", "macs_max", "cost_max", "params")
CASE = {"name", "section", "role", "why", "limits", "before", "in", "expect"}
EXPECT = {"outcome", "frames", "canonical", "error", "last_stream", "ends", "failed", "sends", "open", "send_credit"}
OUTCOMES = {"accepted", "ignored", "incomplete", "stream_error", "connection_error"}


def only(entries, known, where):
    """Refuses keys that are not known."""
    strange = set(entries) - set(known)
    if strange:
        sys.exit(f"{where}: unknown keys {sorted(strange)}")
    return entries


def text(string):
    return "s:" + string.encode().hex()


def value(tagged):
    """A tagged value as one word; the C side writes what it decoded in the same way."""
    if tagged is None:
        return "nil"
    if isinstance(tagged, bool):
        return "true" if tagged else "false"
    ((tag, content),) = tagged.items()
    if tag == "int":
        return "i:" + content
    if tag in ("f32", "f64"):
        return ("f:" if tag == "f32" else "d:") + content
    if tag == "str":
        return text(content)
    if tag == "bin":
        return "b:" + content
    if tag == "array":
        return "[" + ",".join(map(value, content)) + "]"
    assert tag == "map", tag
    return "{" + ",".join(value(key) + "=" + value(item) for key, item in content) + "}"


def pairs(entries):
    return "{" + ",".join(text(key) + "=" + value(item) for key, item in entries) + "}"


def option(key, content):
    if key == "params":
        return pairs(content)
    if key.startswith("effort"):
        return value(content)
    return {"call": "b:", "model": ""}.get(key, "i:") + (text(content) if key == "model" else content)


def entry(key, content):
    """An entry of a bill."""
    if key == "call":
        return "b:" + content
    if content is None:
        return "nil"
    if key in ("tenant", "model", "method", "adapter", "currency"):
        return text(content)
    if key.startswith("effort"):
        return value(content)
    if key == "macs":
        return "+".join(f"{part}:{count}" for part, count in content.items())
    return "[" + ",".join(content) + "]" if isinstance(content, list) else f"i:{content}"


def frame(f, where):
    """A tagged frame as a line."""
    kind = f["kind"]
    known = {
        "HELLO": "versions software limits", "OPEN": "stream method options metadata", "DATA": "stream message",
        "HALF_CLOSE": "stream", "END": "stream status detail text metadata", "BILL": "stream bill", "CANCEL": "stream",
        "CREDIT": "stream bytes", "PING": "ack token", "GOAWAY": "last_stream status text",
    }[kind].split()  # fmt: skip
    only(f, ["kind", *known], where)
    if kind == "HELLO":
        only(f["limits"], LIMITS, where)
        software = "nil" if f["software"] is None else text(f["software"])
        return f"HELLO {f['versions']} {software} ".replace(", ", ",") + ",".join(str(f["limits"][k]) for k in LIMITS)
    if kind == "OPEN":
        options = only(f["options"], OPTIONS, where)
        said = ",".join(f"{key}={option(key, options[key])}" for key in OPTIONS if key in options)
        return f"OPEN {f['stream']} {text(f['method'])} {{{said}}} {pairs(f['metadata'])}"
    if kind == "DATA":
        return f"DATA {f['stream']} {value(f['message'])}"
    if kind == "END":
        return f"END {f['stream']} {f['status']} {text(f['detail'])} {text(f['text'])} {pairs(f['metadata'])}"
    if kind == "BILL":
        return f"BILL {f['stream']}" + "".join(f" {key}={entry(key, item)}" for key, item in f["bill"].items())
    if kind == "PING":
        return f"PING {int(f['ack'])} {f['token']}"
    if kind == "GOAWAY":
        return f"GOAWAY {f['last_stream']} {f['status']} {text(f['text'])}"
    return f"{kind} {f['stream']}" + (f" {f['bytes']}" if kind == "CREDIT" else "")


def packed(tagged):
    """The MessagePack bytes of what an application sends in the vectors: a bin or a str."""
    ((tag, content),) = tagged.items()
    raw = content.encode() if tag == "str" else bytes.fromhex(content)
    head = {"str": 0xDB, "bin": 0xC6}[tag]
    widths = {"str": ((31, None), (255, 0xD9), (65535, 0xDA)), "bin": ((255, 0xC4), (65535, 0xC5))}[tag]
    for most, byte in widths:
        if len(raw) <= most:
            width = 1 if most == 255 else 2
            prefix = bytes([0xA0 | len(raw)]) if byte is None else bytes([byte]) + len(raw).to_bytes(width, "big")
            return (prefix + raw).hex()
    return (struct.pack(">BI", head, len(raw)) + raw).hex()


def step(item, where):
    ((name, content),) = item.items()
    if name in ("receive", "half_close", "cancel", "at_ms"):
        return f"{name} {content}"
    if name == "open":
        return f"open {content['stream']} {content['method']}"
    if name == "send":
        return f"send {content['stream']} {packed(content['message'])}"
    if name == "end":
        return f"end_stream {content['stream']}"
    sys.exit(f"{where}: unknown step {name}")


def case_lines(case):
    name = case["name"]
    only(case, CASE, name)
    expect = only(case["expect"], EXPECT, name)
    yield f"case {case['role']} {name}"
    for key, limit in only(case.get("limits", {}), LIMITS, name).items():
        yield f"limit {key} {limit}"
    for part in ("before", "in"):
        yield part
        yield from (step(item, name) for item in case[part])
    if expect["outcome"] not in OUTCOMES:
        sys.exit(f"{name}: unknown outcome {expect['outcome']}")
    yield f"outcome {expect['outcome']}"
    if "error" in expect:
        yield f"error {expect['error']['status']} {expect['error']['detail']}"
    for key in ("failed", "open", "sends"):
        if key in expect:
            yield " ".join([f"expect_{key}", *map(str, expect[key])])
    for stream, credit in expect.get("send_credit", {}).items():
        yield f"credit {stream} {credit}"
    if "frames" in expect:
        yield f"frames {len(expect['frames'])}"
        yield from ("frame " + frame(f, name) for f in expect["frames"])
    if "canonical" in expect:
        yield f"canonical {expect['canonical']}"
    yield "end"


def main():
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
        page = json.loads(path.read_text())
        if page["format"] != 1:
            sys.exit(f"{path}: format {page['format']}")
        for case in page["cases"]:
            for line in case_lines(case):
                print(line)


main()
