"""The calls of PROTOCOL.md §5 as values: how each is asked and how its answers read.

Both clients send these, so the sync and the asyncio side cannot differ in what they say.
"""

from __future__ import annotations

import dataclasses
import math
import struct
from typing import Any, Callable, Dict, Generic, Iterable, Iterator, List, Mapping, Optional, Sequence, TypeVar

from .bill import Bill
from .types import CallOptions, Candidate, Label, Model, Piece, Prediction, Reflection, Token, Verdict

T = TypeVar("T")

# Pieces are cut so that a DATA frame stays well within half of the default stream credit of 65,536 bytes:
# a receiver may gather credit up to half a window before it gives any back.
_TEXT_MAX = 4_096
_BYTES_MAX = 16_384
_TOKENS_MAX = 2_048


@dataclasses.dataclass(frozen=True)
class Request(Generic[T]):
    """A call that is yet to be made."""

    method: str
    options: Dict[str, Any]
    metadata: Mapping[str, Any]
    deadline: Optional[float]
    #: Turns a message of the server into what the caller sees; raises ValueError or TypeError if it cannot.
    read: Callable[[Any], T]

    def within(self, left: Optional[float]) -> Request[T]:
        """The request as it is sent when so many seconds are left of its deadline."""
        if left is None:
            return self
        return dataclasses.replace(self, deadline=left, options={**self.options, "deadline_ms": _milliseconds(left)})


def _milliseconds(seconds: float) -> int:
    return max(0, math.ceil(seconds * 1000))


def request(
    method: str,
    read: Callable[[Any], T],
    model: Optional[str] = None,
    deadline: Optional[float] = None,
    options: Optional[CallOptions] = None,
    params: Optional[Dict[str, Any]] = None,
) -> Request[T]:
    """Puts a request together, leaving out everything that was not asked for. `deadline` is seconds from now."""
    given = options or CallOptions()
    entries: Dict[str, Any] = {
        "call": given.call,
        "deadline_ms": None if deadline is None else _milliseconds(deadline),
        "model": model,
        "effort": given.effort,
        "effort_min": given.effort_min,
        "macs_max": given.macs_max,
        "cost_max": given.cost_max,
        "params": {key: value for key, value in (params or {}).items() if value is not None} or None,
    }
    present = {key: value for key, value in entries.items() if value is not None}
    return Request(method, present, given.metadata, deadline, read)


def is_piece(source: Any) -> bool:
    """Whether this is a single piece rather than an iterable of them."""
    if isinstance(source, (str, bytes, bytearray, memoryview)):
        return True
    return isinstance(source, Sequence) and all(isinstance(item, int) for item in source)


def messages_of(piece: Piece) -> Iterator[Any]:
    """The messages that carry one piece of input, in frames of moderate size. An empty piece is one empty message."""
    if isinstance(piece, str):
        whole: Any = piece
        step = _TEXT_MAX
    elif isinstance(piece, (bytes, bytearray, memoryview)):
        whole, step = bytes(piece), _BYTES_MAX
    else:
        whole, step = list(piece), _TOKENS_MAX
    for begin in range(0, max(1, len(whole)), step):
        yield whole[begin : begin + step]


def messages_of_all(pieces: Iterable[Piece]) -> Iterator[Any]:
    """The messages of many pieces of one input."""
    for piece in pieces:
        yield from messages_of(piece)


def source_of(source: Any) -> Optional[Iterator[Any]]:
    """The messages of an input that is in memory, None for one that has to be waited for."""
    if is_piece(source):
        return messages_of(source)
    return messages_of_all(source) if isinstance(source, (list, tuple)) else None


def texts_of(texts: Iterable[Piece]) -> Iterator[Any]:
    """One message for each text, for `input: each`."""
    for text in texts:
        yield text if isinstance(text, (str, bytes)) else list(text)


def read_token(message: Any) -> Token:
    """A message of Generate."""
    token, text, logprob = message
    if type(token) is not int or not isinstance(text, str):
        raise ValueError("not [token, text, logprob]")
    return Token(token, text, float(logprob))


def read_prediction(message: Any) -> Prediction:
    """A message of Predict."""
    position, token, candidates = message
    if type(position) is not int or type(token) is not int:
        raise ValueError("not [position, token, candidates]")
    return Prediction(position, token, [Candidate(id_, float(logprob)) for id_, logprob in candidates])


def read_embedding(message: Any) -> List[float]:
    """A message of Embed; its index says nothing new, since answers come in order."""
    _, raw = message
    if not isinstance(raw, bytes) or len(raw) % 4:
        raise ValueError("not [index, float32 bytes]")
    return list(struct.unpack(f"<{len(raw) // 4}f", raw))


def read_labels(message: Any) -> List[Label]:
    """A message of Classify."""
    _, labels = message
    return _labels(labels)


def read_verdict(message: Any) -> Verdict:
    """A message of ClassifyStream."""
    position, token, layer, scores, macs, macs_dense, experts, *texts = message
    if any(type(number) is not int for number in (position, token, layer, macs, macs_dense)) or not scores:
        raise ValueError("not [position, token, layer, scores, macs, macs_dense, experts]")
    text = str(texts[0]) if texts else None
    return Verdict(position, token, layer, _labels(scores), macs, macs_dense, float(experts), text)


def _labels(scores: Any) -> List[Label]:
    return [Label(str(name), float(score)) for name, score in scores]


def read_ids(message: Any) -> List[int]:
    """A message of Tokenize."""
    if not isinstance(message, list) or not all(type(item) is int for item in message):
        raise ValueError("not an array of token ids")
    return message


def read_models(message: Any) -> List[Model]:
    """The message of Models.List."""
    return [Model.from_map(entries) for entries in message]


def read_model(message: Any) -> Model:
    """The message of Models.Describe."""
    return Model.from_map(message)


def read_bill(message: Any) -> Bill:
    """The message of Usage.Bill."""
    return Bill.from_map(message)


def read_health(message: Any) -> str:
    """A message of Health.Check or Health.Watch."""
    return str(message["status"])


def read_anything(message: Any) -> Any:
    """A message of Reflect.Echo."""
    return message


def read_reflection(message: Any) -> Reflection:
    """The message of Reflect.Describe."""
    return Reflection(
        message["version"], message["methods"], message["limits"], message.get("options", {}), message.get("details", {})
    )
