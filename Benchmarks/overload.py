"""Measures what happens when more is asked than there is time for, with brown-out and without.

Usage: .cache/venv/bin/python Benchmarks/overload.py [--model .cache/learning/tweets-together-0] [--name tweets] [--set tweets] [--seconds 12]
       [--wait 15] [--queue 40] [--seed 0] [--meted .build/release/meted] [--print]

The dense capacity of a taught classifier is measured first: texts a second at effort 1, with 32 callers who wait for their
answers. Then texts come in an open loop, at random moments (Poisson) and whether or not earlier ones are answered, at 0.5, 1,
2 and 4 times that, each asking for effort 1 within a second. One daemon lowers effort when work waits longer than `--wait`
milliseconds, the other never; every load has a daemon of its own, warmed up, and daemons with and without take turns.
Goodput counts answers within their deadline. Both refuse who would wait longer than `--queue`. The same again with the waits
that a daemon has whose configuration says nothing.

A last part has tight deadlines: of each text one to five times the median time of a dense answer to 32 callers, at 1, 2
and 4 times capacity, and nobody is refused but who would wait longer than that. Lateness is told twice: by the engine's
clock, from `deadlines` of Models.Describe (texts that were not refused, and ended, with an answer or without, within their
deadline and one layer more), and as clients see it. Writes Benchmarks/results/NAME-overload.json and docs/BENCHMARKS.md.
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
from typing import Any, Callable, Dict, List, Optional, Tuple

import machine
import page
from daemon import Daemon

import mete
from mete.aio import AsyncClient

ROOT = pathlib.Path(__file__).resolve().parents[1]
RESULTS = ROOT / "Benchmarks/results"
LOADS = [0.5, 1.0, 2.0, 4.0]
TIGHT_LOADS = [1.0, 2.0, 4.0]
DEADLINE = 1.0
#: A tight deadline is so many times the median time of a dense answer to 32 callers, at least and at most.
TIGHT = (1, 5)
#: Milliseconds of a daemon whose configuration says nothing (docs/OPERATING.md): before effort is lowered, and before refusal.
DEFAULT_WAITS = (15, 30_000)
#: As long as the configuration takes: only a text's own deadline bounds its wait.
QUEUE_MAX = 86_400_000
SECONDS_MAX = 1_500


def ring(*_: object) -> None:
    raise TimeoutError(f"the measurement did not end within {SECONDS_MAX} seconds")


async def capacity(address: str, texts: List[str]) -> Tuple[float, float]:
    """Texts a second of 32 callers who wait, at effort 1 that load does not lower, and their median seconds."""
    async with AsyncClient(address) as client:
        options = mete.CallOptions(effort_min=1)
        rest = iter(texts)
        times: List[float] = []

        async def caller() -> None:
            for text in rest:
                asked = time.perf_counter()
                await client.classify([text], "taught", truncate=True, options=options)
                times.append(time.perf_counter() - asked)

        began = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(32)))
        return len(texts) / (time.perf_counter() - began), statistics.median(times)


class Outcome:
    """What one text came to."""

    def __init__(self, seconds: float, deadline: Optional[float], detail: str, effort: Optional[float]) -> None:
        self.seconds, self.detail, self.effort = seconds, detail, effort
        #: Seconds after its deadline, less than 0 before it.
        self.over = seconds - (deadline or 0)


async def one(client: AsyncClient, text: str, deadline: Optional[float], found: List[Outcome]) -> None:
    began = time.perf_counter()
    detail, effort = "ok", None
    try:
        answer = await client.classify([text], "taught", truncate=True, deadline=deadline)
        effort = answer.bill.effort_given
    except mete.MeteError as error:
        detail = error.detail
    found.append(Outcome(time.perf_counter() - began, deadline, detail, effort))


async def load(
    address: str, texts: List[str], rate: float, seconds: float, chance: random.Random, deadline: Callable[[], Optional[float]]
) -> List[Outcome]:
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
        task = asyncio.create_task(one(clients[count % len(clients)], texts[count % len(texts)], deadline(), found))
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


def engine_lateness(address: str) -> Dict[str, Any]:
    """What the engine says of its deadlines: none before a text had one."""
    with mete.connect(address) as client:
        told = client.describe("taught").deadlines
    if not told:
        return {"count": 0, "kept": None, "late_us_max": None}
    return {"count": told["count"], "kept": 1 - told["beyond_layer"] / told["count"], "late_us_max": told["late_us_max"]}


def row(
    settings: argparse.Namespace, texts: List[str], dense: float, times: float, mode: str, waits: Tuple[int, int], deadline: Callable[[], float]
) -> Dict[str, Any]:
    """One load on a daemon of its own; `waits` are milliseconds before effort is lowered, and before refusal."""
    chance = random.Random(settings.seed)
    wait, queue = waits[0] if mode == "brown-out" else "null", waits[1]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "meted.yaml"
        path.write_text(configuration(settings, wait, queue))
        with Daemon(settings.meted, ROOT, str(path)) as daemon:
            asyncio.run(load(daemon.address, texts, dense / 3, min(3, settings.seconds), chance, lambda: None))
            before = resource.getrusage(resource.RUSAGE_SELF)
            began = time.perf_counter()
            outcomes = asyncio.run(load(daemon.address, texts, times * dense, settings.seconds, chance, deadline))
            taken = time.perf_counter() - began
            after = resource.getrusage(resource.RUSAGE_SELF)
            engine = engine_lateness(daemon.address)
    good = [one for one in outcomes if one.detail == "ok"]
    over = [max(0.0, one.over) for one in outcomes if one.detail in ("ok", "deadline")]
    seconds = [one.seconds for one in good]
    efforts = [one.effort for one in good if one.effort is not None]
    found = {
        "load": times, "mode": mode, "asked": len(outcomes), "asked_a_second": len(outcomes) / settings.seconds,
        "goodput": sum(one.over <= 0 for one in good) / settings.seconds,
        "p50": percentile(seconds, 0.5), "p99": percentile(seconds, 0.99),
        "effort": statistics.fmean(efforts) if efforts else None,
        "refused": sum(one.detail == "queue_full" for one in outcomes), "late": sum(one.detail == "deadline" for one in outcomes),
        "client_cpu": (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / taken,
        "engine": engine, "over_count": len(over), "over_p999": percentile(over, 0.999), "over_max": max(over, default=float("nan")),
    }  # fmt: skip
    print(found, flush=True)
    return found


def configuration(settings: argparse.Namespace, wait: object, queue: int) -> str:
    return (
        f"models:\n  taught:\n    path: {settings.model}\n"
        f"effort:\n  wait_milliseconds: {wait}\n  queue_milliseconds: {queue}\n  checked_per_mille: 0\n"
    )


def measure(settings: argparse.Namespace) -> Dict[str, Any]:
    rows = [json.loads(line) for line in (ROOT / f".cache/data/{settings.set}/test.jsonl").read_text().split("\n") if line]
    texts = [row["text"] for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        unbounded = pathlib.Path(folder) / "unbounded.yaml"
        unbounded.write_text(configuration(settings, "null", QUEUE_MAX))
        with Daemon(settings.meted, ROOT, str(unbounded)) as free:
            tries = [asyncio.run(capacity(free.address, texts[:1500])) for _ in range(3)]
    dense, median = statistics.median(rate for rate, _ in tries), statistics.median(own for _, own in tries)
    chance = random.Random(settings.seed + 1)

    def tight() -> float:
        # Whole milliseconds, as they are sent.
        return max(1, round(1e3 * median * chance.uniform(*TIGHT))) / 1e3

    modes = ["none", "brown-out"]
    found, usual = (
        [row(settings, texts, dense, times, mode, waits, lambda: DEADLINE) for times in LOADS for mode in modes]
        for waits in ((settings.wait, settings.queue), DEFAULT_WAITS)
    )
    hurried = [row(settings, texts, dense, times, mode, (settings.wait, QUEUE_MAX), tight) for times in TIGHT_LOADS for mode in modes]
    return {
        "set": settings.set, "model": settings.name, "wait_ms": settings.wait, "queue_ms": settings.queue, "machine": machine.describe(ROOT),
        "dense": dense, "dense_median": median, "seconds": settings.seconds, "rows": found, "default_waits": DEFAULT_WAITS, "default_rows": usual, "tight_rows": hurried,
    }  # fmt: skip


def lateness(row: Dict[str, Any]) -> str:
    """Four cells: texts that the engine ended, how many of them in time, the worst, and what clients saw."""
    engine = row.get("engine")
    if engine is None or not engine["count"]:
        return "– | – | – | –"
    return (
        f"{engine['count']:,} | {100 * engine['kept']:.2f} % | {engine['late_us_max'] / 1e3:.2f} "
        f"| {1e3 * row['over_p999']:.2f}, {1e3 * row['over_max']:.2f}"
    )


def asked(row: Dict[str, Any]) -> str:
    """Three cells: the load, whether effort was lowered for it, and texts a second."""
    return f"{row['load']:g} | {'yes' if row['mode'] == 'brown-out' else 'no'} | {row['asked_a_second']:,.0f}"


def given(row: Dict[str, Any]) -> str:
    """Three cells: the effort of answers, and texts that were refused and that were late."""
    effort = "–" if row["effort"] is None else f"{row['effort']:.2f}"
    return f"{effort} | {100 * row['refused'] / row['asked']:.1f} % | {100 * row['late'] / row['asked']:.1f} %"


LATENESS = "ended by the engine | within deadline and one layer (engine) | worst lateness, ms (engine) | lateness for clients, p99.9 and worst, ms"


def loads(rows: List[Dict[str, Any]]) -> List[str]:
    """A table of loads whose texts may take a second."""
    half = {row["mode"]: row["p99"] for row in rows if row["load"] == 0.5}
    return [
        f"| load, of dense capacity | brown-out | asked/s | answered within 1 s/s | p50, ms | p99, ms | p99 of that at 0.5 | mean effort given | refused | late | the client's CPU | {LATENESS} |",
        "| ---: | --- |" + " ---: |" * 13,
        *(
            f"| {asked(row)} | {row['goodput']:,.0f} | {1e3 * row['p50']:.1f} | {1e3 * row['p99']:.1f} | {row['p99'] / half[row['mode']]:.1f}× "
            f"| {given(row)} | {100 * row['client_cpu']:.0f} % of a core | {lateness(row)} |"
            for row in rows
        ),
    ]  # fmt: skip


def table(result: Dict[str, Any]) -> List[str]:
    lines = [
        f"{result['model']}: {result['machine']}. Dense capacity {result['dense']:,.0f} texts/s; effort is lowered when work waits longer than {result['wait_ms']} ms, and who would wait longer than {result['queue_ms']} ms is refused; "
        f"{result['seconds']:g} s of each load.", "", *loads(result["rows"]),
    ]  # fmt: skip
    if "default_rows" in result:
        wait, queue = result["default_waits"]
        lines += ["", f"The same with the waits of a daemon whose configuration says nothing, {wait} ms and {queue / 1e3:g} s: a text's own second bounds its wait.", "", *loads(result["default_rows"])]
    if "tight_rows" not in result:
        return lines
    low, high = (1e3 * times * result["dense_median"] for times in TIGHT)
    lines += [
        "", f"Tight deadlines, of each text {low:.0f} to {high:.0f} ms at random: {TIGHT[0]} to {TIGHT[1]} times the median time of a dense answer to 32 callers. Nobody is refused but who would wait longer than that.", "",
        f"| load, of dense capacity | brown-out | asked/s | answered in time/s | p50, ms | mean effort given | refused | ended by the deadline | {LATENESS} |",
        "| ---: | --- |" + " ---: |" * 10,
    ]  # fmt: skip
    for row in result["tight_rows"]:
        lines.append(f"| {asked(row)} | {row['goodput']:,.0f} | {1e3 * row['p50']:.1f} | {given(row)} | {lateness(row)} |")
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
    parser.add_argument("--wait", type=int, default=15)
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
