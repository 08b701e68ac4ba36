"""A thousand connections at once, a third of them badly behaved, and what the daemon's memory does meanwhile.

Usage: .cache/venv/bin/python Benchmarks/crowd.py [--minutes 10] [--connections 1000] [--meted .build/release/meted] [--print]

70 % of the connections generate and compare every answer with what a lone client got; 10 % cancel every call, 10 % are
stalled readers, and 10 % belong to processes that are killed with -9 every second or so and started again. The model is a
tiny one of the tests, so that the edge is what is tried. Writes docs/BENCHMARKS.md; exits with 1 if anyone was served wrongly,
a bill is missing, or the books do not balance.
"""

import argparse
import json
import pathlib
import random
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from typing import List

import machine
import page

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = ROOT / ".cache/crowd"
VICTIMS = 10


def build() -> None:
    client = ROOT / "clients/c"
    command = ["gcc", "-O2", "-std=c11", "-D_GNU_SOURCE", f"-I{client}", ROOT / "Benchmarks/crowd/crowd.c", client / "mete.c", "-o", PROGRAM]
    PROGRAM.parent.mkdir(exist_ok=True)
    subprocess.run([str(part) for part in command], check=True)


def resident(pid: int) -> float:
    """MiB."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", text)[0]) / 1024


class Crowd:
    """The processes that hold the connections."""

    def __init__(self, address: str, seconds: float) -> None:
        self._address = address
        self._seconds = seconds
        self._all: List[subprocess.Popen] = []
        self.killed = 0

    def start(self, role: str, connections: int) -> subprocess.Popen:
        command = [str(PROGRAM), self._address, role, str(connections), str(self._seconds)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._all.append(process)
        return process

    def kill(self, process: subprocess.Popen) -> None:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self._all.remove(process)
        self.killed += 1

    def end(self) -> None:
        for process in self._all:
            process.kill()
            process.communicate()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--meted", type=pathlib.Path, default=ROOT / ".build/release/meted")
    parser.add_argument("--print", action="store_true", help="leave docs/BENCHMARKS.md alone")
    settings = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    build()
    host = machine.describe(ROOT)
    tenth = settings.connections // 10
    dice = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        address = f"unix:{folder}/s"
        config = pathlib.Path(folder) / "meted.yaml"
        model = ROOT / "Tests/Fixtures/models/llama-f32"
        config.write_text(
            f"models: {{tiny: {{path: {model}}}}}\nlimits: {{connections_max: {settings.connections + 100}, keepalive_seconds: 0}}\n"
            f"engine: {{sequences_max: 4000, queue_max: 4000}}\nlog_level: notice\n"
        )
        command = [str(settings.meted.resolve()), "--config", str(config), "--unix", f"{folder}/s"]
        daemon = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert daemon.stderr
        while " ready " not in (said := daemon.stderr.readline()):
            assert said, "the daemon did not get ready"
        crowd = Crowd(address, settings.minutes * 60)
        lone = subprocess.run([str(PROGRAM), address, "good", "1", "1"], capture_output=True, text=True, check=True)
        empty = resident(daemon.pid)
        crowd.start("stall", tenth)
        time.sleep(5)
        burdened = resident(daemon.pid)
        good, cancelling = crowd.start("good", 7 * tenth), crowd.start("cancel", tenth)
        victims = [crowd.start("victim", max(1, tenth // VICTIMS)) for _ in range(VICTIMS)]
        began = time.monotonic()
        samples: List[float] = []
        while good.poll() is None and daemon.poll() is None:
            time.sleep(0.1)
            if not samples or time.monotonic() - began > len(samples) * 5:
                samples.append(resident(daemon.pid))
            if dice.random() < 0.1:
                place = dice.randrange(VICTIMS)
                crowd.kill(victims[place])
                victims[place] = crowd.start("victim", max(1, tenth // VICTIMS))
        results = [json.loads(process.communicate(timeout=60)[0]) for process in (good, cancelling)]
        crowd.end()
        daemon.send_signal(signal.SIGTERM)
        last = daemon.communicate(timeout=60)[1].strip().splitlines()[-1]
    quarter = max(1, len(samples) // 4)
    first, final = statistics.median(samples[quarter : 2 * quarter]), statistics.median(samples[-quarter:])
    credit = re.search(r"the books balance.*", last)
    is_right = (
        all(result["wrong"] == result["failed"] == 0 and result["calls"] == result["bills"] > 0 for result in results)
        and daemon.returncode == 0 and credit is not None
    )  # fmt: skip
    rows = [
        ("connections at once", f"{settings.connections:,}", f"for {settings.minutes:g} minutes; {tenth} stalled, {tenth} cancelling, {tenth} in processes to be killed"),
        ("calls of those who behave", f"{results[0]['calls']:,}", f"{results[0]['wrong']} answers differ from a lone client's ({json.loads(lone.stdout)['calls']} of its own agree), {results[0]['failed']} failed, {results[0]['calls'] - results[0]['bills']} bills missing"),
        ("calls that were cancelled", f"{results[1]['calls']:,}", f"{results[1]['failed']} ended otherwise, {results[1]['calls'] - results[1]['bills']} bills missing"),
        ("processes killed with -9", f"{crowd.killed:,}", f"{max(1, tenth // VICTIMS)} connections each"),
        ("resident, nobody there", f"{empty:.1f} MiB", ""),
        ("… for each stalled reader", f"{(burdened - empty) * 1024 / tenth:.0f} KiB", "an echo that fills its window of 64 KiB, and a generation; its messages as values in memory, its connection and its unread bytes"),
        ("resident, second quarter of the time", f"{first:.1f} MiB", "median"),
        ("resident, last quarter", f"{final:.1f} MiB", f"median; highest of all {max(samples):.1f} MiB"),
        ("at the end", f"exit status {daemon.returncode}", credit.group(0) if credit else last),
    ]  # fmt: skip
    lines = [host + ".", "", "| what | figure | how |", "| --- | ---: | --- |"] + ["| " + " | ".join(map(page.cell, row)) + " |" for row in rows]
    text = "\n".join(lines) + "\n"
    if settings.print:
        print(text)
    else:
        page.write(ROOT / "docs/BENCHMARKS.md", {"crowd": text})
        print("docs/BENCHMARKS.md is written")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
