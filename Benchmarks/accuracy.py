"""Figures that the Swift tests leave behind: how close the answers are to other implementations'."""

import dataclasses
import pathlib
from typing import Dict, List


@dataclasses.dataclass(frozen=True)
class Figure:
    """One figure: `name`, tab, `value`, tab, `detail`."""

    name: str
    value: str
    detail: str


def read(path: pathlib.Path) -> List[Figure]:
    """The latest figure of each name, in order of name; none if no test has written any."""
    latest: Dict[str, Figure] = {}
    lines = path.read_text().splitlines() if path.exists() else []
    for line in lines:
        name, _, rest = line.partition("\t")
        value, _, detail = rest.partition("\t")
        if name and value:
            latest[name] = Figure(name, value, detail)
    return [latest[name] for name in sorted(latest)]
