"""Writes what was measured into a page, between markers that stay."""

import dataclasses
import pathlib
import re
import subprocess
from typing import Dict, List, Sequence

from accuracy import Figure
from measures import Row


def number(value: float) -> str:
    """Three figures, or all that stand before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def speed(machine: str, rows: Sequence[Row]) -> str:
    """The table of speed and memory."""
    lines = [machine + ".", "", "| measure | median | min – max | unit | runs | how |", "| --- | ---: | ---: | --- | ---: | --- |"]
    for row in rows:
        spread = f"{number(min(row.values))} – {number(max(row.values))}"
        cells = [row.name, number(row.median), spread, row.unit, str(len(row.values)), row.how]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def accuracy(figures: List[Figure]) -> str:
    """The table of accuracy."""
    if not figures:
        return "No figures yet: `make test` writes them to `.cache/figures.txt`, `make bench` copies them here.\n"
    lines = ["| figure | value | what |", "| --- | ---: | --- |"]
    lines += ["| " + " | ".join(map(cell, dataclasses.astuple(figure))) + " |" for figure in figures]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """A text inside a table."""
    return text.replace("|", "\\|")


def plots(root: pathlib.Path, script: str, results: Sequence[pathlib.Path]) -> Dict[pathlib.Path, List[str]]:
    """Draws NAME.png in docs/bench for each NAME.json, and gives the lines that show it; without matplotlib, what was drawn before."""
    folder, python = root / "docs/bench", root / ".cache/peers-venv/bin/python"
    folder.mkdir(exist_ok=True)
    if python.exists():
        subprocess.run([python, root / "Benchmarks/peers" / script, folder, *results], check=True, timeout=300)
    else:
        print("the plots stay as they are: `make peers` installs matplotlib")
    titled = lambda path: f"![{path.stem}: time and accuracy against effort](bench/{path.stem}.png)"
    return {path: [titled(path), ""] if (folder / f"{path.stem}.png").exists() else [] for path in results}


def write(path: pathlib.Path, parts: Dict[str, str]) -> None:
    """Replaces what stands between `<!-- NAME: begin -->` and `<!-- NAME: end -->`."""
    text = path.read_text()
    for name, part in parts.items():
        pattern = re.compile(rf"(<!-- {name}: begin[^>]*-->\n).*?(<!-- {name}: end -->)", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"{path}: no markers for {name}")
        text = pattern.sub(lambda found: found.group(1) + part + found.group(2), text)
    path.write_text(text)
