"""Measures what effort buys in time: a taught classifier beside its own dense model and the best bare library, one text at a time and 32 at once.

Usage: .cache/venv/bin/python Benchmarks/effort.py [--set tweets] [--seed 0] [--taught together] [--work .cache/learning] [--weights int8] [--texts 400] [--judged 4000]
       [--repeats 5] [--tag NAME] [--no-peers] [--times] [--meted .build/release/meted] [--print]
       .cache/venv/bin/python Benchmarks/effort.py --page

`make learn SET=tweets` makes what is measured: the dense model, and `together`, which has experts and exits (or `experts`). A daemon serves the
dense model in both formats of bytes and in float32, and the taught one in `--weights`. What is compared is the taught model and the
format in which the dense one is fastest, which each kind of work decides for itself. The compiled client (peers/mete_load.c)
calls, text in; a time is from a call to its bill. The dense model also runs in ONNX Runtime and OpenVINO with Hugging Face's
tokenizers, text in, each peer with the settings that are fastest for it (effort_peers.py; `make peers` installs them). Every repeat
measures every setting and every peer in turn; figures are medians of ratios to the dense model in the same repeat, and time saved is of
means over the texts, since the work saved is a sum. Two settings are within a point on `choose`: the cheapest of the curve of effort, and the cheapest
of exits alone; the one that is faster there is chosen, by the geometric mean of one text at a time and 32 at once. Accuracy is of the first texts of the test part, paired with the dense model in float32. Writes Benchmarks/results/SET-SEED-TAUGHT-effort.json,
docs/BENCHMARKS.md and docs/bench/effort-*.png; `--page` writes the last two from the results that are there, and `--times` measures times
again of the same models and settings, whose accuracy it takes from the result that is there.
"""

import argparse
import contextlib
import functools
import json
import os
import pathlib
import signal
import statistics
import sys
import tempfile
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import effort_page
import machine
from child import Child
from daemon import Daemon
from effort_peers import EXACT, SAME_LEAST, PeerBench, names_of, prepare, sides
from judge import Judge
from learning import SETS
from works import build

import mete

ROOT = pathlib.Path(__file__).resolve().parents[1]
SECONDS_MAX, ANSWER_SECONDS_MAX = 5_400, 300
AT_ONCE = 32
#: Formats of bytes that the dense model is served in, by the name of the model.
DENSE = {"dense": "int8_group", "dense-int8": "int8"}
#: The taught model with exits and without routers.
ALONE = "taught, exits alone"
#: How often both settings that are good enough are timed on texts of `choose`.
CHOOSING_REPEATS = 12
#: Which points of the curve are measured, by the share of the dense model's work that they were promised for; and the one chosen.
SHARES = [0.1, 0.18, 0.3, 0.4, 0.5, 0.75]
#: The chosen point loses no more than this on `choose`, where nothing was learned and nothing is judged.
LOST_MAX = 0.01
#: Of the texts that are judged, those that peers are judged by: the slower of them take a minute for so many.
PEERS_JUDGED = 4_000


def ring(*_: object) -> None:
    raise TimeoutError(f"the measurement did not end within {SECONDS_MAX} seconds")


def settings_of(curve: List[Dict[str, Any]], accuracy: float) -> List[Dict[str, Any]]:
    """Points of the curve, from the cheapest on; the whole model is measured by itself. The cheapest whose accuracy on `choose` is
    within a point of the dense model's there is `chosen`."""
    points = sorted((point for point in curve if point["macs_share"] < 1), key=lambda point: point["macs_share"])
    if not points:
        return []
    measured = {min(range(len(points)), key=lambda i: abs(points[i]["macs_share"] - share)) for share in SHARES}
    chosen = next((i for i, point in enumerate(points) if point["accuracy"] >= accuracy - LOST_MAX), None)
    measured |= set() if chosen is None else {chosen}
    return [{**points[i], "chosen": i == chosen} for i in sorted(measured)]


def exits_alone(folder: pathlib.Path) -> List[Dict[str, Any]]:
    """Exits on whole layers, without routers: the cheapest threshold within a point on `choose`, as the report of exits has it (decision 14).

    The curve counts multiply-accumulates, of which experts spare many that take little time each: so exits alone may be faster.
    """
    path = folder / "exits.json"
    final = json.loads(path.read_text()).get("finals", {}).get("exits") if path.exists() else None
    return [{"tau": None, "threshold": final["level"], "effort": 1, "chosen": False}] if final else []


class Bench:
    """Calls of one kind: a model and an effort, or exits' threshold. The compiled client measures; which answers are right is asked in Python."""

    def __init__(self, address: str, client: Child, model: str, effort: float, threshold: Optional[float] = None) -> None:
        self.address, self.client, self.model, self.effort, self.threshold = address, client, model, effort, threshold

    def _ask(self, texts: List[str], at_once: int) -> Tuple[Dict[str, Any], float]:
        """What the client measured, and its share of the time of all processors meanwhile."""
        request: Dict[str, Any] = {"work": "classify", "model": self.model, "effort": self.effort, "texts": texts, "at_once": at_once}
        if self.threshold is not None:
            request["threshold"] = self.threshold
        told = self.client.ask(request, ANSWER_SECONDS_MAX)
        return told, told["client_cpu"] / told["wall"] / (os.cpu_count() or 1)

    def alone(self, texts: List[str]) -> Tuple[float, float, float, List[float]]:
        """Seconds a text, one call at a time: as the caller sees them, and as the bill does; the client's share; seconds of each text."""
        self._ask(texts[:20], 1)
        told, share = self._ask(texts, 1)
        return statistics.median(told["seconds"]), statistics.median(told["compute_us"]) / 1e6, share, told["seconds"]

    def together(self, texts: List[str]) -> Tuple[float, float]:
        """Texts a second, with 32 callers who each wait for their answer; and the client's share."""
        told, share = self._ask(texts, AT_ONCE)
        return len(texts) / told["wall"], share

    def labels(self, texts: List[str]) -> Tuple[List[str], float, float]:
        """The answers; the share of the dense model's work; the effort that was given."""
        found: List[str] = []
        total = dense = 0
        given = 1.0
        options = mete.CallOptions(effort=self.effort)
        with mete.Client(self.address) as client:
            for start in range(0, len(texts), 200):
                answer = client.classify(texts[start : start + 200], self.model, truncate=True, threshold=self.threshold, options=options)
                found += [labels[0].name for labels in answer]
                total, dense, given = total + answer.bill.macs_total, dense + answer.bill.macs_dense, answer.bill.effort_given
        return found, total / dense, given


#: What an entry of a result has beside accuracy: anew in every run.
TIMES = ["alone_s", "alone_billed_s", "together", "alone_client_share", "together_client_share", "each_text_s"]


def without_times(entries: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    return [{**one, **{key: [] for key in TIMES if key in one or "alone_billed_s" in one}} for one in entries]


def read(path: pathlib.Path) -> List[Dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def cut(text: str, most: int, count: Callable[[str], int]) -> str:
    """The words of a text that make no more tokens than the model was taught with: all sides get the same text."""
    if len(text) < most or count(text) <= most:
        return text
    words = text.split(" ")
    fits, over = 0, len(words)
    while over - fits > 1:
        middle = (fits + over) // 2
        fits, over = (middle, over) if count(" ".join(words[:middle])) <= most else (fits, middle)
    # A single word that is too long is left to the model's own limit.
    return " ".join(words[:fits]) or text


def judged_peers(peers: List[PeerBench], texts: List[str], names: List[str], judge: Judge) -> List[Dict[str, Any]]:
    """The peers with the settings that they keep, and how right they are."""
    found: List[Dict[str, Any]] = []
    for peer in peers:
        said = judge(peer.labels(texts, names))
        if peer.name == EXACT and said["same_as_dense32"] < SAME_LEAST:
            raise ValueError(f"{peer.name} gives the daemon's answers for {100 * said['same_as_dense32']:.1f} % of the texts: another model?")
        found.append({"name": peer.name, "version": peer.version, "kept": peer.kept, **said, "alone_s": [], "together": []})
    return found


def judged(
    exact: Bench, benches: List[Tuple[str, Optional[Dict[str, Any]], Bench]], peers: List[PeerBench], names: List[str], rows: List[Dict[str, str]]
) -> Tuple[List[Dict[str, Any]], List[Dict[str, Any]]]:
    """How right our settings and the peers are, without times."""
    texts = [row["text"] for row in rows]
    dense = exact.labels(texts)[0]
    judge = Judge(rows, dense)
    ours: List[Dict[str, Any]] = []
    for name, point, own in benches:
        found, share, given = own.labels(texts)
        ours.append({
            "name": name, "chosen": bool(point and point["chosen"]), "tau": point and point["tau"], "threshold": point and point["threshold"],
            "effort": own.effort, "effort_given": given, **judge(found), "macs_share": share, "alone_s": [], "alone_billed_s": [], "together": [],
            "alone_client_share": [], "together_client_share": [], "each_text_s": [],
        })  # fmt: skip
    few = min(len(rows), PEERS_JUDGED)
    return ours, judged_peers(peers, texts[:few], names, Judge(rows[:few], dense[:few]))


def measure(
    daemon: Daemon, client: Child, peers: List[PeerBench], names: List[str], points: List[Dict[str, Any]], alone: List[Dict[str, Any]],
    rows: List[Dict[str, str]], choosing: List[str], settings: argparse.Namespace, earlier: Optional[Dict[str, Any]],
) -> Tuple[List[Dict[str, Any]], List[Dict[str, Any]]]:
    """Our settings and the peers: accuracy first, then times in turns."""
    timed = [row["text"] for row in rows[: settings.texts]]
    bench = lambda model, effort: Bench(daemon.address, client, model, effort)
    benches: List[Tuple[str, Optional[Dict[str, Any]], Bench]] = [(name, None, bench(name, 1)) for name in DENSE]
    benches += [("taught, effort 1", None, bench("taught", 1))]
    benches += [("taught", point, bench("taught", point["effort"])) for point in points]
    benches += [(ALONE, own, Bench(daemon.address, client, "taught", own["effort"], own["threshold"])) for own in alone]
    for peer in peers:
        print(f"tuning {peer.name}", file=sys.stderr, flush=True)
        peer.tune(timed)
    if earlier is None:
        ours, theirs = judged(bench("dense32", 1), benches, peers, names, rows[: settings.judged])
    else:
        ours, theirs = without_times(earlier["settings"]), without_times(earlier["peers"])
        said = [(one["name"], one["effort"], one["threshold"]) for one in ours], [one["name"] for one in theirs]
        wanted = [(name, own.effort, point and point["threshold"]) for name, point, own in benches]
        if said != (wanted, [peer.name for peer in peers]):
            raise ValueError("the result that is there is of other models, settings or peers: measure without --times")
        for one, peer in zip(theirs, peers):
            one["kept"] = peer.kept
    choose(ours, [own for _, _, own in benches], choosing)
    turns: List[Callable[[], None]] = [functools.partial(own_turn, one, own, timed) for one, (_, _, own) in zip(ours, benches)]
    turns += [functools.partial(peer_turn, one, peer, timed) for one, peer in zip(theirs, peers)]
    for number in range(settings.repeats):
        print(f"repeat {number + 1} of {settings.repeats}", file=sys.stderr, flush=True)
        # Each repeat begins elsewhere: whoever follows the slow ones may find the machine as they left it.
        first = number * len(turns) // settings.repeats
        for turn in turns[first:] + turns[:first]:
            turn()
    for one, (_, _, own) in zip(ours, benches):
        # Work is saved in sums, so time is held against it as a mean over the same texts, each with its median of all repeats.
        one["mean_text_s"] = statistics.fmean(map(statistics.median, zip(*one.pop("each_text_s"))))
        one["timed_macs_share"] = own.labels(timed)[1]
    return ours, theirs


def choose(ours: List[Dict[str, Any]], benches: List[Bench], texts: List[str]) -> None:
    """Of the settings that are within a point on `choose` keeps the one as chosen that is faster there, both works counted alike."""
    good = [place for place, one in enumerate(ours) if one["chosen"] or one.get("is_good") or one["name"] == ALONE]
    times: Dict[int, List[List[float]]] = {place: [] for place in good}
    rates: Dict[int, List[float]] = {place: [] for place in good}
    for _ in range(CHOOSING_REPEATS):
        for place in good:
            times[place].append(benches[place].alone(texts)[3])
            rates[place].append(benches[place].together(texts * 4)[0])
    for place in good:
        ours[place]["is_good"] = True
        ours[place]["choose_text_s"] = statistics.fmean(map(statistics.median, zip(*times[place])))
        ours[place]["choose_together"] = statistics.median(rates[place])
    spent = {place: (ours[place]["choose_text_s"] / ours[place]["choose_together"]) ** 0.5 for place in good}
    for place in good:
        ours[place]["chosen"] = spent[place] == min(spent.values())
        print(f"chosen: {ours[place]['chosen']}, {ours[place]['name']}, {1e3 * ours[place]['choose_text_s']:.3f} ms, {ours[place]['choose_together']:.0f} texts/s", file=sys.stderr, flush=True)


def own_turn(one: Dict[str, Any], own: Bench, timed: List[str]) -> None:
    keep(one, ["alone_s", "alone_billed_s", "alone_client_share", "each_text_s"], own.alone(timed))
    keep(one, ["together", "together_client_share"], own.together(timed * 4))


def peer_turn(one: Dict[str, Any], peer: PeerBench, timed: List[str]) -> None:
    keep(one, ["alone_s", "together"], [peer.alone(timed), peer.together(timed * 4)])


def keep(to: Dict[str, Any], keys: List[str], values: Sequence[Any]) -> None:
    for key, value in zip(keys, values):
        to[key].append(value)


def run(settings: argparse.Namespace) -> Dict[str, Any]:
    place = lambda step: f"{settings.work}/{settings.set}-{step}-{settings.seed}"
    data, model = ROOT / f".cache/data/{settings.set}", ROOT / place("dense")
    curve = json.loads((ROOT / place(settings.taught) / "frugal.json").read_text())["effort"]
    alone = exits_alone(ROOT / place(settings.taught))
    points = settings_of(curve, json.loads((model / "fit.json").read_text())["choose"]["accuracy"])
    rows, tried = (read(data / f"{part}.jsonl") for part in ("test", "choose"))
    variants = [] if settings.no_peers else sides(prepare(ROOT, model, data / "train.jsonl"))
    earlier = json.loads(settings.result.read_text()) if settings.times else None
    host = machine.describe(ROOT)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config, contextlib.ExitStack() as stack:
        config.write(
            "models:\n"
            + "".join(f"  {name}:\n    path: {place('dense')}\n    weights: {weights}\n" for name, weights in {**DENSE, "dense32": "f32"}.items())
            + f"  taught:\n    path: {place(settings.taught)}\n    weights: {settings.weights}\n"
            + "effort:\n  wait_milliseconds: null\n  checked_per_mille: 0\n"
        )
        config.flush()
        daemon = stack.enter_context(Daemon(settings.meted, ROOT, config.name))
        with mete.Client(daemon.address) as tokenizer:
            most = SETS[settings.set].tokens
            for row in rows + tried[: settings.texts]:
                row["text"] = cut(row["text"], most, lambda text: len(list(tokenizer.tokenize(text, "taught"))))
        choosing = [row["text"] for row in tried[: settings.texts]]
        client = stack.enter_context(Child("mete_load", [build(ROOT), daemon.address], ROOT))
        peers: List[PeerBench] = []
        for side in variants:
            command = [ROOT / ".cache/peers-venv/bin/python", ROOT / "Benchmarks/peers" / side.command[0], *side.command[1:]]
            peers.append(PeerBench(side.name, stack.enter_context(Child(side.name, command, ROOT)), AT_ONCE))
        ours, theirs = measure(daemon, client, peers, names_of(model), points, alone, rows, choosing, settings, earlier)
    head = {
        "set": settings.set, "seed": settings.seed, "taught": settings.taught, "weights": settings.weights, "machine": host, "at_once": AT_ONCE,
    }  # fmt: skip
    if earlier is not None:
        head["accuracy_of"] = earlier.get("accuracy_of", earlier["machine"])
    return {**head, "client": "C", "texts": settings.texts, "settings": ours, "peers": theirs}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="tweets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--taught", default="together", help="the step of Benchmarks/learning.py that made the model")
    parser.add_argument("--weights", default="int8", help="the format of the taught model")
    parser.add_argument("--work", default=".cache/learning")
    parser.add_argument("--texts", type=int, default=400)
    parser.add_argument("--judged", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--meted", type=pathlib.Path, default=ROOT / ".build/release/meted")
    parser.add_argument("--tag", default="", help="of the result's name, for a second machine")
    parser.add_argument("--no-peers", action="store_true", help="measure without ONNX Runtime and OpenVINO")
    parser.add_argument("--times", action="store_true", help="measure times again, with the accuracy of the result that is there")
    parser.add_argument("--page", action="store_true", help="measure nothing; write docs/BENCHMARKS.md and the plots again")
    parser.add_argument("--print", action="store_true", help="leave docs/BENCHMARKS.md, the plots and the results alone")
    settings = parser.parse_args()
    signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS_MAX)
    if settings.page:
        effort_page.write(ROOT)
        return 0
    name = "-".join(filter(None, [settings.set, str(settings.seed), settings.taught, settings.tag, "effort"]))
    settings.result = ROOT / f"Benchmarks/results/{name}.json"
    result = run(settings)
    if settings.print:
        print("\n".join(effort_page.table(result)))
        return 0
    settings.result.write_text(json.dumps(result, indent=1) + "\n")
    effort_page.write(ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
