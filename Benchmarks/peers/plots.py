"""Draws how cost grows. Usage: plots.py scaling.json FOLDER    writes streams.png and context.png"""

import json
import pathlib
import sys
from typing import List

from drawing import BLUE, DPI, RED, frame, pyplot
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator


def draw(axes: Axes, xs: List[int], ys: List[float], color: str, label: str = "") -> None:
    """A line with the figure beside every point."""
    axes.plot(xs, ys, marker="o", markersize=4.5, linewidth=1.8, color=color, label=label, clip_on=False)
    for x, y in zip(xs, ys):
        text = f"{y:,.0f}" if y >= 20 else f"{y:.1f}"
        axes.annotate(text, (x, y), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=8, color=color)


def dress(axes: Axes, xs: List[int], title: str, below: str, top: float) -> None:
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(xs))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if top >= 10 else f"{value:.1f}"))
    axes.set_ylim(0, top * 1.18)
    frame(axes, title, below)


def main() -> None:
    found = json.loads(pathlib.Path(sys.argv[1]).read_text())
    folder = pathlib.Path(sys.argv[2])

    counts, points = [int(count) for count in found["streams"]], list(found["streams"].values())
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    rates, medians, tails = ([point[key] for point in points] for key in ("rate", "gap", "p99"))
    draw(left, counts, rates, BLUE)
    dress(left, counts, "Tokens a second, all streams together", "streams that decode at once", max(rates))
    right.plot(counts, medians, marker="o", markersize=4.5, linewidth=1.8, color=BLUE, label="median")
    draw(right, counts, tails, RED, "p99")
    right.legend(frameon=False, loc="upper left")
    dress(right, counts, "Milliseconds between a stream's tokens", "streams that decode at once", max(tails))
    figure.savefig(folder / "streams.png", dpi=DPI)

    depths, times = [int(depth) for depth in found["context"]], [point["gap"] for point in found["context"].values()]
    figure, axes = pyplot.subplots(figsize=(6.4, 3.8), layout="constrained")
    draw(axes, depths, times, BLUE)
    dress(axes, depths, "Milliseconds a token, one stream", "tokens of context", max(times))
    figure.savefig(folder / "context.png", dpi=DPI)


if __name__ == "__main__":
    main()
