"""Writes the conformance vectors, or checks that they are as it would write them."""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
from typing import Dict

from vectors import section1, section2, section3, section4, section6
from vectors.building import Section

HERE = pathlib.Path(__file__).resolve().parent
FILES = {
    "1-frames.json": section1.cases,
    "2-errors.json": section2.cases,
    "3-connection.json": section3.cases,
    "4-streams.json": section4.cases,
    "6-messages.json": section6.cases,
}


def rendered(section: Section) -> str:
    """One case a line, so that a diff shows cases."""
    lines = [json.dumps(case, ensure_ascii=True) for case in section.cases]
    return '{"format": 1, "section": "%s", "cases": [\n%s\n]}\n' % (section.number, ",\n".join(lines))


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 if a file differs")
    check = parser.parse_args().check
    texts: Dict[str, str] = {}
    names = set()
    for file, make in FILES.items():
        section = make()
        texts[file] = rendered(section)
        for case in section.cases:
            if case["name"] in names:
                raise ValueError(f"two cases are named {case['name']}")
            names.add(case["name"])
    stale = [f for f, text in texts.items() if not (HERE / f).exists() or (HERE / f).read_text() != text]
    strange = [p.name for p in HERE.glob("*.json") if p.name not in texts]
    if check:
        for file in stale + strange:
            print(f"{file}: not what generate.py writes", file=sys.stderr)
        return 1 if stale or strange else 0
    for file in stale:
        (HERE / file).write_text(texts[file])
    print(f"{len(names)} cases in {len(texts)} files, {len(stale)} rewritten")
    return 0


if __name__ == "__main__":
    sys.exit(main())
