"""Measures what effort buys in time: a taught classifier beside its own dense model, one text at a time and 32 at once.

Usage: .cache/venv/bin/python Benchmarks/effort.py [--set tweets] [--seed 0] [--taught together] [--work .cache/learning] [--texts 400] [--judged 4000]
       [--repeats 5] [--tag NAME] [--meted .build/release/meted] [--print]

`make learn SET=tweets` makes what is measured: the dense model, and `together`, which has experts and exits (or `experts`). A daemon serves the
dense model in its fastest format and in float32, and the taught one in the fastest format. Every repeat measures every
setting in turn; figures are medians of ratios to the dense model in the same repeat. Accuracy is of the first texts of the test
part, paired with the dense model in float32. Writes Benchmarks/results/SET-SEED-TAUGHT-effort.json and docs/BENCHMARKS.md.
"""

import argparse
import asyncio
import json
import pathlib
import signal
import statistics
import sys
import tempfile
import time
from typing import Any, Dict, List, Tuple

import machine
import page
from daemon import Daemon

import mete
from mete.aio import AsyncClient

ROOT = pathlib.Path(__file__).resolve().parents[1]
RESULTS = ROOT / "Benchmarks/results"
SECONDS_MAX = 3_000
AT_ONCE = 32
#: Which points of the curve are measured, by the share of the dense model's work that they were promised for.
SHARES = [0.15, 0.25, 0.35, 0.5, 0.75]


def ring(*_: object) -> None:
    raise TimeoutError(f"the measurement did not end within {SECONDS_MAX} seconds")


def settings_of(curve: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """The dearest point below each share, each once; the whole model is measured by itself."""
    chosen: List[Dict[str, Any]] = []
    for share in SHARES:
        below = [point for point in curve if point["macs_share"] <= share]
        if below and below[-1] not in chosen:
            chosen.append(below[-1])
    return chosen


class Bench:
    """Calls of one kind: a model and an effort."""

    def __init__(self, address: str, model: str, effort: float) -> None:
        self.address, self.model, self.effort = address, model, effort
        self.options = mete.CallOptions(effort=effort)

    def alone(self, texts: List[str]) -> Tuple[float, float]:
        """Seconds a text, one call at a time: as the caller sees them, and as the bill does."""
        with mete.Client(self.address) as client:
            client.classify(texts[:20], self.model, options=self.options)
            seen, billed = [], []
            for text in texts:
                began = time.perf_counter()
                answer = client.classify([text], self.model, options=self.options)
                seen.append(time.perf_counter() - began)
                billed.append(answer.bill.compute_us / 1e6)
        return statistics.median(seen), statistics.median(billed)

    def together(self, texts: List[str]) -> float:
        """Texts a second, with 32 callers who each wait for their answer."""
        return asyncio.run(self._together(texts))

    async def _together(self, texts: List[str]) -> float:
        async with AsyncClient(self.address) as client:
            rest = iter(texts)

            async def caller() -> None:
                for text in rest:
                    await client.classify([text], self.model, options=self.options)

            began = time.perf_counter()
            await asyncio.gather(*(caller() for _ in range(AT_ONCE)))
            return len(texts) / (time.perf_counter() - began)

    def judged(self, rows: List[Dict[str, str]]) -> Tuple[List[bool], float, float]:
        """Whether each answer is right; the share of the dense model's work; the effort that was given."""
        right: List[bool] = []
        total = dense = 0
        given = 1.0
        with mete.Client(self.address) as client:
            for start in range(0, len(rows), 200):
                part = rows[start : start + 200]
                answer = client.classify([row["text"] for row in part], self.model, truncate=True, options=self.options)
                right += [labels[0].name == row["label"] for labels, row in zip(answer, part)]
                total, dense, given = total + answer.bill.macs_total, dense + answer.bill.macs_dense, answer.bill.effort_given
        return right, total / dense, given


def difference(own: List[bool], other: List[bool]) -> Dict[str, float]:
    """Paired, in points, with its 95 % interval."""
    gaps = [100.0 * (int(a) - int(b)) for a, b in zip(own, other)]
    return {"points": statistics.fmean(gaps), "margin_95": 1.96 * statistics.stdev(gaps) / len(gaps) ** 0.5}


def measure(address: str, curve: List[Dict[str, Any]], rows: List[Dict[str, str]], settings: argparse.Namespace) -> List[Dict[str, Any]]:
    texts = [row["text"] for row in rows[: settings.texts]]
    judged = rows[: settings.judged]
    truth = Bench(address, "dense32", 1).judged(judged)[0]
    benches = [("dense", None, Bench(address, "dense", 1)), ("taught, effort 1", None, Bench(address, "taught", 1))]
    benches += [("taught", point, Bench(address, "taught", point["effort"])) for point in settings_of(curve)]
    found: List[Dict[str, Any]] = []
    for name, point, bench in benches:
        right, share, given = bench.judged(judged)
        found.append({
            "name": name, "tau": point and point["tau"], "threshold": point and point["threshold"],
            "effort": bench.effort, "effort_given": given, "accuracy": statistics.fmean(right), "examples": len(right),
            "difference": difference(right, truth), "macs_share": share, "alone_s": [], "alone_billed_s": [], "together": [],
        })  # fmt: skip
    for _ in range(settings.repeats):
        for own, (_, _, bench) in zip(found, benches):
            seen, billed = bench.alone(texts)
            own["alone_s"].append(seen)
            own["alone_billed_s"].append(billed)
            own["together"].append(bench.together(texts * 4))
    return found


def ratios(found: Dict[str, Any], dense: Dict[str, Any], key: str, inverse: bool) -> List[float]:
    pairs = list(zip(found[key], dense[key]))
    return [b / a if inverse else a / b for a, b in pairs]


def spread(values: List[float]) -> str:
    return f"**{statistics.median(values):.2f}×** ({min(values):.2f} – {max(values):.2f})"


def saved(own: Dict[str, Any], dense: Dict[str, Any]) -> str:
    """Time saved over multiply-accumulates saved, by the medians of ratios; nothing where none are saved."""
    spared = 1 - own["macs_share"]
    if spared < 0.02:
        return "–"
    times = [ratios(own, dense, "alone_s", True), ratios(own, dense, "together", False)]
    return ", ".join(f"{(1 - 1 / statistics.median(one)) / spared:.2f}" for one in times)


def table(result: Dict[str, Any]) -> List[str]:
    lines = [
        f"{result['set']}, seed {result['seed']}, `{result['taught']}`: {result['machine']}.", "",
        "| model | τ, T | accuracy, % | minus dense float32, points | MACs | one at a time: ms (of them computing) | faster than dense | 32 at once: texts/s | faster than dense | time saved ÷ MACs saved: alone, 32 |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    dense = result["settings"][0]
    for own in result["settings"]:
        gap, middle = own["difference"], statistics.median
        level = "–" if own["tau"] is None and own["threshold"] is None else f"{own['tau'] or '–'}, {own['threshold'] or '–'}"
        lines.append(
            f"| {own['name']} | {level} | {100 * own['accuracy']:.2f} | {gap['points']:+.2f} ± {gap['margin_95']:.2f} | {100 * own['macs_share']:.1f} % "
            f"| {1e3 * middle(own['alone_s']):.2f} ({1e3 * middle(own['alone_billed_s']):.2f}) | {spread(ratios(own, dense, 'alone_s', True))} "
            f"| {middle(own['together']):,.0f} | {spread(ratios(own, dense, 'together', False))} | {saved(own, dense)} |"
        )
    return lines


def write() -> None:
    lines: List[str] = []
    for path in sorted(RESULTS.glob("*-effort.json")):
        lines += table(json.loads(path.read_text())) + [""]
    page.write(ROOT / "docs/BENCHMARKS.md", {"effort": "\n".join(lines)})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="tweets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--taught", default="together", help="the step of Benchmarks/learning.py that made the model")
    parser.add_argument("--work", default=".cache/learning")
    parser.add_argument("--texts", type=int, default=400)
    parser.add_argument("--judged", type=int, default=4_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--meted", type=pathlib.Path, default=ROOT / ".build/release/meted")
    parser.add_argument("--tag", default="", help="of the result's name, for a second machine")
    parser.add_argument("--print", action="store_true", help="leave docs/BENCHMARKS.md and the results alone")
    settings = parser.parse_args()
    signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS_MAX)
    place = lambda step: f"{settings.work}/{settings.set}-{step}-{settings.seed}"
    curve = json.loads((ROOT / place(settings.taught) / "frugal.json").read_text())["effort"]
    rows = [json.loads(line) for line in (ROOT / f".cache/data/{settings.set}/test.jsonl").read_text().split("\n") if line]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
        config.write(
            f"models:\n  dense:\n    path: {place('dense')}\n  dense32:\n    path: {place('dense')}\n    weights: f32\n"
            f"  taught:\n    path: {place(settings.taught)}\n"
            "effort:\n  wait_milliseconds: null\n  checked_per_mille: 0\n"
        )
        config.flush()
        with Daemon(settings.meted, ROOT, config.name) as daemon:
            found = measure(daemon.address, curve, rows, settings)
    result = {"set": settings.set, "seed": settings.seed, "taught": settings.taught, "machine": machine.describe(ROOT), "at_once": AT_ONCE, "settings": found}
    if settings.print:
        print("\n".join(table(result)))
        return 0
    (RESULTS / f"{settings.set}-{settings.seed}-{settings.taught}{settings.tag and '-' + settings.tag}-effort.json").write_text(json.dumps(result, indent=1) + "\n")
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
