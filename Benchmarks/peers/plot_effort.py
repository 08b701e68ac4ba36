"""Draws time and accuracy against effort. Usage: plot_effort.py FOLDER RESULT.json…    writes NAME.png for each NAME.json

A result of effort.py gives time relative to the dense model, alone and at once, over the line of multiply-accumulates, and accuracy
with its paired interval. One of streams.py gives the same against the layer after which all tokens leave; how right each exit is comes from
the result SET-SEED-heads.json beside it.
"""

import json
import pathlib
import statistics
import sys
from typing import Any, Dict, List, Sequence, Tuple

from drawing import BLUE, DPI, GREEN, INK, QUIET, RED, frame, pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

Found = Dict[str, Any]


def sides() -> Tuple[Figure, Axes, Axes]:
    """Two panels, with room for what their lines are below them."""
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.8), layout="constrained", width_ratios=[1.15, 1])
    figure.get_layout_engine().set(rect=(0, 0.15, 1, 0.85), wspace=0.06)
    return figure, left, right


def times(axes: Axes, xs: Sequence[float], repeats: List[List[float]], color: str, label: str, shift: float) -> None:
    """Medians as a line; the least and the most of the repeats as a thin bar, a little aside so that none hides another."""
    middles = [100 * statistics.median(own) for own in repeats]
    reach = [[m - 100 * min(own) for m, own in zip(middles, repeats)], [100 * max(own) - m for m, own in zip(middles, repeats)]]
    axes.errorbar([x + shift for x in xs], middles, yerr=reach, marker="o", markersize=4.5, linewidth=1.8, elinewidth=0.9, color=color, label=label)


def macs(axes: Axes, xs: Sequence[float], shares: Sequence[float]) -> None:
    axes.plot(xs, [100 * share for share in shares], color=QUIET, linewidth=1.4, linestyle=(0, (4, 2)), label="multiply-accumulates")
    axes.axhline(100, color=INK, linewidth=0.8)


def level(axes: Axes, y: float, color: str, words: str, upward: bool) -> None:
    """A line across, named beside its right end, from there upward or downward."""
    axes.axhline(y, color=color, linewidth=1, linestyle=(0, (1, 2)))
    axes.annotate(words, (1, y), xycoords=("axes fraction", "data"), xytext=(5, 0), textcoords="offset points", va="bottom" if upward else "top", fontsize=8, color=color)


def close(left: Axes, right: Axes) -> None:
    """Scales, and what the lines are below them, where nothing can be hidden."""
    percents = FuncFormatter(lambda value, _: f"{value:g} %")
    left.yaxis.set_major_formatter(percents)
    right.yaxis.set_major_formatter(percents)
    left.set_ylim(0, max(110.0, left.get_ylim()[1]))
    right.yaxis.set_major_locator(MaxNLocator(6))
    for axes, columns in ((left, 2), (right, 3)):
        # What has points and bars comes first, then lines.
        named = sorted(zip(*axes.get_legend_handles_labels()), key=lambda pair: not hasattr(pair[0], "has_yerr"))
        if named:
            legend = axes.legend(*zip(*named), frameon=False, loc="upper left", bbox_to_anchor=(-0.02, -0.16), ncols=columns, fontsize=8.5, columnspacing=1.4)
            legend.set_in_layout(False)


def relative(own: Found, result: Found, key: str) -> List[float]:
    """Time over the dense model's in the format that is fastest at this, in every repeat."""
    best = min if key == "alone_s" else max
    dense = best((one for one in result["settings"] if one["name"].startswith("dense")), key=lambda one: statistics.median(one[key]))
    return [a / b if key == "alone_s" else b / a for a, b in zip(own[key], dense[key])]


def peers(axes: Axes, result: Found) -> None:
    """The best peer of each kind, if peers were measured."""
    best: Dict[str, Found] = {}
    for peer in result.get("peers", []):
        for key in ("alone_s", "together"):
            if key not in best or statistics.median(relative(peer, result, key)) < statistics.median(relative(best[key], result, key)):
                best[key] = peer
    for key, color, words in [("alone_s", BLUE, "one at a time"), ("together", RED, f"{result['at_once']} at once")]:
        if key in best:
            height = 100 * statistics.median(relative(best[key], result, key))
            axes.axhline(height, color=color, linewidth=1.1, linestyle=(0, (1, 1.5)), label=f"{best[key]['name']}, {words}")


def effort(result: Found) -> Figure:
    figure, left, right = sides()
    dense = result["settings"][0]
    # Settings of their own are no point of the curve.
    points = sorted((own for own in result["settings"] if not own["name"].startswith("dense") and own["name"] != "taught, exits alone"), key=lambda own: own["effort"])
    xs = [own["effort"] for own in points]
    macs(left, xs, [own.get("timed_macs_share", own["macs_share"]) for own in points])
    times(left, xs, [relative(own, result, "alone_s") for own in points], BLUE, "time, one at a time", -0.004)
    times(left, xs, [relative(own, result, "together") for own in points], RED, f"time, {result['at_once']} at once", 0.004)
    peers(left, result)
    frame(left, f"{result['set']} ({result['taught']}): time, relative to the dense model", "effort")
    exact = 100 * dense["accuracy"] - dense["difference"]["points"]
    heights, margins = [100 * own["accuracy"] for own in points], [own["difference"]["margin_95"] for own in points]
    right.errorbar(xs, heights, yerr=margins, marker="o", markersize=4.5, linewidth=1.8, elinewidth=0.9, color=GREEN)
    level(right, exact, INK, "dense\nfloat32", upward=True)
    level(right, exact - 1, QUIET, "a point\nless", upward=False)
    frame(right, "accuracy, with the 95 % interval of the loss", "effort")
    close(left, right)
    return figure


def streams(result: Found, heads: Found) -> Figure:
    figure, left, right = sides()
    last = heads["test_exits"][-1]["layer"]
    wholes = [own for name, own in result["found"].items() if name.startswith("full depth")]
    whole = {count: max((own[count] for own in wholes), key=lambda times: statistics.median(one["rate"] for one in times)) for count in ("1", "16")}
    # Where all leave after the same layer, no token owes a deeper one anything, so that both policies run the same.
    alike = {rule["first_exit"]: result["found"][name] for name, rule in result["rules"].items() if rule.get("policy") == "propagate" and rule["threshold"] == 0}
    found = dict(sorted({**alike, last: whole}.items()))
    macs(left, list(found), [statistics.median(one["share"] for one in own["1"]) for own in found.values()])
    for count, color, words, shift in [("1", BLUE, "time, one stream", -0.1), ("16", RED, "time, 16 streams", 0.1)]:
        repeats = [[b["rate"] / a["rate"] for a, b in zip(own[count], whole[count])] for own in found.values()]
        times(left, list(found), repeats, color, words, shift)
    frame(left, f"{result['set']}, SmolLM2 streams: time a verdict, relative to full depth", "layer after which every token leaves")
    layers = [one["layer"] for one in heads["test_exits"]]
    rights = [one["ztw_accuracy_after"] for one in heads["test_exits"]]
    for place, color in zip(range(len(heads["shares_of_text"])), (QUIET, BLUE, GREEN)):
        heights = [one[place] for one in rights]
        margins = [196 * (p * (1 - p) / heads["counts"]["test"]) ** 0.5 for p in heights]
        words = f"{100 * heads['shares_of_text'][place]:g} % of the text"
        right.errorbar(layers, [100 * p for p in heights], yerr=margins, marker="o", markersize=4.5, linewidth=1.8, elinewidth=0.9, color=color, label=words)
    frame(right, "accuracy after a part of the text, with its 95 % interval", "layer after which every token leaves")
    close(left, right)
    for axes in (left, right):
        axes.set_xticks(layers)
        axes.set_xlim(layers[0] - 1.5, layers[-1] + 1.5)
    return figure


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    for path in map(pathlib.Path, sys.argv[2:]):
        result = json.loads(path.read_text())
        if path.stem.endswith("-streams"):
            heads = next(path.parent.glob(f"{result['set']}-*-heads.json"))
            figure = streams(result, json.loads(heads.read_text()))
        else:
            figure = effort(result)
        figure.savefig(folder / f"{path.stem}.png", dpi=DPI)
        pyplot.close(figure)


if __name__ == "__main__":
    main()
