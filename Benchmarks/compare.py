"""Measures the release daemon and its peers in turns, each at its best, and writes docs/BENCHMARKS.md and docs/bench.

Usage: .cache/venv/bin/python Benchmarks/compare.py [--meted .build/release/meted] [--config scripts/demo.yaml] [--rounds 5]
       [--only WORD] [--print]

Every side is a process that has its model loaded and waits. First each peer tries its settings for every work and keeps the
fastest; then, in every round and for every work, all sides measure once, one after the other, on the same inputs. `make peers`
installs the peers. `--only` takes the works whose name contains a word; `--print` leaves the files alone.
"""

import argparse
import contextlib
import datetime
import json
import pathlib
import signal
import statistics
import sys
import time
from typing import Any, Dict, List

import compared
import machine
import page
from child import Child
from daemon import Daemon
from works import ENCODER, Inputs, Side, Work, build, sides, works

ROOT = pathlib.Path(__file__).resolve().parents[1]
PEERS = ROOT / "Benchmarks/peers"
PYTHON = ROOT / ".cache/peers-venv/bin/python"
OURS = compared.OURS
#: A run takes 6 minutes on a quiet machine; longer than this and something hangs.
SECONDS_MAX, TUNING_SECONDS_MAX, ANSWER_SECONDS_MAX = 2_700, 400, 240
#: Between turns, for the threads of the side before to fall asleep.
PAUSE = 0.25


def ring(*_: object) -> None:
    raise TimeoutError(f"the comparison did not end within {SECONDS_MAX} seconds")


def serves(side: Side, work: Work) -> bool:
    return side.group in {bar.group for bar in work.bars}


def tune(children: Dict[str, Child], peers: List[Side], chosen: List[Work]) -> Dict[str, Dict[str, Any]]:
    """The settings that each peer keeps, by peer and work; ours only warms up."""
    settings: Dict[str, Dict[str, Any]] = {side.name: {} for side in peers}
    for work in chosen:
        print(f"warming up: {work.name}", flush=True)
        children[OURS].ask({**work.request(), "name": work.name}, ANSWER_SECONDS_MAX)
        for side in peers:
            if serves(side, work):
                request = {**work.request(), **work.tuning, "name": work.name, "tune": True}
                settings[side.name][work.name] = children[side.name].ask(request, TUNING_SECONDS_MAX)["setting"]
    return settings


def measure(children: Dict[str, Child], peers: List[Side], work: Work) -> Dict[str, float]:
    """One turn of every side: tokens a second."""
    request = {**work.request(), "name": work.name}
    found = {}
    for name in [OURS, *[side.name for side in peers if serves(side, work)]]:
        time.sleep(PAUSE)
        found[name] = work.speed(children[name].ask(request, ANSWER_SECONDS_MAX), statistics.median)
    return found


def run(settings: argparse.Namespace, chosen: List[Work]) -> Dict[str, Any]:
    """Everything that was measured."""
    host = machine.describe(ROOT)
    peers = [side for side in sides(ROOT) if any(serves(side, work) for work in chosen)]
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(Daemon(settings.meted, ROOT, settings.config))
        children = {OURS: stack.enter_context(Child(OURS, [build(ROOT), daemon.address], ROOT))}
        for side in peers:
            command = [PYTHON, PEERS / side.command[0], *side.command[1:]]
            children[side.name] = stack.enter_context(Child(side.name, command, ROOT))
        kept = tune(children, peers, chosen)
        rounds = []
        for number in range(settings.rounds):
            print(f"round {number + 1} of {settings.rounds}", flush=True)
            rounds.append({work.name: measure(children, peers, work) for work in chosen})
        versions = {name: child.version for name, child in children.items()}
    cosines = json.loads((ROOT / ".cache/peers/accuracy.json").read_text())
    files = {side.name: pathlib.Path(side.command[1]).name for side in peers if side.group == ENCODER}
    return {
        "host": host,
        "versions": versions,
        "groups": {group: [side.name for side in peers if side.group == group] for group in {side.group for side in peers}},
        "settings": kept,
        "cosines": {name: cosines[file] for name, file in files.items()},
        "unit": "tokens/s",
        "rounds": rounds,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meted", type=pathlib.Path, default=ROOT / ".build/release/meted")
    parser.add_argument("--config", default="scripts/demo.yaml")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--print", action="store_true")
    settings = parser.parse_args()
    if not (ROOT / ".cache/peers/MANIFEST.json").exists():
        sys.exit("the peers are not installed: run `make peers`")
    signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS_MAX)

    chosen = [work for work in works(Inputs(ROOT)) if settings.only in work.name]
    found = run(settings, chosen)
    text = compared.tables(found, chosen)
    if settings.print:
        print(text)
        return 0
    raw = ROOT / f"docs/bench/compare-{datetime.date.today().isoformat()}.json"
    raw.parent.mkdir(exist_ok=True)
    raw.write_text(json.dumps(found, indent=1) + "\n")
    page.write(ROOT / "docs/BENCHMARKS.md", {"compare": text})
    print(f"docs/BENCHMARKS.md and {raw.relative_to(ROOT)} are written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
