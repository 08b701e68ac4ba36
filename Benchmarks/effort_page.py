"""The tables of what effort buys in time, from the results of effort.py; fields that older results lack are left out."""

import json
import pathlib
import statistics
from typing import Any, Dict, List

import page

Found = Dict[str, Any]

def middle(values: List[float]) -> float:
    return statistics.median(values)


def ratios(found: Found, other: Found, key: str) -> List[float]:
    """How many times as fast as the other, in every repeat."""
    pairs = list(zip(found[key], other[key]))
    return [b / a if key == "alone_s" else a / b for a, b in pairs]


def dense_of(result: Found, key: str) -> Found:
    """The dense model in the format that is fastest at a work."""
    best = min if key == "alone_s" else max
    return best((one for one in result["settings"] if one["name"].startswith("dense")), key=lambda one: middle(one[key]))


def spread(values: List[float]) -> str:
    return f"**{middle(values):.2f}×** ({min(values):.2f} – {max(values):.2f})"


def faster(own: Found, dense: Found, key: str) -> float:
    """How many times as fast a mean text was; by medians over the texts in results that lack means."""
    if key == "alone_s" and "mean_text_s" in own:
        return dense["mean_text_s"] / own["mean_text_s"]
    return middle(ratios(own, dense, key))


def saved(own: Found, result: Found) -> str:
    """Time saved over multiply-accumulates saved, of the same texts where the result has that; nothing where none are saved."""
    spared = 1 - (own["timed_macs_share"] if "timed_macs_share" in own else own["macs_share"])
    if spared < 0.02:
        return "–"
    return ", ".join(f"{(1 - 1 / faster(own, dense_of(result, key), key)) / spared:.2f}" for key in ("alone_s", "together"))


def client_share(own: Found) -> str:
    """Nothing where it was not measured."""
    shares = [own[key] for key in ("alone_client_share", "together_client_share") if key in own]
    return ", ".join(f"{100 * middle(one):.1f} %" for one in shares) or "–"


def level(own: Found) -> str:
    return "–" if own["tau"] is None and own["threshold"] is None else f"{own['tau'] or '–'}, {own['threshold'] or '–'}"


def kept(peer: Found) -> str:
    """The settings of a peer at 32 at once; one text at a time leaves it none."""
    own = peer["kept"]["together"]
    rows = f"{own['rows']} texts go together" if own["rows"] > 1 else "one text at a time"
    return rows + (f", {own['streams']} streams" if own.get("streams", 1) > 1 else "")


def line(own: Found, result: Found, title: str, setting: str, macs: str, alone: str, more: List[str]) -> str:
    gap = own["difference"]
    cells = [
        title, setting, f"{100 * own['accuracy']:.2f}", f"{gap['points']:+.2f} ± {gap['margin_95']:.2f}", macs, alone, spread(ratios(own, dense_of(result, "alone_s"), "alone_s")),
        f"{middle(own['together']):,.0f}", spread(ratios(own, dense_of(result, "together"), "together")), *more,
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def duel(result: Found, key: str, words: str) -> str:
    """Our chosen setting, over the peer that is fastest whatever it loses."""
    best = min if key == "alone_s" else max
    own = next((own for own in result["settings"] if own.get("chosen")), None)
    if own is None:
        return f"{words}: no setting of ours was within a point of the dense model on `choose`."
    peer = best(result["peers"], key=lambda one: middle(one[key]))
    title = f"τ, T {level(own)}"
    losses = [f"{one['difference']['points']:+.2f} ± {one['difference']['margin_95']:.2f}" for one in (own, peer)]
    return f"{words}: {spread(ratios(own, peer, key))} — {title} ({losses[0]} points) over {peer['name']} ({losses[1]} points)."


def served(result: Found) -> str:
    """In which format; results from before the dense model was tried in both formats of bytes have it in `int8_group` alone."""
    return f", taught model in `{result['weights']}`" if "weights" in result else ", both models in `int8_group` alone"


def judged(result: Found) -> str:
    return f" Accuracy from the run before: {result['accuracy_of']}." if "accuracy_of" in result else ""


def of_medians(result: Found) -> str:
    """Says it where a result is from before means over the texts were kept."""
    return "" if "mean_text_s" in result["settings"][0] else " Time saved is of medians over the texts, against the work of all that were judged."


def versus(result: Found) -> List[str]:
    peers = result.get("peers")
    if not peers:
        return []
    versions = "; ".join(sorted({peer["version"] for peer in peers}))
    head = f"Our setting that was chosen on `choose` (within a point of the dense model there: the cheapest of the curve, or exits alone where the table has them and they were faster there) ÷ best peer ({versions}), text in on both sides:"
    return ["", head, "", "* " + duel(result, "alone_s", "one at a time"), "* " + duel(result, "together", f"{result['at_once']} at once")]


def table(result: Found) -> List[str]:
    client = {"C": "the compiled client"}.get(result.get("client", ""), "the Python client, whose own time is in the figures")
    lines = [
        f"{result['set']}, seed {result['seed']}, `{result['taught']}`, {client}{served(result)}: {result['machine']}.{judged(result)}{of_medians(result)}", "",
        "| model | τ, T | accuracy, % | minus dense float32, points | MACs | one at a time: ms (of them computing) | faster than dense | 32 at once: texts/s | faster than dense | time saved ÷ MACs saved: alone, 32 | the client's share of the processors: alone, 32 |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    for own in result["settings"]:
        alone = f"{1e3 * middle(own['alone_s']):.2f} ({1e3 * middle(own['alone_billed_s']):.2f})"
        title = own["name"] + (", chosen" if own.get("chosen") else "")
        lines.append(line(own, result, title, level(own), f"{100 * own['macs_share']:.1f} %", alone, [saved(own, result), client_share(own)]))
    for peer in result.get("peers", []):
        lines.append(line(peer, result, peer["name"], kept(peer), "100.0 %", f"{1e3 * middle(peer['alone_s']):.2f}", ["–", "–"]))
    return lines + versus(result)


def write(root: pathlib.Path) -> None:
    lines: List[str] = []
    paths = sorted((root / "Benchmarks/results").glob("*-effort.json"))
    shown = page.plots(root, "plot_effort.py", paths)
    for path in paths:
        lines += table(json.loads(path.read_text())) + [""] + shown[path]
    page.write(root / "docs/BENCHMARKS.md", {"effort": "\n".join(lines)})
