"""Turns the scenarios into lines that a C program reads without a JSON reader.

Usage: python3 scenarios_as_lines.py FOLDER      (clients/conformance/scenarios; README.md there defines them)

A scenario is `scenario NAME DAEMON`, a line for each step (the verb, then `key=word`), and `end`. A text is hex, a value is hex
of its MessagePack bytes, and a shape is a letter for each part. A key that this script does not know is an error.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "conformance"))
from vectors.packing import pack  # noqa: E402

CALL = {
    "call": str, "client": str, "id": str, "method": "text", "model": "text", "params": "map", "metadata": "entries",
    "metadata_count": str, "deadline_ms": str, "effort": str, "macs_max": str, "cost_max": str,
}  # fmt: skip
EXPECT = {
    "status": str, "detail": str, "says": "text", "count": str, "like": "shape", "text": "text", "begins": "text",
    "text_of": str, "numbers_of": str, "metadata": "texts", "bill": "bill", "attempts": str,
}  # fmt: skip
ASK = {**CALL, **EXPECT, "messages": "values", "call": None, "metadata": None, "metadata_count": None}
READ = {"call": str, "count": str, "messages": "values", "like": "shape"}
VERBS = {
    "client": {"name": str, "over": str, "limits": "numbers", "attempts": str}, "close": str, "control": str,
    "open": CALL, "send": {"call": str, "message": "value", "numbers_of": str}, "unsendable": {"call": str, "message": "value"},
    "feed": {"call": str, "message": "value", "times": str}, "feeding": str, "half_close": str, "cancel": str, "read": READ,
    "finish": {"call": str, **EXPECT}, "ask": ASK, "parallel": {**ASK, "times": str, "some": str},
    "ask_bill": {"client": str, "id": str, "same_as": str, "status": str, "detail": str, "bill": "bill", "eventually": str},
    "ping": {"client": str}, "health": {"says": "text"}, "models": {"names": "strings"}, "reflect": {"methods": "strings"},
    "tokens": {"model": "text", "text": "text", "numbers_of": str},
    "vectors": {"model": "text", "texts": "strings", "width": str, "nearest": "shape_pair"},
}  # fmt: skip
SHAPES = {"uint": "u", "str": "s", "float": "f", "bin": "b", "map": "m"}


def only(entries, known, where):
    """Refuses keys that are not known."""
    strange = [key for key in entries if known.get(key) is None]
    if strange:
        sys.exit(f"{where}: unknown keys {strange}")


def text(string):
    return string.encode().hex()


def value(described):
    """What a value of the files stands for."""
    if isinstance(described, list):
        return [value(item) for item in described]
    if not isinstance(described, dict):
        return described
    if "repeat" in described:
        return described["repeat"] * described["times"]
    ((kind, content),) = described.items()
    kinds = {
        "bytes": lambda: bytes(place % 251 for place in range(content)), "utf8": lambda: content.encode(),
        "hex": lambda: bytes.fromhex(content), "float": lambda: float(content),
        "map": lambda: {key: value(item) for key, item in content.items()},
    }  # fmt: skip
    return kinds[kind]()


def packed(described):
    return pack(value(described)).hex()


def shape(described):
    if isinstance(described, dict):
        return "*" + shape(described["all"])
    return SHAPES[described] if isinstance(described, str) else "[" + "".join(map(shape, described)) + "]"


def bill(expected):
    """Numbers as a range of two, texts as hex after `s:`."""
    if expected is None or expected == "any":
        yield f"bill={'none' if expected is None else 'any'}"
        return
    for key, wanted in expected.items():
        if isinstance(wanted, str) and wanted != ">0":
            yield f"bill:{key}=s:{text(wanted)}"
        else:
            low, high = (1, 2**60) if wanted == ">0" else wanted if isinstance(wanted, list) else (wanted, wanted)
            yield f"bill:{key}={low}~{high}"


def entry(key, item):
    """One entry of metadata, its value as what it is."""
    said = value(item)
    return f"metadata:{key}=" + ("b:" + said.hex() if isinstance(said, bytes) else "s:" + text(said))


def words(key, form, content):
    if form is str:
        yield f"{key}={'1' if content is True else content}"
    elif form == "bill":
        yield from bill(content)
    elif form in ("values", "strings"):
        yield f"{key}={len(content)}"
        yield from (f"{key[:-1]}={packed(item) if form == 'values' else text(item)}" for item in content)
    elif form == "entries":
        yield from (entry(name, item) for name, item in content.items())
    elif form == "texts":
        yield from (f"metadata:{name}={text(item)}" for name, item in content.items())
    elif form == "numbers":
        yield from (f"limit:{name}={item}" for name, item in content.items())
    elif form == "map":
        yield f"{key}={packed({'map': content})}"
    else:
        forms = {"text": text, "value": packed, "shape": shape, "shape_pair": lambda pair: f"{pair[0]},{pair[1]}"}
        yield f"{key}={forms[form](content)}"


def line(step, where):
    ((verb, content),) = step.items()
    form = VERBS[verb]
    if form is str:
        return f"{verb} name={content}"
    only(content, form, f"{where}: {verb}")
    return " ".join([verb, *(word for key, item in content.items() for word in words(key, form[key], item))])


def main():
    for path in sorted(pathlib.Path(sys.argv[1]).glob("[0-9]*.json")):
        page = json.loads(path.read_text())
        if page["format"] != 1:
            sys.exit(f"{path}: format {page['format']}")
        for scenario in page["scenarios"]:
            only(scenario, {"name": str, "daemon": str, "why": str, "steps": str}, scenario["name"])
            print("scenario", scenario["name"], scenario["daemon"])
            for step in scenario["steps"]:
                print(line(step, scenario["name"]))
            print("end")


main()
