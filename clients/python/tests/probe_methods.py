"""What the probe server answers: small, predictable versions of the real methods.

Some prompts of Generate are stage directions: `forever` never ends, `silent` never answers, `deaf` does not even obey CANCEL or
a deadline, `broken` sends a message that no client expects, `fail` ends with an error.
"""

from __future__ import annotations

import re
import struct
from typing import Any, Dict, Iterator, List, Optional

from mete.bill import Bill
from mete.status import Status
from mete.wire.frames import Open

MODEL: Dict[str, Any] = {
    "name": "probe", "family": "none", "methods": ["Generate", "Embed", "ClassifyStream"], "parameters": 7, "layers": 1, "width": 4,
    "vocabulary": 256, "positions_max": 64, "pooling": None, "labels": ["short", "long"], "format": "gguf", "sha256": "",
    "tariff": {"currency": "EUR", "micro_per_gmac": 5}, "later": True,
}  # fmt: skip


class Refused(Exception):
    """The call ends with this status."""

    def __init__(self, status: Status, detail: str, text: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.text = text


class Call:
    """One call at the server."""

    def __init__(self, frame: Open, bills: Dict[bytes, Bill]) -> None:
        self.stream = frame.stream
        self.method = frame.method
        self.options = frame.options
        self.params: Dict[str, Any] = frame.options.get("params", {})
        self.id: bytes = frame.options.get("call", frame.stream.to_bytes(16, "big"))
        self.inputs: List[Any] = []
        self.sent = 0
        self.macs = 0
        self.half_closed = False
        self.done = False
        self.metadata: Dict[str, Any] = {}
        self._bills = bills
        self.answers = self._answers()

    @property
    def deaf(self) -> bool:
        """Whether the call ignores its end."""
        return "deaf" in self.inputs

    def bill(self, status: Status) -> Bill:
        """What it cost: one token for each message."""
        model = self.options.get("model", "")
        return Bill(
            call=self.id, tenant="probe", model=model, method=self.method, status=status, tokens_in=len(self.inputs),
            tokens_out=self.sent, macs_total=self.macs,
        )  # fmt: skip

    def _answers(self) -> Iterator[Any]:
        """The messages that are due; None when more input is awaited."""
        methods = {
            "Generate": self._generate, "Predict": self._predict, "Embed": self._embed, "Classify": self._classify,
            "ClassifyStream": self._classify_stream, "Tokenize": self._tokenize, "Models.List": self._list, "Models.Describe": self._describe,
            "Usage.Bill": self._usage, "Health.Check": self._health, "Health.Watch": self._watch, "Reflect.Describe": self._reflect,
            "Reflect.Echo": self._echo,
        }  # fmt: skip
        if self.method not in methods:
            raise Refused(Status.UNIMPLEMENTED, "unknown_method", self.method)
        yield from methods[self.method]()

    def _each_input(self) -> Iterator[Any]:
        seen = 0
        while not self.half_closed or seen < len(self.inputs):
            if seen < len(self.inputs):
                seen += 1
                yield self.inputs[seen - 1]
            else:
                yield None

    def _generate(self) -> Iterator[Any]:
        for piece in self._each_input():
            if piece is None:
                yield None
        prompt = self.inputs[0] if self.inputs else ""
        if prompt == "fail":
            raise Refused(Status.OUT_OF_RANGE, "context_too_long", "the prompt is too long")
        if prompt == "broken":
            yield {"not": "a token"}
        while prompt in ("silent", "deaf"):
            yield None
        count = 0
        while prompt == "forever" or count < self.params.get("max_tokens", 4):
            yield [count, f"w{count} ", -0.5]
            count += 1
        self.metadata = {"finish": "length"}

    def _predict(self) -> Iterator[Any]:
        position = 0
        for piece in self._each_input():
            if piece is None:
                yield None
                continue
            text = piece.decode() if isinstance(piece, bytes) else piece
            for token in [ord(letter) for letter in text] if isinstance(text, str) else text:
                yield [position, token, [[token + 1, -0.25]]]
                position += 1

    def _embed(self) -> Iterator[Any]:
        index = 0
        for piece in self._each_input():
            if piece is None:
                yield None
                continue
            yield [index, struct.pack("<2f", index, len(piece))]
            index += 1

    def _classify(self) -> Iterator[Any]:
        index = 0
        for piece in self._each_input():
            if piece is None:
                yield None
                continue
            labels = [["long", 0.75], ["short", 0.25]] if len(piece) > 5 else [["short", 1], ["long", 0.0]]
            yield [index, labels[: self.params.get("top_k", 2)]]
            index += 1
            if index == self.options.get("macs_max"):
                self.metadata = {"finish": "budget"}
                return

    def _classify_stream(self) -> Iterator[Any]:
        """A token is a word, which is certain when another begins; it is `long` with a twentieth for each of its letters."""
        watch, position, run = self.params.get("watch"), 0, 0
        for word in self._words():
            if word is None:
                yield None
                continue
            long = min(1.0, len(word.strip()) / 20)
            run = run + 1 if watch and (long if watch["label"] == "long" else 0) > watch["above"] else 0
            scores = [["long", long], ["short", 1 - long]] if long > 0.5 else [["short", 1 - long], ["long", long]]
            text = [word] if self.params.get("text") else []
            if not watch or run == watch["tokens"]:
                yield [position, position + 7, 2, scores[: self.params.get("top_k", 2)], position + 1, 2 * position + 2, 0.5, *text]
            position += 1
            is_watched = watch and watch["end"] and run == watch["tokens"]
            if is_watched or position == self.options.get("macs_max"):
                self.metadata = {"finish": "watch" if is_watched else "budget"}
                return

    def _words(self) -> Iterator[Optional[str]]:
        """The input cut before each space that a word stands before, as byte-level tokenizers do; None where more is awaited."""
        held = ""
        for piece in self._each_input():
            if piece is None:
                yield None
                continue
            *whole, held = re.split(r"(?<=\S)(?=\s)", held + (piece.decode() if isinstance(piece, bytes) else piece))
            yield from whole
        if held:
            yield held

    def _tokenize(self) -> Iterator[Any]:
        for piece in self._each_input():
            yield None if piece is None else list(piece.encode() if isinstance(piece, str) else piece)

    def _list(self) -> Iterator[Any]:
        yield [MODEL]

    def _describe(self) -> Iterator[Any]:
        if self.options.get("model") == "nobody":
            raise Refused(Status.NOT_FOUND, "unknown_model", str(self.options.get("model")))
        yield MODEL

    def _usage(self) -> Iterator[Any]:
        if self.params["call"] not in self._bills:
            raise Refused(Status.NOT_FOUND, "unknown_call", "")
        yield self._bills[self.params["call"]].to_map()

    def _health(self) -> Iterator[Any]:
        yield {"status": "SERVING"}

    def _watch(self) -> Iterator[Any]:
        yield {"status": "SERVING"}
        yield {"status": "NOT_SERVING"}
        raise Refused(Status.UNAVAILABLE, "draining", "going away")

    def _echo(self) -> Iterator[Any]:
        yield from self._each_input()

    def _reflect(self) -> Iterator[Any]:
        yield {"version": 1, "methods": {"Generate": {}}, "limits": {"streams_max": 100}}
