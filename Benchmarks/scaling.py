"""Measures how cost grows: with streams, with context, with prompts that come in between; and what is held. Writes docs/.

Usage: .cache/venv/bin/python Benchmarks/scaling.py [--meted .build/release/meted] [--config scripts/demo.yaml] [--repeats 3] [--print]

Our side alone, with the C client of the comparison. The figures go to docs/bench/scaling.json and docs/BENCHMARKS.md, and
peers/plots.py draws docs/bench/*.png from them (matplotlib comes with `make peers`).
"""

import argparse
import json
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import tempfile
from typing import Any, Dict, List

import machine
import page
from child import Child
from daemon import Daemon
from works import Inputs, build

ROOT = pathlib.Path(__file__).resolve().parents[1]
#: A run takes 6 minutes at 150 tokens a second on one stream; longer than this and something hangs.
SECONDS_MAX, ANSWER_SECONDS_MAX, STARTS = 2_400, 240, 5
STREAMS = [1, 2, 4, 8, 16, 32, 64]
CONTEXTS = [128, 256, 512, 1024, 2048, 4096, 8192]
PROMPT, AT_DEPTH = 32, 24
#: Tokens of an answer: at least, and for every stream, so that the first still decodes when the last has its prompt read.
ANSWER, ANSWER_PER_STREAM = 64, 1
#: Prompts that come while others decode: how many, their lengths, and the longest wait between two.
ARRIVING, LONG, APART_MS = 6, (512, 1024), 600
DECODING, DECODED = 8, 256
#: What issue 4 asks of the longest gaps and of memory.
GAP_BAR, MEMORY_BAR, KEY_VALUE_MIB = 3, 1.3, 512
MIB = 1 << 20
Point = Dict[str, float]


def ring(*_: object) -> None:
    raise TimeoutError(f"the measurement did not end within {SECONDS_MAX} seconds")


def middle(points: List[Point]) -> Point:
    """The median of every figure."""
    return {key: statistics.median(point[key] for point in points) for key in points[0]}


class Load:
    """The client, and the works that it is asked for."""

    def __init__(self, child: Child, inputs: Inputs, repeats: int) -> None:
        self._child = child
        self._inputs = inputs
        self._repeats = repeats

    def _decode(self, streams: int, context: int, tokens: int, **more: Any) -> Point:
        request = {"work": "decode", "prompts": self._inputs.prompts(streams, context), "tokens": tokens, **more}
        said = self._child.ask(request, ANSWER_SECONDS_MAX)
        gaps = said["gap_ms"]
        return {"rate": said["tokens"] / said["seconds"], "gap": gaps["median"], "p99": gaps["p99"], "max": gaps["max"]}

    def streams(self, count: int) -> Point:
        tokens = ANSWER + ANSWER_PER_STREAM * count
        return middle([self._decode(count, PROMPT, tokens) for _ in range(self._repeats)])

    def context(self, tokens: int) -> Point:
        """Decoding up to this depth. The deepest are measured once: their prompt takes longer than all else."""
        repeats = self._repeats if tokens <= 1024 else 1
        return middle([self._decode(1, tokens - AT_DEPTH, AT_DEPTH) for _ in range(repeats)])

    def disturbed(self) -> List[Point]:
        """Streams that decode while long prompts come at random moments; the same ones in every run."""
        dice = random.Random(4)
        found = []
        for _ in range(self._repeats):
            lengths = [dice.randint(*LONG) for _ in range(ARRIVING)]
            moments: List[int] = []
            for _ in lengths:
                moments.append((moments[-1] if moments else 0) + dice.randint(0, APART_MS))
            arrivals = [self._inputs.prompts(1, length)[0] for length in lengths]
            found.append(self._decode(DECODING, PROMPT, DECODED, arrivals=arrivals, at_ms=moments))
        return found


def weights(config: str) -> int:
    """Bytes of the packed weights of all models of the configuration: of the files that `mete import` writes."""
    lines = (ROOT / config).read_text().splitlines()
    paths = [line.split(":", 1)[1].strip() for line in lines if line.strip().startswith("path:")]
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(paths):
            command = [str(ROOT / ".build/release/mete"), "import", path, "--to", f"{folder}/{number}"]
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=120)
            total += (pathlib.Path(folder) / str(number) / "packed.safetensors").stat().st_size
    return total


def measure(settings: argparse.Namespace) -> Dict[str, Any]:
    found: Dict[str, Any] = {"host": machine.describe(ROOT)}
    starts = []
    for _ in range(STARTS):
        with Daemon(settings.meted, ROOT, settings.config) as daemon:
            starts.append(daemon.usage())
    command = build(ROOT)
    with Daemon(settings.meted, ROOT, settings.config) as daemon, Child("Mete", [command, daemon.address], ROOT) as child:
        load = Load(child, Inputs(ROOT), settings.repeats)
        load.streams(1)
        found["streams"] = {str(count): load.streams(count) for count in STREAMS}
        print("streams are measured", flush=True)
        found["context"] = {str(tokens): load.context(tokens) for tokens in CONTEXTS}
        print("contexts are measured", flush=True)
        found["disturbed"] = load.disturbed()
        found["undisturbed"] = load.streams(DECODING)
        end = daemon.usage()
    ready = [start.startup_seconds for start in starts]
    found["memory"] = {
        "ready_seconds": {"median": statistics.median(ready), "min": min(ready), "max": max(ready)},
        "weights_mib": weights(settings.config) / MIB,
        "ready_mib": statistics.median(start.resident for start in starts) / MIB,
        "ready_proportional_mib": statistics.median(start.proportional for start in starts) / MIB,
        "end_mib": end.resident / MIB,
        "end_proportional_mib": end.proportional / MIB,
    }
    return found


def table(found: Dict[str, Any]) -> str:
    """What issue 4 asks, then the two curves as figures and as plots."""
    memory, disturbed = found["memory"], found["disturbed"]
    ratios = [one["p99"] / one["gap"] for one in disturbed]
    share = memory["ready_proportional_mib"] / memory["weights_mib"]
    ready = memory["ready_seconds"]
    rows = [
        ("start to ready", f"{ready['median']:.2f} s ({ready['min']:.2f} – {ready['max']:.2f})", "below 1 s", f"{STARTS} starts, files in the page cache"),
        ("memory when ready, over the packed weights", f"{share:.2f}×", f"{MEMORY_BAR}×", f"PSS {page.number(memory['ready_proportional_mib'])} MiB, VmRSS {page.number(memory['ready_mib'])} MiB; packed weights {page.number(memory['weights_mib'])} MiB"),
        ("memory at the end of all below", f"{page.number(memory['end_proportional_mib'])} MiB", f"{page.number(MEMORY_BAR * memory['weights_mib'] + KEY_VALUE_MIB)} MiB", f"PSS; all {KEY_VALUE_MIB} MiB of key/value pages were used once"),
        ("p99 gap between a stream's tokens, over its median, disturbed", f"{statistics.median(ratios):.2f}× ({min(ratios):.2f} – {max(ratios):.2f})", f"{GAP_BAR}×", f"{DECODING} streams decode {DECODED} tokens each; {ARRIVING} prompts of {LONG[0]} to {LONG[1]} tokens come, up to {APART_MS} ms apart; longest gap {page.number(max(one['max'] for one in disturbed))} ms"),
        ("… undisturbed", f"{found['undisturbed']['p99'] / found['undisturbed']['gap']:.2f}×", "", f"{DECODING} streams, no prompts in between"),
    ]  # fmt: skip
    lines = [found["host"] + ".", "", "| what | figure | asked: at most | how |", "| --- | ---: | ---: | --- |"]
    lines += ["| " + " | ".join(map(page.cell, row)) + " |" for row in rows]
    lines += ["", "| SmolLM2, streams at once | tokens/s in all | median gap, ms | p99 gap, ms |", "| ---: | ---: | ---: | ---: |"]
    lines += [f"| {count} | {page.number(p['rate'])} | {page.number(p['gap'])} | {page.number(p['p99'])} |" for count, p in found["streams"].items()]
    lines += ["", "| SmolLM2, 1 stream, tokens of context | ms a token |", "| ---: | ---: |"]
    lines += [f"| {int(tokens):,} | {page.number(p['gap'])} |" for tokens, p in found["context"].items()]
    lines += ["", "![Tokens a second and p99 gap against streams](bench/streams.png)", "", "![Time a token against context](bench/context.png)"]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meted", type=pathlib.Path, default=ROOT / ".build/release/meted")
    parser.add_argument("--config", default="scripts/demo.yaml")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--print", action="store_true", help="leave docs/ alone")
    settings = parser.parse_args()
    if not (ROOT / ".cache/peers/MANIFEST.json").exists():
        sys.exit("the inputs are not there: run `make peers`")
    signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS_MAX)
    found = measure(settings)
    if settings.print:
        print(table(found))
        return 0
    folder = ROOT / "docs/bench"
    folder.mkdir(exist_ok=True)
    (folder / "scaling.json").write_text(json.dumps(found, indent=1) + "\n")
    python = ROOT / ".cache/peers-venv/bin/python"
    subprocess.run([python, ROOT / "Benchmarks/peers/plots.py", folder / "scaling.json", folder], check=True, timeout=120)
    page.write(ROOT / "docs/BENCHMARKS.md", {"scaling": table(found)})
    print("docs/BENCHMARKS.md and docs/bench are written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
