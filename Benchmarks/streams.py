"""Measures verdicts a second of a language model that classifies streams: at full depth and with exits, one stream and sixteen.

Usage: .cache/venv/bin/python Benchmarks/streams.py [--heads packs/smollm2-tweets] [--set tweets] [--seed 0] [--texts 48] [--judged 2000] [--repeats 3]
       [--meted .build/release/meted] [--print] [--page]

Every stream of the compiled client (peers/mete_load.c) sends its next token when the verdict on the last one is there, as a
guard of another model's tokens does; all are on one connection. A call asks for effort 1 (all layers, the last head) or for
the rule that Benchmarks/results/SET-SEED-heads.json reports for a policy; settings are measured in turn in every repeat, and
figures are medians of ratios to full depth in the same repeat, in the format in which that is fastest. The other exits are
measured as rules without a threshold, for the plot, and under both policies the cheapest rule with one that loses no more than a
point on `choose`. How right the rules are at a text's last token is asked of the daemon for the first `--judged` texts of the test
part, and paired with full depth; what the exits for the plot alone lose is in the table of exits. A rule without a threshold takes the same time with any heads after the same layers.
Writes Benchmarks/results/SET-streams.json, docs/BENCHMARKS.md and docs/bench/SET-streams.png (matplotlib comes with
`make peers`); `--page` writes the last two from the results that are there.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import signal
import statistics
import sys
import tempfile
from typing import Any, Dict, List, Sequence

import machine
import page
from child import Child
from daemon import Daemon
from judge import Judge
from works import build

import mete

ROOT = pathlib.Path(__file__).resolve().parents[1]
RESULTS = ROOT / "Benchmarks/results"
MODEL = ".cache/models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SECONDS_MAX = 1_800
COUNTS = [1, 16]
#: Tokens of a text that are judged, as `mete heads` cuts them.
TOKENS_MAX = 128
#: Formats that full depth is measured in beside that of the file, by the name of the model; the fastest is what rules are held against.
FORMATS = {"int8": "heads-int8", "int8_group": "heads-int8-group"}
#: The rule with a threshold is the cheapest that loses no more than this on `choose`.
LOST_MAX = 0.01


def ring(*_: object) -> None:
    raise TimeoutError(f"the measurement did not end within {SECONDS_MAX} seconds")


def run(client: Child, texts: List[List[int]], settings: Dict[str, Any], count: int) -> Dict[str, float]:
    """Verdicts a second of `count` streams at once, the share of full depth's work, and the client's of the processors."""
    told = client.ask({"work": "stream", "model": "heads", "prompts": texts, "at_once": count, **settings}, SECONDS_MAX)
    assert told["tokens"] == sum(map(len, texts)), "not a verdict for each token"
    seconds = told["seconds"]
    return {"rate": told["tokens"] / seconds, "share": told["macs"] / told["macs_dense"], "client": told["client_cpu"] / seconds / (os.cpu_count() or 1)}


def last_labels(client: mete.Client, texts: Sequence[List[int]], rule: Dict[str, Any]) -> List[str]:
    """What the daemon says of every text after its last token."""

    def last(tokens: List[int]) -> str:
        label = ""
        with client.classify_stream(tokens, "heads", top_k=1, score_min=1, special=False, **rule) as verdicts:
            for verdict in verdicts:
                label = verdict.label
        return label

    with concurrent.futures.ThreadPoolExecutor(max(COUNTS)) as several:
        return list(several.map(last, texts))


def judged(client: mete.Client, texts: List[List[int]], rows: List[Dict[str, str]], benches: Dict[str, Dict[str, Any]]) -> Dict[str, Any]:
    """How right the rules are that full depth is left for, by name; and full depth itself."""
    whole = last_labels(client, texts, {})
    judge = Judge(rows, whole)
    found = {"full depth": judge(whole)}
    for name, rule in benches.items():
        if "policy" in rule and not name.startswith("propagate, layer"):
            found[name] = judge(last_labels(client, texts, rule))
            print(name, found[name], flush=True)
    return found


def measure(settings: argparse.Namespace) -> Dict[str, Any]:
    taught = json.loads((RESULTS / f"{settings.set}-{settings.seed}-heads.json").read_text())
    rows = [json.loads(line) for line in (ROOT / f".cache/data/{settings.set}/test.jsonl").read_text().split("\n") if line]
    benches: Dict[str, Dict[str, Any]] = {"full depth": {}}
    benches |= {f"full depth, {weights}": {"model": name} for weights, name in FORMATS.items()}
    for rule in taught["test_policies"]:
        if rule["method"] == "ZTW":
            benches[rule["policy"]] = {"policy": rule["policy"], "threshold": rule["threshold"], "first_exit": rule["first_exit"]}
    for layer in [one["layer"] for one in taught["test_exits"][:-1]]:
        rule = {"policy": "propagate", "threshold": 0.0, "first_exit": layer}
        if rule not in benches.values():
            benches[f"propagate, layer {layer}"] = rule
    # Where the exit differs from token to token, later ones may owe earlier ones deeper layers: here the policies differ.
    full = taught["choose_exits"][-1]["ztw_accuracy_after"][-1]
    sure = [rule for rule in taught["choose_curve"] if rule["policy"] == "propagate" and 0 < rule["threshold"] < 1]
    best = min((rule for rule in sure if rule["accuracy_after"][-1] >= full - LOST_MAX), key=lambda rule: float(rule["macs"]))
    for policy in ("propagate", "defer"):
        benches[f"{policy}, by threshold"] = {"policy": policy, "threshold": best["threshold"], "first_exit": best["first_exit"]}
    found: Dict[str, Dict[int, List[Dict[str, float]]]] = {name: {count: [] for count in COUNTS} for name in benches}
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config, contextlib.ExitStack() as stack:
        models = {"heads": "auto", **{name: weights for weights, name in FORMATS.items()}}
        served = "".join(f"  {name}:\n    path: {MODEL}\n    heads: {settings.heads}\n    weights: {weights}\n" for name, weights in models.items())
        config.write(f"models:\n{served}effort:\n  wait_milliseconds: null\n  checked_per_mille: 0\n")
        config.flush()
        daemon = stack.enter_context(Daemon(settings.meted, ROOT, config.name))
        with mete.Client(daemon.address) as tokenizer:
            texts = [list(tokenizer.tokenize(row["text"], "heads")) for row in rows[: max(settings.texts, settings.judged)]]
            right = judged(tokenizer, [tokens[:TOKENS_MAX] for tokens in texts[: settings.judged]], rows[: settings.judged], benches)
            texts = texts[: settings.texts]
        client = stack.enter_context(Child("mete_load", [build(ROOT), daemon.address], ROOT))
        for _ in range(settings.repeats):
            for count in COUNTS:
                for name, own in benches.items():
                    found[name][count].append(run(client, texts, own, count))
                    print(name, count, found[name][count][-1], flush=True)
    return {"set": settings.set, "machine": machine.describe(ROOT), "texts": settings.texts, "rules": benches, "found": found, "judged": right}


def full_depth(result: Dict[str, Any], count: int) -> List[float]:
    """Verdicts a second at full depth, in the format in which that is fastest, in every repeat."""
    rates = [[one["rate"] for one in own[str(count)]] for name, own in result["found"].items() if name.startswith("full depth")]
    return max(rates, key=statistics.median)


def table(result: Dict[str, Any]) -> List[str]:
    most = max(one["client"] for own in result["found"].values() for times in own.values() for one in times)
    lines = [
        f"{result['set']}, SmolLM2-135M-Instruct Q4_1, {result['texts']} texts, of the test part the first {result['judged']['full depth']['examples']:,} judged: {result['machine']}. The compiled client took {100 * most:.1f} % of the processors at most.", "",
        "| tokens leave | accuracy, % | minus full depth, points | MACs, of full depth | one stream: verdicts/s | of full depth | 16 streams: verdicts/s | of full depth | time saved ÷ MACs saved, one stream |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    for name, own in result["found"].items():
        rule = result["rules"][name]
        words = name.replace("full depth", "never: full depth") if name.startswith("full depth") else (
            f"`{rule['policy']}`, always after layer {rule['first_exit']}" if rule["threshold"] == 0 else f"`{rule['policy']}`, from layer {rule['first_exit']} on where surer than {rule['threshold']:g}"
        )  # fmt: skip
        right = result.get("judged", {}).get(name)
        gap = right and right["difference"]
        cells = [words, f"{100 * right['accuracy']:.2f}" if right else "–", f"{gap['points']:+.2f} ± {gap['margin_95']:.2f}" if right and right != result["judged"]["full depth"] else "–"]
        cells += [f"{100 * statistics.median(one['share'] for one in own['1']):.1f} %"]
        for count in COUNTS:
            rates = [one["rate"] for one in own[str(count)]]
            ratios = [a / b for a, b in zip(rates, full_depth(result, count))]
            cells += [f"{statistics.median(rates):,.0f}", f"**{statistics.median(ratios):.2f}×** ({min(ratios):.2f} – {max(ratios):.2f})"]
            if count == 1:
                saved = 1 - 1 / statistics.median(ratios)
        spared = 1 - statistics.median(one["share"] for one in own["1"])
        lines.append("| " + " | ".join(cells + ["–" if name.startswith("full depth") else f"{saved / spared:.2f}" if spared > 0.02 else "–"]) + " |")
    return lines


def write() -> None:
    lines: List[str] = []
    paths = sorted(RESULTS.glob("*-streams.json"))
    shown = page.plots(ROOT, "plot_effort.py", paths)
    for path in paths:
        lines += table(json.loads(path.read_text())) + [""] + shown[path]
    page.write(ROOT / "docs/BENCHMARKS.md", {"streams": "\n".join(lines)})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heads", default="packs/smollm2-tweets", help="the folder that `mete heads` made")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", default="tweets")
    parser.add_argument("--texts", type=int, default=48)
    parser.add_argument("--judged", type=int, default=2_000, help="texts of the test part that tell how right the rules are")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--meted", type=pathlib.Path, default=ROOT / ".build/release/meted")
    parser.add_argument("--print", action="store_true", help="leave docs/BENCHMARKS.md and the results alone")
    parser.add_argument("--page", action="store_true", help="measure nothing; write docs/BENCHMARKS.md and the plots again")
    settings = parser.parse_args()
    if settings.page:
        write()
        return 0
    signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS_MAX)
    # Through JSON and back, so that the table sees what a later run of it sees.
    result = json.loads(json.dumps(measure(settings)))
    if settings.print:
        print("\n".join(table(result)))
        return 0
    (RESULTS / f"{settings.set}-streams.json").write_text(json.dumps(result, indent=1) + "\n")
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
