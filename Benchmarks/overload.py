"""Measures what happens when more is asked than there is time for, with brown-out and without.

Usage: .cache/venv/bin/python Benchmarks/overload.py [--model .cache/learning/tweets-together-0] [--name tweets] [--set tweets] [--seconds 12]
       [--wait 25] [--queue 40] [--seed 0] [--meted .build/release/meted] [--print]

The dense capacity of a taught classifier is measured first: texts a second at effort 1, with 32 callers who wait for their
answers. Then texts come in an open loop, at random moments (Poisson) and whether or not earlier ones are answered, at 0.5, 1,
2 and 4 times that, each asking for effort 1 within a second. One daemon lowers effort when work waits longer than `--wait`
milliseconds, the other never; loads and daemons are measured in turn. Goodput counts answers within their second. Both
refuse who would wait longer than `--queue`. Writes Benchmarks/results/NAME-overload.json and docs/BENCHMARKS.md.
"""

import argparse
import asyncio
import json
import pathlib
import random
import resource
import signal
import statistics
import sys
import tempfile
import time
from typing import Any, Dict, List, Optional

import machine
import page
from daemon import Daemon

import mete
from mete.aio import AsyncClient

ROOT = pathlib.Path(__file__).resolve().parents[1]
RESULTS = ROOT / "Benchmarks/results"
LOADS = [0.5, 1.0, 2.0, 4.0]
DEADLINE = 1.0
SECONDS_MAX = 1_500


def ring(*_: object) -> None:
    raise TimeoutError(f"the measurement did not end within {SECONDS_MAX} seconds")


async def capacity(address: str, texts: List[str]) -> float:
    """Texts a second of 32 callers who wait, at effort 1 that load does not lower."""
    async with AsyncClient(address) as client:
        options = mete.CallOptions(effort_min=1)
        rest = iter(texts)

        async def caller() -> None:
            for text in rest:
                await client.classify([text], "taught", truncate=True, options=options)

        began = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(32)))
        return len(texts) / (time.perf_counter() - began)


class Outcome:
    """What one text came to."""

    def __init__(self, seconds: float, detail: str, effort: Optional[float]) -> None:
        self.seconds, self.detail, self.effort = seconds, detail, effort


async def one(client: AsyncClient, text: str, found: List[Outcome]) -> None:
    began = time.perf_counter()
    try:
        answer = await client.classify([text], "taught", truncate=True, deadline=DEADLINE)
        found.append(Outcome(time.perf_counter() - began, "ok", answer.bill.effort_given))
    except mete.MeteError as error:
        found.append(Outcome(time.perf_counter() - began, error.detail, None))


async def load(address: str, texts: List[str], rate: float, seconds: float, chance: random.Random) -> List[Outcome]:
    """Texts at `rate` a second for so long, and then until all are over."""
    found: List[Outcome] = []
    # As many connections as keep a stream free for each that may be open at once.
    clients = [AsyncClient(address, retry=mete.Retry(attempts=1)) for _ in range(8)]
    for client in clients:
        await client.__aenter__()
    running = set()
    began = due = time.perf_counter()
    count = 0
    while due < began + seconds:
        due += chance.expovariate(rate)
        await asyncio.sleep(max(0, due - time.perf_counter()))
        task = asyncio.create_task(one(clients[count % len(clients)], texts[count % len(texts)], found))
        running.add(task)
        task.add_done_callback(running.discard)
        count += 1
    while running:
        await asyncio.sleep(0.01)
    for client in clients:
        await client.__aexit__(None, None, None)
    return found


def percentile(values: List[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def measure(settings: argparse.Namespace) -> Dict[str, Any]:
    rows = [json.loads(line) for line in (ROOT / f".cache/data/{settings.set}/test.jsonl").read_text().split("\n") if line]
    texts = [row["text"] for row in rows]
    chance = random.Random(settings.seed)
    common = f"models:\n  taught:\n    path: {settings.model}\n"
    modes = {"brown-out": f"{settings.wait}", "none": "null"}
    found: List[Dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        daemons = {}
        for mode, wait in modes.items():
            path = pathlib.Path(folder) / f"{mode}.yaml"
            path.write_text(common + f"effort:\n  wait_milliseconds: {wait}\n  queue_milliseconds: {settings.queue}\n  checked_per_mille: 0\n")
            daemons[mode] = path
        unbounded = pathlib.Path(folder) / "unbounded.yaml"
        unbounded.write_text(common + "effort:\n  wait_milliseconds: null\n  checked_per_mille: 0\n")
        with Daemon(settings.meted, ROOT, str(unbounded)) as free:
            dense = statistics.median(asyncio.run(capacity(free.address, texts[:1500])) for _ in range(3))
        with Daemon(settings.meted, ROOT, str(daemons["none"])) as plain, Daemon(settings.meted, ROOT, str(daemons["brown-out"])) as dim:
            addresses = {"none": plain.address, "brown-out": dim.address}
            for address in addresses.values():
                asyncio.run(load(address, texts, dense / 3, 3, chance))
            for times in LOADS:
                for mode, address in addresses.items():
                    before = resource.getrusage(resource.RUSAGE_SELF)
                    began = time.perf_counter()
                    outcomes = asyncio.run(load(address, texts, times * dense, settings.seconds, chance))
                    taken = time.perf_counter() - began
                    after = resource.getrusage(resource.RUSAGE_SELF)
                    good = [one for one in outcomes if one.detail == "ok"]
                    seconds = [one.seconds for one in good]
                    efforts = [one.effort for one in good if one.effort is not None]
                    found.append({
                        "load": times, "mode": mode, "asked": len(outcomes), "asked_a_second": len(outcomes) / settings.seconds,
                        "goodput": sum(one.seconds <= DEADLINE for one in good) / settings.seconds,
                        "p50": percentile(seconds, 0.5), "p99": percentile(seconds, 0.99),
                        "effort": statistics.fmean(efforts) if efforts else None,
                        "refused": sum(one.detail == "queue_full" for one in outcomes), "late": sum(one.detail == "deadline" for one in outcomes),
                        "client_cpu": (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / taken,
                    })  # fmt: skip
                    print(found[-1], flush=True)
    return {"set": settings.set, "model": settings.name, "wait_ms": settings.wait, "queue_ms": settings.queue, "machine": machine.describe(ROOT), "dense": dense, "seconds": settings.seconds, "rows": found}


def table(result: Dict[str, Any]) -> List[str]:
    half = {row["mode"]: row["p99"] for row in result["rows"] if row["load"] == 0.5}
    lines = [
        f"{result['model']}: {result['machine']}. Dense capacity {result['dense']:,.0f} texts/s; effort is lowered when work waits longer than {result['wait_ms']} ms, and who would wait longer than {result['queue_ms']} ms is refused; "
        f"{result['seconds']} s of each load.", "",
        "| load, of dense capacity | brown-out | asked/s | answered within 1 s/s | p50, ms | p99, ms | p99 of that at 0.5 | mean effort given | refused | late | the client's CPU |",
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    for row in result["rows"]:
        effort = "–" if row["effort"] is None else f"{row['effort']:.2f}"
        lines.append(
            f"| {row['load']:g} | {'yes' if row['mode'] == 'brown-out' else 'no'} | {row['asked_a_second']:,.0f} | {row['goodput']:,.0f} "
            f"| {1e3 * row['p50']:.1f} | {1e3 * row['p99']:.1f} | {row['p99'] / half[row['mode']]:.1f}× | {effort} "
            f"| {100 * row['refused'] / row['asked']:.1f} % | {100 * row['late'] / row['asked']:.1f} % | {100 * row['client_cpu']:.0f} % of a core |"
        )
    return lines


def write() -> None:
    lines: List[str] = []
    for path in sorted(RESULTS.glob("*-overload.json")):
        lines += table(json.loads(path.read_text())) + [""]
    page.write(ROOT / "docs/BENCHMARKS.md", {"overload": "\n".join(lines)})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=".cache/learning/tweets-together-0")
    parser.add_argument("--name", default="tweets")
    parser.add_argument("--set", default="tweets")
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--wait", type=int, default=25)
    parser.add_argument("--queue", type=int, default=40, help="milliseconds; who would wait longer is refused")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--meted", type=pathlib.Path, default=ROOT / ".build/release/meted")
    parser.add_argument("--print", action="store_true", help="leave docs/BENCHMARKS.md and the results alone")
    settings = parser.parse_args()
    signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS_MAX)
    result = measure(settings)
    if settings.print:
        print("\n".join(table(result)))
        return 0
    (RESULTS / f"{settings.name}-overload.json").write_text(json.dumps(result, indent=1) + "\n")
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
