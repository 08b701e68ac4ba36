"""Measures what effort buys in time: a taught classifier beside its own dense model, one text at a time and 32 at once.

Usage: .cache/venv/bin/python Benchmarks/effort.py [--set tweets] [--seed 0] [--taught together] [--work .cache/learning] [--texts 400] [--judged 4000]
       [--repeats 5] [--tag NAME] [--meted .build/release/meted] [--print]

`make learn SET=tweets` makes what is measured: the dense model, and `together`, which has experts and exits (or `experts`). A daemon serves the
dense model in its fastest format and in float32, and the taught one in the fastest format. The compiled client (peers/mete_load.c)
calls, text in; a time is from a call to its bill. Every repeat measures every setting in turn; figures are medians of ratios to the
dense model in the same repeat. Accuracy is of the first texts of the test part, paired with the dense model in float32. Writes Benchmarks/results/SET-SEED-TAUGHT-effort.json and docs/BENCHMARKS.md.
"""

import argparse
import contextlib
import json
import os
import pathlib
import signal
import statistics
import sys
import tempfile
from typing import Any, Dict, List, Sequence, Tuple

import machine
import page
from child import Child
from daemon import Daemon
from works import build

import mete

ROOT = pathlib.Path(__file__).resolve().parents[1]
RESULTS = ROOT / "Benchmarks/results"
SECONDS_MAX, ANSWER_SECONDS_MAX = 3_000, 300
AT_ONCE = 32
#: How many points of the curve are measured, evenly spread over the work that they were promised for.
POINTS_MAX = 7


def ring(*_: object) -> None:
    raise TimeoutError(f"the measurement did not end within {SECONDS_MAX} seconds")


def settings_of(curve: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Points spread over the curve, from the cheapest on; the whole model is measured by itself."""
    points = sorted((point for point in curve if point["macs_share"] < 1), key=lambda point: point["macs_share"])
    if len(points) <= POINTS_MAX:
        return points
    least, most = points[0]["macs_share"], points[-1]["macs_share"]
    wanted = [least + (most - least) * i / (POINTS_MAX - 1) for i in range(POINTS_MAX)]
    nearest = {min(range(len(points)), key=lambda i: abs(points[i]["macs_share"] - share)) for share in wanted}
    return [points[i] for i in sorted(nearest)]


class Bench:
    """Calls of one kind: a model and an effort. The compiled client measures; which answers are right is asked in Python."""

    def __init__(self, address: str, client: Child, model: str, effort: float) -> None:
        self.address, self.client, self.model, self.effort = address, client, model, effort

    def _ask(self, texts: List[str], at_once: int) -> Tuple[Dict[str, Any], float]:
        """What the client measured, and its share of the time of all processors meanwhile."""
        request = {"work": "classify", "model": self.model, "effort": self.effort, "texts": texts, "at_once": at_once}
        told = self.client.ask(request, ANSWER_SECONDS_MAX)
        return told, told["client_cpu"] / told["wall"] / (os.cpu_count() or 1)

    def alone(self, texts: List[str]) -> Tuple[float, float, float]:
        """Seconds a text, one call at a time: as the caller sees them, and as the bill does; and the client's share."""
        self._ask(texts[:20], 1)
        told, share = self._ask(texts, 1)
        return statistics.median(told["seconds"]), statistics.median(told["compute_us"]) / 1e6, share

    def together(self, texts: List[str]) -> Tuple[float, float]:
        """Texts a second, with 32 callers who each wait for their answer; and the client's share."""
        told, share = self._ask(texts, AT_ONCE)
        return len(texts) / told["wall"], share

    def judged(self, rows: List[Dict[str, str]]) -> Tuple[List[bool], float, float]:
        """Whether each answer is right; the share of the dense model's work; the effort that was given."""
        right: List[bool] = []
        total = dense = 0
        given = 1.0
        options = mete.CallOptions(effort=self.effort)
        with mete.Client(self.address) as client:
            for start in range(0, len(rows), 200):
                part = rows[start : start + 200]
                answer = client.classify([row["text"] for row in part], self.model, truncate=True, options=options)
                right += [labels[0].name == row["label"] for labels, row in zip(answer, part)]
                total, dense, given = total + answer.bill.macs_total, dense + answer.bill.macs_dense, answer.bill.effort_given
        return right, total / dense, given


def difference(own: List[bool], other: List[bool]) -> Dict[str, float]:
    """Paired, in points, with its 95 % interval."""
    gaps = [100.0 * (int(a) - int(b)) for a, b in zip(own, other)]
    return {"points": statistics.fmean(gaps), "margin_95": 1.96 * statistics.stdev(gaps) / len(gaps) ** 0.5}


def measure(daemon: Daemon, client: Child, curve: List[Dict[str, Any]], rows: List[Dict[str, str]], settings: argparse.Namespace) -> List[Dict[str, Any]]:
    texts = [row["text"] for row in rows[: settings.texts]]
    judged = rows[: settings.judged]
    bench = lambda model, effort: Bench(daemon.address, client, model, effort)
    truth = bench("dense32", 1).judged(judged)[0]
    benches = [("dense", None, bench("dense", 1)), ("taught, effort 1", None, bench("taught", 1))]
    benches += [("taught", point, bench("taught", point["effort"])) for point in settings_of(curve)]
    found: List[Dict[str, Any]] = []
    for name, point, own in benches:
        right, share, given = own.judged(judged)
        found.append({
            "name": name, "tau": point and point["tau"], "threshold": point and point["threshold"],
            "effort": own.effort, "effort_given": given, "accuracy": statistics.fmean(right), "examples": len(right),
            "difference": difference(right, truth), "macs_share": share, "alone_s": [], "alone_billed_s": [], "together": [],
            "alone_client_share": [], "together_client_share": [],
        })  # fmt: skip
    for _ in range(settings.repeats):
        for one, (_, _, own) in zip(found, benches):
            keep(one, ["alone_s", "alone_billed_s", "alone_client_share"], own.alone(texts))
            keep(one, ["together", "together_client_share"], own.together(texts * 4))
    return found


def keep(to: Dict[str, Any], keys: List[str], values: Sequence[float]) -> None:
    for key, value in zip(keys, values):
        to[key].append(value)


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


def client_share(own: Dict[str, Any]) -> str:
    """Nothing where it was not measured."""
    shares = [own[key] for key in ("alone_client_share", "together_client_share") if key in own]
    return ", ".join(f"{100 * statistics.median(one):.1f} %" for one in shares) or "–"


def table(result: Dict[str, Any]) -> List[str]:
    lines = [
        f"{result['set']}, seed {result['seed']}, `{result['taught']}`: {result['machine']}.", "",
        "| model | τ, T | accuracy, % | minus dense float32, points | MACs | one at a time: ms (of them computing) | faster than dense | 32 at once: texts/s | faster than dense | time saved ÷ MACs saved: alone, 32 | the client's share of the processors: alone, 32 |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    dense = result["settings"][0]
    for own in result["settings"]:
        gap, middle = own["difference"], statistics.median
        level = "–" if own["tau"] is None and own["threshold"] is None else f"{own['tau'] or '–'}, {own['threshold'] or '–'}"
        lines.append(
            f"| {own['name']} | {level} | {100 * own['accuracy']:.2f} | {gap['points']:+.2f} ± {gap['margin_95']:.2f} | {100 * own['macs_share']:.1f} % "
            f"| {1e3 * middle(own['alone_s']):.2f} ({1e3 * middle(own['alone_billed_s']):.2f}) | {spread(ratios(own, dense, 'alone_s', True))} "
            f"| {middle(own['together']):,.0f} | {spread(ratios(own, dense, 'together', False))} | {saved(own, dense)} | {client_share(own)} |"
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
        with contextlib.ExitStack() as stack:
            daemon = stack.enter_context(Daemon(settings.meted, ROOT, config.name))
            client = stack.enter_context(Child("mete_load", [build(ROOT), daemon.address], ROOT))
            found = measure(daemon, client, curve, rows, settings)
    result = {"set": settings.set, "seed": settings.seed, "taught": settings.taught, "machine": machine.describe(ROOT), "at_once": AT_ONCE, "settings": found}
    if settings.print:
        print("\n".join(table(result)))
        return 0
    (RESULTS / f"{settings.set}-{settings.seed}-{settings.taught}{settings.tag and '-' + settings.tag}-effort.json").write_text(json.dumps(result, indent=1) + "\n")
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
