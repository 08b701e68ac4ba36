"""How right answers are, paired with those of the whole model on the same texts."""

import statistics
from typing import Any, Dict, List


class Judge:
    """Labelled texts of the test part, and what the whole model says of them."""

    def __init__(self, rows: List[Dict[str, str]], dense: List[str]) -> None:
        self.wanted = [row["label"] for row in rows]
        self.dense = dense

    def __call__(self, found: List[str]) -> Dict[str, Any]:
        """Accuracy, paired with the dense model's in points with a 95 % interval, and the share of answers that are the same."""
        gaps = [100.0 * ((own == true) - (other == true)) for own, other, true in zip(found, self.dense, self.wanted)]
        margin = 1.96 * statistics.stdev(gaps) / len(gaps) ** 0.5
        return {
            "accuracy": statistics.fmean(own == true for own, true in zip(found, self.wanted)),
            "examples": len(found),
            "difference": {"points": statistics.fmean(gaps), "margin_95": margin},
            "same_as_dense32": statistics.fmean(own == other for own, other in zip(found, self.dense)),
        }
