"""What all plots share: colors, a style, and a frame with a title and a quiet grid."""

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  after the backend is chosen
from matplotlib.axes import Axes  # noqa: E402

INK, QUIET, FAINT, BLUE, RED, GREEN = "#222222", "#8a8a8a", "#e6e6e6", "#1f6fb2", "#c8553d", "#3f8f5b"
STYLE = {"font.size": 10, "font.family": "DejaVu Sans", "axes.edgecolor": QUIET, "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK}
DPI = 130
pyplot.rcParams.update(STYLE)


def frame(axes: Axes, title: str, below: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, pad=12)
    axes.set_xlabel(below)
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
