"""What callers give and get, beside the bill."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Generic, Iterable, List, Mapping, Optional, Sequence, TypeVar, Union

from .bill import Bill

#: A piece of input: text, UTF-8 bytes cut anywhere, or token ids.
Piece = Union[str, bytes, Sequence[int]]
T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class CallOptions:
    """What any call may carry beside its model and deadline (PROTOCOL.md §4.1)."""

    #: 16 bytes of the caller's choice; `usage_bill` answers for them later.
    call: Optional[bytes] = None
    effort: Optional[float] = None
    #: What is left of the effort at least while the server has more to do than time; None leaves that to the server.
    effort_min: Optional[float] = None
    #: Multiply-accumulates that the call may cost; when they are spent, it ends with `finish` "budget".
    macs_max: Optional[int] = None
    #: The same in millionths of the tariff's currency.
    cost_max: Optional[int] = None
    metadata: Mapping[str, Union[str, bytes]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Token:
    """A generated token and the text that became certain with it."""

    id: int
    text: str
    logprob: float


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A token that may come next."""

    id: int
    logprob: float


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What may follow the token that was read at `position`, best first."""

    position: int
    id: int
    candidates: List[Candidate]


@dataclasses.dataclass(frozen=True)
class Label:
    """A class and its score."""

    name: str
    score: float


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a model says of a stream after one of its tokens."""

    #: The token's place in the stream, from 0.
    position: int
    #: The token's id.
    token: int
    #: How many layers it went through.
    layer: int
    #: Labels with their probabilities, best first; at least one.
    scores: List[Label]
    #: Multiply-accumulates for the stream so far.
    macs: int
    #: What the dense model would have spent so far.
    macs_dense: int
    #: Share of their experts that the layers ran which the token went through, 0 to 1.
    experts: float
    #: Whole characters that became certain with the token, perhaps none; None if texts were not asked for.
    text: Optional[str] = None

    @property
    def label(self) -> str:
        """The likeliest label."""
        return self.scores[0].name

    @property
    def confidence(self) -> float:
        """The likeliest label's probability, 0 to 1."""
        return self.scores[0].score


@dataclasses.dataclass(frozen=True)
class Watch:
    """Tell only of tokens at which the label's probability has been above `above` for `tokens` tokens in a row."""

    label: str
    #: 0 to 1.
    above: float
    #: At least 1.
    tokens: int = 1
    #: Whether the call ends then, with `finish` "watch".
    end: bool = False


@dataclasses.dataclass(frozen=True)
class Tariff:
    """What a thousand million multiply-accumulates cost, in millionths of the currency."""

    currency: str
    micro_per_gmac: int


@dataclasses.dataclass(frozen=True)
class Model:
    """A model that the server holds (PROTOCOL.md §5)."""

    name: str
    family: str = ""
    methods: List[str] = dataclasses.field(default_factory=list)
    parameters: int = 0
    layers: int = 0
    width: int = 0
    vocabulary: int = 0
    positions_max: int = 0
    pooling: Optional[str] = None
    labels: List[str] = dataclasses.field(default_factory=list)
    format: str = ""
    sha256: str = ""
    tariff: Optional[Tariff] = None
    #: What each effort buys, from the least work to the whole model; empty where everything runs whole.
    effort: List[Dict[str, Any]] = dataclasses.field(default_factory=list)
    #: Layers that exits stand after; empty where there are none.
    exits: List[int] = dataclasses.field(default_factory=list)
    #: Of a language model: what each effort buys for its streams, by policy.
    stream_effort: Dict[str, List[Dict[str, Any]]] = dataclasses.field(default_factory=dict)
    #: Of a language model with exits: the policy of streams that name none.
    stream_policy: Optional[str] = None
    #: How answers that were spared work agreed with the whole model; `describe` alone tells, empty before the first check.
    checks: Dict[str, Any] = dataclasses.field(default_factory=dict)
    #: How calls with a deadline of their own ended, on the engine's clock; `describe` alone tells, empty before the first.
    deadlines: Dict[str, Any] = dataclasses.field(default_factory=dict)
    #: Of an encoder with experts: up to which share of them a layer runs these alone, by rows of a step; `describe` alone tells.
    experts_pay: List[Dict[str, Any]] = dataclasses.field(default_factory=list)

    @classmethod
    def from_map(cls, entries: Dict[str, Any]) -> Model:
        """Reads a model map; unknown keys are left out."""
        known = {f.name: entries[f.name] for f in dataclasses.fields(cls) if f.name in entries}
        tariff = known.get("tariff")
        if tariff is not None:
            known["tariff"] = Tariff(tariff["currency"], tariff["micro_per_gmac"])
        return cls(**known)


@dataclasses.dataclass(frozen=True)
class Reflection:
    """What the server says of itself."""

    version: int
    #: By name: `takes`, `gives`, `answers_often`, `needs_model`, `params` (PROTOCOL.md §5.1).
    methods: Dict[str, Any]
    limits: Dict[str, Any]
    options: Dict[str, Any] = dataclasses.field(default_factory=dict)
    details: Dict[str, Any] = dataclasses.field(default_factory=dict)


class Answer(List[T], Generic[T]):
    """A list that knows what it cost."""

    def __init__(self, items: Iterable[T], bill: Optional[Bill], finish: Optional[str] = None) -> None:
        super().__init__(items)
        self.bill = bill
        #: `budget` if answers are missing because the call's budget was spent; None if all are here.
        self.finish = finish
