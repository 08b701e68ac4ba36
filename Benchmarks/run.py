"""Measures the release daemon on this machine and writes docs/BENCHMARKS.md between its markers.

Usage: .cache/venv/bin/python Benchmarks/run.py [--meted .build/release/meted] [--repeats 5] [--print]

Starts the daemon on a Unix socket of its own, speaks to it through the Python client, and stops it again.
`--print` writes the tables to standard output and leaves the page alone.
"""

import argparse
import asyncio
import pathlib
import signal
import sys

import accuracy
import machine
import measures
import page
from daemon import Daemon

ROOT = pathlib.Path(__file__).resolve().parents[1]
#: A run takes about two minutes on the machine of docs/BENCHMARKS.md; longer than this and something hangs.
SECONDS_MAX = 1_800


def ring(*_: object) -> None:
    raise TimeoutError(f"the benchmark did not end within {SECONDS_MAX} seconds")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meted", type=pathlib.Path, default=ROOT / ".build/release/meted")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--print", action="store_true", help="leave docs/BENCHMARKS.md alone")
    settings = parser.parse_args()
    signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS_MAX)

    host = machine.describe(ROOT)
    usages = []
    for _ in range(settings.repeats - 1):
        with Daemon(settings.meted, ROOT) as daemon:
            usages.append(daemon.usage())
    with Daemon(settings.meted, ROOT) as daemon:
        usages.append(daemon.usage())
        text = (ROOT / ".cache/models/text/hamlet.md").read_text()
        rows = asyncio.run(measures.all_of(daemon.address, text, settings.repeats))
        high = daemon.usage()
    tables = page.speed(host, rows + measures.of_process(usages, high))
    figures = page.accuracy(accuracy.read(ROOT / ".cache/figures.txt"))
    if settings.print:
        print(tables + "\n" + figures)
    else:
        page.write(ROOT / "docs/BENCHMARKS.md", {"speed": tables, "accuracy": figures})
        print("docs/BENCHMARKS.md is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
