"""The synchronous client."""

from __future__ import annotations

import threading
import time
from typing import Any, Iterable, List, Optional, Sequence, Type, TypeVar, Union

from . import asking
from .address import Address
from .bill import Bill
from .channel import Channel
from .errors import MeteError
from .requests import Request, texts_of
from .status import Status
from .streams import Generation, Stream
from .types import Answer, CallOptions, Label, Model, Piece, Prediction, Reflection
from .wire.limits import Limits

T = TypeVar("T")
Made = TypeVar("Made", bound=Stream[Any])


class Client:
    """A connection to a daemon. Any thread may use it; each call is used by one thread at a time.

    `address` is `unix:PATH` or `tcp:HOST:PORT`. A server that is silent for twice `keepalive` seconds counts as lost.
    """

    def __init__(
        self, address: str, timeout: float = 5.0, keepalive: float = 20.0, limits: Limits = Limits()
    ) -> None:
        self._channel: Optional[Channel] = None
        channel = Channel(Address.parse(address), timeout, keepalive, limits)
        self._channel = channel
        until = time.monotonic() + timeout
        with channel.lock:
            while not channel.board.greeted and not channel.board.lost and time.monotonic() < until:
                channel.changed.wait(until - time.monotonic())
            lost = channel.board.lost
            greeted = channel.board.greeted
        if lost or not greeted:
            channel.stop()
            channel.join()
            raise lost or MeteError(Status.UNAVAILABLE, "connection_lost", f"no HELLO within {timeout} s")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self._channel:
            self._channel.stop()

    def close(self) -> None:
        """Cancels what still runs, gives the bills a second to come, and closes."""
        channel = self._open_channel()
        until = time.monotonic() + 1
        with channel.lock:
            for call in list(channel.board.calls.values()):
                channel.board.cancel(call)
            channel.turn()
            while channel.board.calls and time.monotonic() < until:
                channel.changed.wait(until - time.monotonic())
            channel.board.close()
            channel.turn()
        channel.stop()
        if threading.current_thread().name != "mete":
            channel.join()

    def generate(
        self,
        prompt: Union[Piece, Iterable[Piece]],
        model: Optional[str] = None,
        *,
        max_tokens: Optional[int] = None,
        temperature: Optional[float] = None,
        top_k: Optional[int] = None,
        top_p: Optional[float] = None,
        min_p: Optional[float] = None,
        repetition_penalty: Optional[float] = None,
        seed: Optional[int] = None,
        stop: Optional[Sequence[str]] = None,
        chat: bool = False,
        system: Optional[str] = None,
        ignore_eos: Optional[bool] = None,
        deadline: Optional[float] = None,
        options: Optional[CallOptions] = None,
    ) -> Generation:
        """Text that goes on from the prompt, token by token. With `chat` the prompt is one user message."""
        request = asking.generate(
            model, deadline, options, max_tokens=max_tokens, temperature=temperature, top_k=top_k, top_p=top_p,
            min_p=min_p, repetition_penalty=repetition_penalty, seed=seed, stop=stop, chat=chat, system=system,
            ignore_eos=ignore_eos,
        )  # fmt: skip
        stream = self._start(request, Generation)
        stream.feed(prompt)
        return stream

    def predict(
        self,
        pieces: Union[Piece, Iterable[Piece]],
        model: Optional[str] = None,
        *,
        top_k: Optional[int] = None,
        special: Optional[bool] = None,
        deadline: Optional[float] = None,
        options: Optional[CallOptions] = None,
    ) -> Stream[Prediction]:
        """What may follow each token of the input, while the input is still coming."""
        stream: Stream[Prediction] = self._start(asking.predict(model, deadline, options, top_k, special), Stream)
        stream.feed(pieces)
        return stream

    def embed(
        self,
        texts: Iterable[Piece],
        model: Optional[str] = None,
        *,
        normalize: Optional[bool] = None,
        truncate: Optional[bool] = None,
        deadline: Optional[float] = None,
        options: Optional[CallOptions] = None,
    ) -> Answer[List[float]]:
        """A vector for each text, in order."""
        return self._each(asking.embed(model, deadline, options, normalize, truncate), texts)

    def classify(
        self,
        texts: Iterable[Piece],
        model: Optional[str] = None,
        *,
        top_k: Optional[int] = None,
        truncate: Optional[bool] = None,
        pair: Optional[str] = None,
        deadline: Optional[float] = None,
        options: Optional[CallOptions] = None,
    ) -> Answer[List[Label]]:
        """The classes of each text, best first."""
        return self._each(asking.classify(model, deadline, options, top_k, truncate, pair), texts)

    def tokenize(
        self,
        text: Union[str, bytes, Iterable[Union[str, bytes]]],
        model: Optional[str] = None,
        *,
        special: Optional[bool] = None,
        deadline: Optional[float] = None,
        options: Optional[CallOptions] = None,
    ) -> Answer[int]:
        """The token ids of a text, which may come in pieces."""
        stream: Stream[List[int]] = self._start(asking.tokenize(model, deadline, options, special), Stream)
        stream.feed(text)
        ids = [token for some in stream for token in some]
        return Answer(ids, stream.bill)

    def models(self, deadline: Optional[float] = None) -> List[Model]:
        """The models that the server holds."""
        return self._ask(asking.models(deadline))

    def describe(self, name: Optional[str] = None, deadline: Optional[float] = None) -> Model:
        """One model."""
        return self._ask(asking.describe(name, deadline))

    def usage_bill(self, call: bytes, deadline: Optional[float] = None) -> Bill:
        """The bill of an earlier call, by its id: also of one whose connection was lost."""
        return self._ask(asking.usage_bill(call, deadline))

    def health(self, deadline: Optional[float] = None) -> str:
        """`SERVING`, or `NOT_SERVING` while the server drains."""
        return self._ask(asking.health(deadline))

    def watch_health(self, model: Optional[str] = None, *, deadline: Optional[float] = None) -> Stream[str]:
        """What `health` says now, and whenever that changes; ends with the error `draining` when the server goes away."""
        stream: Stream[str] = self._start(asking.watch_health(model, deadline), Stream)
        stream.half_close()
        return stream

    def reflect(self, deadline: Optional[float] = None) -> Reflection:
        """The server's methods and limits."""
        return self._ask(asking.reflect(deadline))

    def echo(self, messages: Iterable[Piece], *, deadline: Optional[float] = None) -> Answer[Any]:
        """Every message as it was sent, to try out a connection."""
        return self._each(asking.echo(deadline), messages)

    def ping(self, timeout: float = 5.0) -> float:
        """Seconds until the server answered. Raises MeteError if it did not in time."""
        channel = self._open_channel()
        begin = time.monotonic()
        with channel.lock:
            token = channel.board.ping()
            channel.turn()
            while not channel.board.lost:
                answered = channel.board.ponged(token)
                if answered is not None:
                    return answered - begin
                left = begin + timeout - time.monotonic()
                if left <= 0:
                    raise MeteError(Status.DEADLINE_EXCEEDED, "deadline", f"no answer to a PING for {timeout} s")
                channel.changed.wait(left)
            raise channel.board.lost

    def _open_channel(self) -> Channel:
        assert self._channel, "the constructor did not finish"
        return self._channel

    def _start(self, request: Request[T], kind: Type[Made]) -> Made:
        """Begins a call, waiting until the server takes one more stream."""
        channel = self._open_channel()
        until = None if request.deadline is None else time.monotonic() + request.deadline
        with channel.lock:
            while not channel.board.lost and not channel.board.room():
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    raise MeteError(Status.DEADLINE_EXCEEDED, "deadline", "no stream became free")
                channel.changed.wait(left)
            state = channel.board.open(request)
            changed = channel.watch(state)
            channel.turn()
        return kind(channel, request, state, changed, self)

    def _each(self, request: Request[T], texts: Iterable[Piece]) -> Answer[T]:
        """One answer for each text; without texts there is no call."""
        whole = [texts] if isinstance(texts, (str, bytes)) else list(texts)
        if not whole:
            return Answer([], None)
        stream: Stream[T] = self._start(request, Stream)
        stream.send_all(texts_of(whole))
        answers = list(stream)
        return Answer(answers, stream.bill)

    def _ask(self, request: Request[T]) -> T:
        """The one answer of a call without input."""
        stream: Stream[T] = self._start(request, Stream)
        stream.send_all(iter(()))
        answers = list(stream)
        if len(answers) != 1:
            text = f"{request.method}: {len(answers)} messages"
            raise MeteError(Status.INTERNAL, "bad_reply", text, stream.bill)
        return answers[0]


def connect(address: str, timeout: float = 5.0, keepalive: float = 20.0) -> Client:
    """A client of the daemon at `unix:PATH` or `tcp:HOST:PORT`. Raises MeteError if it cannot be reached."""
    return Client(address, timeout, keepalive)
