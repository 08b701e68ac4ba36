"""Values, shapes and expectations of clients/conformance/scenarios, as the README there defines them."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, Mapping, Optional

from mete import Bill, MeteError

EXPECTATIONS = {
    "status", "detail", "says", "count", "like", "text", "begins", "text_of", "numbers_of", "metadata", "bill", "attempts",
}  # fmt: skip


@dataclasses.dataclass
class Outcome:
    """How a call went, as far as it has come."""

    messages: List[Any] = dataclasses.field(default_factory=list)
    error: Optional[MeteError] = None
    bill: Optional[Bill] = None
    metadata: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    #: The id that the call was given, if it was.
    id: Optional[bytes] = None

    def text(self) -> str:
        """The strings of all messages, joined."""
        items = [item for message in self.messages for item in (message if isinstance(message, list) else [message])]
        return "".join(item for item in items if isinstance(item, str))

    def numbers(self) -> List[int]:
        """The integers that messages list, in order."""
        lists = [message for message in self.messages if isinstance(message, list)]
        return [item for items in lists for item in items if type(item) is int]


def value(described: Any) -> Any:
    """What a value of the file stands for."""
    if isinstance(described, list):
        return [value(item) for item in described]
    if not isinstance(described, dict):
        return described
    if "repeat" in described:
        only(described, {"repeat", "times"})
        return described["repeat"] * described["times"]
    ((kind, content),) = described.items()
    if kind == "bytes":
        return bytes(place % 251 for place in range(content))
    if kind == "utf8":
        return content.encode()
    if kind == "hex":
        return bytes.fromhex(content)
    if kind == "float":
        return float(content)
    assert kind == "map", kind
    return {key: value(item) for key, item in content.items()}


def only(entries: Mapping[str, Any], known: Any) -> None:
    """Refuses what this runner does not know, so that nothing is passed over in silence."""
    strange = set(entries) - set(known)
    assert not strange, f"unknown keys {sorted(strange)}"


def is_like(message: Any, shape: Any) -> bool:
    """Whether a message has a shape."""
    if isinstance(shape, dict):
        only(shape, {"all"})
        return isinstance(message, list) and all(is_like(item, shape["all"]) for item in message)
    if isinstance(shape, list):
        return isinstance(message, list) and len(message) == len(shape) and all(map(is_like, message, shape))
    if shape == "uint":
        return type(message) is int and message >= 0
    types: Dict[str, Any] = {"str": str, "float": float, "bin": bytes, "map": dict}
    return type(message) is types[shape]


def check_bill(expected: Any, outcome: Outcome) -> None:
    """A bill must be there and add up, unless `expected` says otherwise, and say what it lists."""
    bill = outcome.bill
    if expected is None:
        assert bill is None, bill
        return
    if expected == "any" and bill is None:
        return
    assert bill is not None, "no bill"
    assert bill.macs_total == sum(bill.macs.values()) and bill.tenant and len(bill.call) == 16, bill
    assert bill.macs_dense >= bill.macs_total and bill.compute_us >= 0, bill
    assert outcome.id in (None, bill.call), bill
    assert bill.status == (outcome.error.status if outcome.error else 0), bill
    for key, wanted in ({} if expected == "any" else expected).items():
        found = getattr(bill, key)
        if wanted == ">0":
            assert found > 0, (key, found)
        elif isinstance(wanted, list):
            assert wanted[0] <= found <= wanted[1], (key, found, wanted)
        else:
            assert found == wanted, (key, found, wanted)


def check(expect: Dict[str, Any], outcome: Outcome, others: Mapping[str, Outcome]) -> None:
    """Whether a call that is over went as a step expects; the caller has taken its own keys out."""
    only(expect, EXPECTATIONS)
    error = outcome.error
    assert (error.status if error else 0) == expect.get("status", 0), (error, outcome)
    if error:
        assert error.detail == expect.get("detail", error.detail), error
        assert expect.get("says", "") in error.text, error
        assert error.attempts == expect.get("attempts", error.attempts), error
    check_bill(expect.get("bill", {}), outcome)
    assert len(outcome.messages) == expect.get("count", len(outcome.messages)), len(outcome.messages)
    for message in outcome.messages if "like" in expect else ():
        assert is_like(message, expect["like"]), message
    assert outcome.text() == expect.get("text", outcome.text())
    assert outcome.text().startswith(expect.get("begins", "")), outcome.text()
    if "text_of" in expect:
        assert outcome.text() == others[expect["text_of"]].text() != ""
    if "numbers_of" in expect:
        assert outcome.numbers() == others[expect["numbers_of"]].numbers() != []
    for key, wanted in expect.get("metadata", {}).items():
        assert outcome.metadata.get(key) == wanted, (key, outcome.metadata)
