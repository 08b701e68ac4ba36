"""The tables of a comparison, from what was measured."""

import statistics
from typing import Any, Dict, List, Sequence

from page import cell, number
from works import ENCODER, Bar, Work

OURS = "Mete"
Found = Dict[str, Any]


def speeds(found: Found, work: Work, name: str) -> List[float]:
    """Tokens a second in every round."""
    return [one[work.name][name] for one in found["rounds"]]


def best(found: Found, work: Work, names: Sequence[str]) -> str:
    """The fastest of them in this run, by the median of its rounds."""
    return max(names, key=lambda name: statistics.median(speeds(found, work, name)))


def shown(work: Work, values: List[float], tokens: int) -> List[float]:
    """As the table has them: milliseconds of a sentence, or tokens a second."""
    return [tokens / value * 1e3 for value in values] if work.is_latency else values


def spread(values: List[float]) -> str:
    return f"{number(statistics.median(values))} ({number(min(values))} – {number(max(values))})"


def reached(ratio: float, bar: Bar) -> str:
    if ratio >= bar.aim:
        return "the aim"
    return "at least" if ratio >= bar.least else f"no: {ratio / bar.least:.0%} of at least"


def line(found: Found, work: Work, bar: Bar) -> str:
    peer = best(found, work, found["groups"][bar.group])
    ours, theirs = speeds(found, work, OURS), speeds(found, work, peer)
    ratios = [a / b for a, b in zip(ours, theirs)]
    tokens = len(work.request()["texts"][0]) if work.is_latency else 0
    middle = statistics.median(ratios)
    cells = [
        work.name,
        "ms" if work.is_latency else "tokens/s",
        spread(shown(work, ours, tokens)),
        f"{peer} ({bar.group})",
        spread(shown(work, theirs, tokens)),
        f"**{middle:.2f}×** ({min(ratios):.2f} – {max(ratios):.2f})",
        f"{bar.least:g}×",
        f"{bar.aim:g}×",
        reached(middle, bar),
    ]
    return "| " + " | ".join(map(cell, cells)) + " |"


def variants(found: Found, chosen: Sequence[Work], names: Sequence[str], is_encoder: bool) -> List[str]:
    """Every variant of a kind of model: the median of each work, and how true its vectors are."""
    heads = [work.name.split(": ")[1] for work in chosen] + (["mean cosine", "least"] if is_encoder else [])
    lines = ["", "| tokens/s, medians | " + " | ".join(heads) + " |", "| --- |" + " ---: |" * len(heads)]
    for name in names:
        cells = [name] + [number(statistics.median(speeds(found, work, name))) for work in chosen]
        if is_encoder:
            cosine = found["cosines"].get(name)
            cells += [f"{cosine['mean']:.4f}", f"{cosine['least']:.4f}"] if cosine else ["", ""]
        lines.append("| " + " | ".join(map(cell, cells)) + " |")
    return lines


def tables(found: Found, chosen: Sequence[Work]) -> str:
    """The comparison, every variant, and who they were."""
    lines = [
        f"{found['host']}. {len(found['rounds'])} rounds; peers run two threads, Mete what its configuration says.",
        "",
        "| work | unit | Mete: median (min – max) | the peer | its median (min – max) | ratio of rounds: median (min – max) | at least | aim | reached |",
        "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    lines += [line(found, work, bar) for work in chosen for bar in work.bars]
    for is_encoder in (False, True):
        some = [work for work in chosen if (work.bars[0].group == ENCODER) == is_encoder]
        if some:
            lines += variants(found, some, list(found["rounds"][0][some[0].name]), is_encoder)
    versions = sorted({version for name, version in found["versions"].items() if name != OURS})
    lines += ["", "Peers: " + "; ".join(versions) + "."]
    return "\n".join(lines) + "\n"
