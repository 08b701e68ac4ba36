"""Runs the learning experiments that docs/BENCHMARKS.md shows, each step a command of at most an hour that can go on.

Usage: .cache/venv/bin/python Benchmarks/learning.py run SET [--seed 0] [--steps STEP …] [--work .cache/learning] [--torch PYTHON]
       .cache/venv/bin/python Benchmarks/learning.py page

`run` fits a dense model, a sparse one that learns from it, experts with routers, and exits on both, in that order, and for
some sets teaches heads at every token of a language model; what is there already stays, what was interrupted goes on. Each step's result lands in Benchmarks/results/SET-SEED-STEP.json. With
`--torch`, PyTorch fits the same recipe beside, and its answers are paired with those of our dense model, if that is there. `page` writes all results into docs/BENCHMARKS.md.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time
from typing import Any, Dict, List, Optional, Sequence, Tuple

import page

ROOT = pathlib.Path(__file__).resolve().parents[1]
RESULTS = ROOT / "Benchmarks/results"
MODEL = ".cache/models/minilm"
LANGUAGE = ".cache/models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SPARSE = ["--relu", "--sparsity", "hoyer", "--sparsity-weight", "1", "--freeze-embeddings", "--rate", "8e-5"]


class Recipe:
    """What differs between the sets: where texts are cut, how often they are seen, and how many a language model reads.

    The last are texts to learn from and to test: a language model of 135 million weights takes a second and a half of one
    core for a thousand tokens, and rows of more texts would not fit into the memory that heads learn from.
    """

    def __init__(self, tokens: int, sparse_epochs: int, router_epochs: int, seeds: List[int], heads: Optional[Tuple[int, int]] = None) -> None:
        self.tokens, self.sparse_epochs, self.router_epochs, self.seeds = tokens, sparse_epochs, router_epochs, seeds
        self.heads = heads


SETS = {
    "reviews": Recipe(128, 8, 10, [0, 1, 2]),
    "tweets": Recipe(64, 6, 6, [0], heads=(3000, 4000)),
    "news": Recipe(96, 5, 5, [0]),
}


def steps(name: str, seed: int, work: pathlib.Path) -> Dict[str, List[str]]:
    """The commands of one set and seed, by step, without the program."""
    recipe, data = SETS[name], f".cache/data/{name}"
    place = lambda step: str(work / f"{name}-{step}-{seed}")
    common = ["--tokens-max", str(recipe.tokens), "--seed", str(seed), "--json"]
    dense = ["--baseline", place("dense")]
    commands = {
        "dense": ["fit", MODEL, data, "--to", place("dense")] + common,
        "sparse": ["fit", place("dense"), data, "--to", place("sparse"), "--teacher", place("dense"), "--epochs", str(recipe.sparse_epochs)] + SPARSE + common,
        "experts": ["experts", place("sparse"), data, "--to", place("experts"), "--epochs", str(recipe.router_epochs)] + dense + common,
        "together": ["exits", place("experts"), data, "--to", place("together")] + dense + common,
        "exits": ["exits", place("dense"), data, "--to", place("exits")] + dense + common,
        "pairs": ["projections", place("dense"), data, "--to", place("pairs")] + common,
        "pairs-sparse": ["fit", place("pairs"), data, "--to", place("pairs-sparse"), "--teacher", place("dense"), "--epochs", str(recipe.sparse_epochs)] + SPARSE + common,
        "pairs-experts": ["experts", place("pairs-sparse"), data, "--to", place("pairs-experts"), "--epochs", str(recipe.router_epochs)] + dense + common,
    }  # fmt: skip
    if recipe.heads:
        train, test = recipe.heads
        limits = ["--examples-max", str(train), "--test-max", str(test), "--seed", str(seed), "--json"]
        commands["heads"] = ["heads", LANGUAGE, data, "--to", place("heads")] + limits
    return commands


REPORTS = {
    "dense": "fit.json", "sparse": "fit.json", "experts": "experts.json", "together": "exits.json", "exits": "exits.json",
    "heads": "fit.json", "pairs": "projections.json", "pairs-sparse": "fit.json", "pairs-experts": "experts.json",
}  # fmt: skip
# Attention projections as experts are asked of by name: one set shows what they come to.
NAMED = {"pairs", "pairs-sparse", "pairs-experts"}


def run(settings: argparse.Namespace) -> int:
    work = pathlib.Path(settings.work)
    (ROOT / work).mkdir(parents=True, exist_ok=True)
    RESULTS.mkdir(exist_ok=True)
    for step, command in steps(settings.set, settings.seed, work).items():
        if step not in (settings.steps or set(REPORTS) - NAMED):
            continue
        folder = ROOT / work / f"{settings.set}-{step}-{settings.seed}"
        if not folder.exists():
            began = time.monotonic()
            print("mete " + " ".join(command), flush=True)
            subprocess.run([settings.mete] + command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            print(f"{step}: {time.monotonic() - began:.0f} s", flush=True)
        result = json.loads((folder / REPORTS[step]).read_text())
        result["command"] = "mete " + " ".join(command)
        (RESULTS / f"{settings.set}-{settings.seed}-{step}.json").write_text(json.dumps(rounded(result), indent=1, ensure_ascii=False) + "\n")
    if settings.torch:
        recipe = SETS[settings.set]
        command = [settings.torch, "Benchmarks/peers/torch_fit.py", MODEL, f".cache/data/{settings.set}", "--seed", str(settings.seed), "--tokens-max", str(recipe.tokens)]
        dense = ROOT / settings.work / f"{settings.set}-dense-{settings.seed}"
        command += ["--beside", str(dense)] if dense.exists() else []
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        told = json.loads(done.stdout.splitlines()[-1])
        # How fast it was is another question, which training.py asks in turns.
        told.pop("tokens_per_second", None)
        (RESULTS / f"{settings.set}-{settings.seed}-torch.json").write_text(json.dumps(told) + "\n")
    return 0


def rounded(value: Any) -> Any:
    """Six digits: what was measured is no finer."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def result(name: str, seed: int, step: str) -> Optional[Dict[str, Any]]:
    path = RESULTS / f"{name}-{seed}-{step}.json"
    return json.loads(path.read_text()) if path.exists() else None


def percent(measured: Optional[Dict[str, Any]]) -> str:
    return "–" if measured is None else f"{100 * measured['accuracy']:.2f} ± {100 * measured['margin_95']:.2f}"


def points(measured: Dict[str, Any]) -> str:
    own = measured["difference"]
    return f"{own['points']:+.2f} ± {own['margin_95']:.2f}"


def fits() -> List[str]:
    lines = [
        "| set, seed | Mete: choose, test, % | PyTorch: choose, test, % | test minus PyTorch, points | both parts minus PyTorch |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, recipe in SETS.items():
        gaps: List[Tuple[float, float]] = []
        for seed in fit_seeds(name):
            own, peer = result(name, seed, "dense"), result(name, seed, "torch")
            if own is None:
                continue
            ours = f"{100 * own['choose']['accuracy']:.2f}, {percent(own['test'])}"
            theirs, gap, whole = "–", "–", "–"
            if peer is not None:
                theirs = f"{100 * peer['choose']:.2f}, {100 * peer['test']:.2f}"
                # Nothing of either recipe was chosen by `choose`, so it judges both as well as `test` does.
                leads = [(own[part]["examples"], own[part]["accuracy"] - peer[part]) for part in ("choose", "test")]
                gaps.append((100 * leads[1][1], 100 * sum(count * lead for count, lead in leads) / sum(count for count, _ in leads)))
                gap, whole = (f"{value:+.2f}" for value in gaps[-1])
                if "beside" in peer:
                    gap, whole = (f"{peer['beside'][part]['points']:+.2f} ± {peer['beside'][part]['margin_95']:.2f}" for part in ("test", "both"))
            lines.append(f"| {name}, {seed} | {ours} | {theirs} | {gap} | {whole} |")
        if len(gaps) > 2:
            cells = [f"{statistics.fmean(own):+.2f} ± {spread(own):.2f}" for own in zip(*gaps)]
            lines.append(f"| {name}, mean of {len(gaps)} seeds | – | – | " + " | ".join(cells) + " |")
    return lines


#: Student's t for 95 %, by degrees of freedom.
T_95 = {1: 12.71, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


def spread(values: Sequence[float]) -> float:
    """Half the 95 % interval of a mean over seeds."""
    return T_95[len(values) - 1] * statistics.stdev(values) / len(values) ** 0.5


def fit_seeds(name: str) -> List[int]:
    """Seeds whose dense model was fitted: more than those that went through every step, so that the peer is judged by more."""
    return sorted(int(path.name.split("-")[1]) for path in RESULTS.glob(f"{name}-*-dense.json"))


def experts() -> List[str]:
    lines = [
        "| set, seed | dense, % | sparse whole, % | experts at τ, % | minus dense, points | feed-forward MACs | all MACs |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, recipe in SETS.items():
        for seed in recipe.seeds:
            own = result(name, seed, "experts")
            if own is None:
                continue
            test, final = own["whole"]["test"], own["final"]
            head = f"| {name}, {seed} | {percent(test['baseline'])} | {percent(test['sparse'])} |"
            if final is None:
                lines.append(f"{head} none within a point | – | – | – |")
                continue
            lines.append(
                f"{head} {percent(final)} at {final['level']} | {points(final)} | **{100 * final['ffn_share']:.1f} %** | {100 * final['macs_share']:.1f} % |"
            )
    return lines


#: What feed-forward layers may cost at most where no accuracy is asked about.
FEED_FORWARD_MAX = 0.3


def within() -> List[str]:
    """Experts at the dearest τ that costs no more than a fixed share on `choose`, whatever its accuracy is there."""
    lines = ["| set, seed | τ | feed-forward MACs | accuracy, % | minus dense, points | on `choose`, points |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    gaps: Dict[str, List[float]] = {}
    for name, recipe in SETS.items():
        for seed in recipe.seeds:
            own = result(name, seed, "experts") or {}
            sides = [{item["level"]: item for item in own.get(part, []) if item["name"] == "max"} for part in ("choose", "test")]
            cheap = [level for level, item in sides[0].items() if item["ffn_share"] <= FEED_FORWARD_MAX and level in sides[1]]
            if not cheap:
                continue
            level = min(cheap)
            chosen, tested = sides[0][level], sides[1][level]
            gaps.setdefault(name, []).append(tested["difference"]["points"])
            lines.append(
                f"| {name}, {seed} | {level} | **{100 * tested['ffn_share']:.1f} %** | {percent(tested)} | {points(tested)} | {chosen['difference']['points']:+.2f} |"
            )
    lines += [f"| {name}, mean of {len(own)} seeds | – | – | – | {statistics.fmean(own):+.2f} ± {spread(own):.2f} | – |" for name, own in gaps.items() if len(own) > 1]
    return lines


def oracle() -> List[str]:
    lines = ["| set, seed | τ | routers: feed-forward MACs, accuracy | oracle: feed-forward MACs, accuracy |", "| --- | ---: | ---: | ---: |"]
    for name, recipe in SETS.items():
        for seed in recipe.seeds:
            points = (result(name, seed, "experts") or {}).get("test", [])
            truth = {point["level"]: point for point in points if point["name"] == "oracle"}
            for own in points:
                if own["name"] != "max" or own["level"] not in truth:
                    continue
                sides = [f"{100 * side['ffn_share']:.1f} %, {percent(side)} %" for side in (own, truth[own["level"]])]
                lines.append(f"| {name}, {seed} | {own['level']} | {sides[0]} | {sides[1]} |")
    return lines


def depths() -> List[str]:
    lines = ["| set, seed | method | accuracy of each exit, % | wrong, though an earlier exit was right, % |", "| --- | --- | --- | --- |"]
    for name, recipe in SETS.items():
        for seed in recipe.seeds:
            own = (result(name, seed, "exits") or {}).get("depths", {})
            for method in ("ztw", "sdn"):
                if method not in own:
                    continue
                rights = ", ".join(f"{100 * value:.1f}" for value in own[method]["accuracies"])
                lost = ", ".join("–" if value is None else f"{100 * value:.0f}" for value in own[method]["improvable"])
                lines.append(f"| {name}, {seed} | {METHODS[method]} | {rights} | {lost} |")
    return lines


def duels() -> List[str]:
    lines = [
        "| set, seed | static: feed-forward MACs, accuracy | dynamic: feed-forward MACs, accuracy | dynamic minus static, points |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, recipe in SETS.items():
        for seed in recipe.seeds:
            for duel in (result(name, seed, "experts") or {}).get("duels", []):
                sides = [f"{100 * duel[side]['ffn_share']:.1f} %, {100 * duel[side]['accuracy']:.2f} %" for side in ("static", "dynamic")]
                lines.append(f"| {name}, {seed} | {sides[0]} | {sides[1]} | {points(duel['dynamic'])} |")
    for name, recipe in SETS.items():
        found = [[duel["dynamic"]["difference"]["points"] for duel in (result(name, seed, "experts") or {}).get("duels", [])] for seed in recipe.seeds]
        means = [statistics.fmean(own) for own in found if own]
        if not means:
            continue
        title = f"{name}, mean of {sum(map(len, found))}" + (f" over {len(means)} seeds" if len(means) > 1 else "")
        lines.append(f"| {title} | – | – | {statistics.fmean(means):+.2f}{f' ± {spread(means):.2f}' if len(means) > 1 else ''} |")
    return lines


METHODS = {"ztw": "Zero Time Waste", "ztw_additive": "additive ensembles", "cascade": "cascade alone", "sdn": "plain heads (SDN)", "pabee": "patience (PABEE)"}


def exits() -> List[str]:
    lines = ["| set, seed | method | ≤ 25 % | ≤ 50 % | ≤ 75 % | ≤ 100 % | the model |", "| --- | --- | ---: | ---: | ---: | ---: | ---: |"]
    for name, recipe in SETS.items():
        for seed in recipe.seeds:
            own = result(name, seed, "exits")
            if own is None:
                continue
            for method, title in METHODS.items():
                cells = []
                for row in own["tables"][method]:
                    best = row["best"]
                    cells.append("–" if best is None else f"{100 * best['accuracy']:.2f} at {100 * best['macs_share']:.0f} %")
                lines.append(f"| {name}, {seed} | {title} | " + " | ".join(cells) + f" | {percent(own['whole']['test']['model'])} |")
    return lines


#: Budgets that methods are averaged at.
BUDGETS = (0.25, 0.5, 0.75)
#: Of one method within one budget: accuracy of what was chosen, points to Zero Time Waste with their margin, accuracy at exactly the budget.
Within = Tuple[float, float, float, float]


def mean_within(found: List[Optional[Within]], independent: bool) -> Optional[Within]:
    """The mean over seeds, which share their texts, so that intervals do not shrink; or over sets, which are independent."""
    own = [one for one in found if one is not None]
    if not own or len(own) < len(found):
        return None
    right, gap, margin, exact = zip(*own)
    wide = sum(value**2 for value in margin) ** 0.5 / len(own) if independent else statistics.fmean(margin)
    return statistics.fmean(right), statistics.fmean(gap), wide, statistics.fmean(exact)


def averages() -> List[str]:
    """Methods of exits at three budgets: a mean over seeds for every set, and over the sets."""
    lines = [
        "| set | method | ≤ 25, 50, 75 %: accuracy, % | minus Zero Time Waste, points | at exactly 25, 50, 75 %: accuracy, % |",
        "| --- | --- | ---: | ---: | ---: |",
    ]

    def line(name: str, method: str, found: List[Optional[Within]]) -> str:
        rights = ", ".join("–" if one is None else f"{100 * one[0]:.2f}" for one in found)
        gaps = ", ".join("–" if one is None else f"{one[1]:+.2f} ± {one[2]:.2f}" for one in found)
        exacts = ", ".join("–" if one is None else f"{100 * one[3]:.2f}" for one in found)
        return f"| {name} | {METHODS[method]} | {rights} | {'–' if method == 'ztw' else gaps} | {exacts} |"

    sets: Dict[str, List[List[Optional[Within]]]] = {method: [] for method in METHODS}
    for name, recipe in SETS.items():
        owns = [own for own in (result(name, seed, "exits") for seed in recipe.seeds) if own and "at_budget" in own["tables"]["ztw"][0]]
        if not owns:
            continue
        for method in METHODS:
            found: List[Optional[Within]] = []
            for budget in BUDGETS:
                rows = [row for own in owns for row in own["tables"][method] if row["budget"] == budget]
                found.append(mean_within([
                    (row["best"]["accuracy"], row["minus_ztw"]["points"], row["minus_ztw"]["margin_95"], row["at_budget"])
                    if row["best"] and row["minus_ztw"] and row["at_budget"] else None for row in rows
                ], False))  # fmt: skip
            sets[method].append(found)
            lines.append(line(name if len(owns) == 1 else f"{name}, mean of {len(owns)} seeds", method, found))
    for method, owns_of_sets in sets.items():
        if len(owns_of_sets) > 1:
            lines.append(line(f"**mean of {len(owns_of_sets)} sets**", method, [mean_within(list(one), True) for one in zip(*owns_of_sets)]))
    return lines


def chosen(own: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    """The cheapest point of the curve of effort within a point of the baseline on `choose`, as measured on `test` (decision 14)."""
    tested = {(item["tau"], item["level"]): item for item in own["together"]}
    least = own["whole"]["choose"]["baseline"]["accuracy"] - 0.01
    good = [tested.get((item["tau"], item["threshold"])) for item in own["effort"] if item["accuracy"] >= least]
    return good[0] if good else None


def together() -> List[str]:
    lines = ["| set, seed | what | τ, T | accuracy, % | minus dense, points | all MACs |", "| --- | --- | ---: | ---: | ---: | ---: |"]
    for name, recipe in SETS.items():
        for seed in recipe.seeds:
            for step, title in [("exits", "exits alone, on the dense model"), ("together", "experts and exits")]:
                own = result(name, seed, step)
                final = chosen(own) if own else None
                if final is None:
                    continue
                tau = "–" if final["tau"] is None else final["tau"]
                lines.append(f"| {name}, {seed} | {title} | {tau}, {final['level']:.3f} | {percent(final)} | {points(final)} | **{100 * final['macs_share']:.1f} %** |")
    return lines


def projections() -> List[str]:
    lines = [
        "| set, seed | what | accuracy, % | minus dense, points | feed-forward MACs | projections' MACs | all MACs |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]

    def line(head: str, title: str, own: Dict[str, Any], gap: str) -> str:
        share = own.get("projection_share")
        cells = [f"{100 * own['ffn_share']:.1f} %", "100 %" if share is None else f"{100 * share:.1f} %", f"**{100 * own['macs_share']:.1f} %**"]
        return f"| {head} | {title} | {percent(own)} | {gap} | " + " | ".join(cells) + " |"

    for name, recipe in SETS.items():
        for seed in recipe.seeds:
            head, pairs = f"{name}, {seed}", result(name, seed, "pairs")
            if pairs is None:
                continue
            whole = pairs["whole"]["test"]
            lines.append(line(head, "dense", whole["linear"], "–"))
            lines.append(line(head, f"pairs of layers, {pairs['neurons']} neurons between, before learning on", whole["pairs"], points(whole["pairs"])))
            for step, title in [("experts", "linear projections"), ("pairs-experts", "pairs of layers")]:
                own = result(name, seed, step)
                if own is None:
                    continue
                sparse = own["whole"]["test"]["sparse"]
                lines.append(line(head, f"{title}, sparse, whole", sparse, points(sparse)))
                lines += [line(head, f"{title}, experts at τ {item['level']}", item, points(item)) for item in own["test"] if item["name"] == "max"]
    return lines


def rule(item: Dict[str, Any], last: int) -> str:
    """When a token leaves: T 0 is at the first exit allowed, whatever it says, and so is any T at the last."""
    if item["threshold"] == 0 or item["first_exit"] == last:
        return f"always after layer {item['first_exit']}"
    return f"from layer {item['first_exit']} on, T {item['threshold']}"


def heads() -> List[str]:
    lines = ["| set | where | after 25 %, 50 %, 100 % of the text, % | minus full depth, points | all MACs |", "| --- | --- | ---: | ---: | ---: |"]
    after = lambda item, key="accuracy_after": ", ".join(f"{100 * value:.1f}" for value in item[key])
    for name, recipe in SETS.items():
        for seed in recipe.seeds:
            own = result(name, seed, "heads")
            if own is None:
                continue
            counts, last = own["counts"], own["test_exits"][-1]["layer"]
            said = f"{counts['train']:,} texts to learn from, {counts['choose']:,} to choose by, {counts['test']:,} to test; seed {seed}; {own['seconds'] / 60:.0f} minutes"
            lines.append(f"| {name} | {said} | – | – | – |")
            for item in own["test_exits"]:
                for key, title in [("ztw_accuracy_after", "ensemble"), ("sdn_accuracy_after", "plain head")]:
                    lines.append(f"| {name} | all at layer {item['layer']}, {title} | {after(item, key)} | – | – |")
            for item in own["test_policies"]:
                gap = item["minus_full_depth"]
                lines.append(
                    f"| {name} | {item['method']}, `{item['policy']}`, {rule(item, last)} | {after(item)} | {gap['points']:+.2f} ± {gap['margin_95']:.2f} | **{100 * item['macs']:.1f} %** |"
                )
    return lines


def languages() -> List[str]:
    names = {
        "max": "routers, near the strongest, τ", "share": "routers, share of the sum", "top": "static, share of the experts",
        "oracle": "oracle, τ", "oracle_share": "oracle, share of the sum",
    }  # fmt: skip
    lines = ["| who picks | feed-forward MACs | all MACs | same likeliest token, % | perplexity |", "| --- | ---: | ---: | ---: | ---: |"]
    for path in sorted(RESULTS.glob("smollm2-*-experts.json")):
        own = json.loads(path.read_text())
        lines.append(f"| {own['train_tokens']:,} tokens to learn from, {own['test_tokens']:,} to test; {own['settings'].split(',')[0]} | – | – | – | – |")
        lines.append(f"| the whole model | 100 % | 100 % | 100 | {own['perplexity']:.2f} |")
        for item in own["test"]:
            share = f"{100 * item['agreement']:.1f} ± {100 * item['margin_95']:.1f}"
            lines.append(f"| {names[item['name']]} {item['level']} | {100 * item['ffn_share']:.1f} % | {100 * item['macs_share']:.1f} % | {share} | {item['perplexity']:.2f} |")
    return lines


def write() -> int:
    parts = {
        "fits": fits(), "experts": experts(), "within": within(), "oracle": oracle(), "duels": duels(), "exits": exits(), "averages": averages(), "depths": depths(), "together": together(), "heads": heads(), "languages": languages(), "projections": projections(),
    }  # fmt: skip
    page.write(ROOT / "docs/BENCHMARKS.md", {name: "\n".join(lines) + "\n" for name, lines in parts.items()})
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    runs = verbs.add_parser("run")
    runs.add_argument("set", choices=sorted(SETS))
    runs.add_argument("--seed", type=int, default=0)
    runs.add_argument("--steps", nargs="*", default=[])
    runs.add_argument("--work", default=".cache/learning")
    runs.add_argument("--mete", default=str(ROOT / ".build/release/mete"))
    runs.add_argument("--torch")
    verbs.add_parser("page")
    settings = parser.parse_args()
    return run(settings) if settings.verb == "run" else write()


if __name__ == "__main__":
    sys.exit(main())
