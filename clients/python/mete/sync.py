"""The synchronous client."""

from __future__ import annotations

import time
from typing import Any, Iterable, List, Mapping, Optional, Sequence, Type, TypeVar, Union

from . import asking
from .address import Address
from .bill import Bill
from .connections import Connections
from .errors import MeteError
from .requests import Request, texts_of
from .retry import Retry
from .status import Status
from .streams import Generation, Stream
from .types import Answer, CallOptions, Label, Model, Piece, Prediction, Reflection, Verdict, Watch
from .wire.limits import Limits

T = TypeVar("T")
Made = TypeVar("Made", bound=Stream[Any])


class Client:
    """A client of a daemon. Any thread may use it; each call is used by one thread at a time.

    `address` is `unix:PATH` or `tcp:HOST:PORT`. A server that is silent for twice `keepalive` seconds counts as lost.
    A connection that is lost or that the server takes leave of is made anew by the next call; `retry` says how often a call
    that did no work is tried again.
    """

    def __init__(
        self,
        address: str,
        timeout: float = 5.0,
        keepalive: float = 20.0,
        limits: Limits = Limits(),
        retry: Retry = Retry(),
    ) -> None:
        self._connections = Connections(Address.parse(address), timeout, keepalive, limits, retry)
        self._connections.connect()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Cancels what still runs, gives the bills a second to come, and closes."""
        self._connections.close()

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
        tau: Optional[float] = None,
        threshold: Optional[float] = None,
        first_exit: Optional[int] = None,
        deadline: Optional[float] = None,
        options: Optional[CallOptions] = None,
    ) -> Answer[List[Label]]:
        """The classes of each text, best first.

        `tau`, `threshold` and `first_exit` are settings by themselves, instead of an effort.
        """
        request = asking.classify(
            model, deadline, options, top_k, truncate, pair, tau=tau, threshold=threshold, first_exit=first_exit
        )
        return self._each(request, texts)

    def classify_stream(
        self,
        pieces: Union[Piece, Iterable[Piece]],
        model: Optional[str] = None,
        *,
        top_k: Optional[int] = None,
        score_min: Optional[float] = None,
        policy: Optional[str] = None,
        refine: Optional[bool] = None,
        watch: Optional[Watch] = None,
        window: Optional[int] = None,
        stride: Optional[int] = None,
        text: Optional[bool] = None,
        special: Optional[bool] = None,
        max_tokens: Optional[int] = None,
        tau: Optional[float] = None,
        threshold: Optional[float] = None,
        first_exit: Optional[int] = None,
        deadline: Optional[float] = None,
        options: Optional[CallOptions] = None,
    ) -> Stream[Verdict]:
        """What the model says of the stream after each of its tokens, while it is still coming.

        An encoder reads the last `window` tokens anew for every `stride`-th token. A language model with exits reads each token
        once: `policy` ("defer" or "propagate") says what becomes of the layers that a token leaves out, and with `refine`
        deeper exits correct an early verdict: the same position again, a larger layer, another label. `watch` tells of few
        tokens instead of all. `tau`, `threshold` and `first_exit` are settings by themselves, instead of an effort.
        """
        request = asking.classify_stream(
            model, deadline, options, top_k=top_k, score_min=score_min, policy=policy, refine=refine, watch=watch,
            window=window, stride=stride, text=text, special=special, max_tokens=max_tokens, tau=tau, threshold=threshold,
            first_exit=first_exit,
        )  # fmt: skip
        stream: Stream[Verdict] = self._start(request, Stream)
        stream.feed(pieces)
        return stream

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
        stream.send_all(lambda: iter(()))
        return stream

    def reflect(self, deadline: Optional[float] = None) -> Reflection:
        """The server's methods and limits."""
        return self._ask(asking.reflect(deadline))

    def echo(self, messages: Iterable[Piece], *, deadline: Optional[float] = None) -> Answer[Any]:
        """Every message as it was sent, to try out a connection."""
        return self._each(asking.echo(deadline), messages)

    def call(
        self,
        method: str,
        model: Optional[str] = None,
        *,
        params: Optional[Mapping[str, Any]] = None,
        messages: Optional[Sequence[Any]] = None,
        deadline: Optional[float] = None,
        options: Optional[CallOptions] = None,
    ) -> Stream[Any]:
        """Any method by its name, messages as they are (PROTOCOL.md §5).

        With `messages` they are sent and the call is half-closed; without, `send` and `half_close` of the stream are yours.
        """
        stream: Stream[Any] = self._start(asking.call(method, model, deadline, options, params), Stream)
        if messages is not None:
            stream.send_all(lambda: iter(messages))
        return stream

    def ping(self, timeout: float = 5.0) -> float:
        """Seconds until the server answered. Raises MeteError if it did not in time."""
        begin = time.monotonic()
        until = begin + timeout
        channel = self._connections.ready(until)
        board = channel.board
        with channel.lock:
            token = board.ping()
            channel.turn()
            answered = board.ponged(token)
            while answered is None:
                if board.lost:
                    raise board.refusal()
                if time.monotonic() >= until:
                    raise MeteError(Status.DEADLINE_EXCEEDED, "deadline", f"no answer to a PING for {timeout} s")
                channel.changed.wait(until - time.monotonic())
                answered = board.ponged(token)
            return answered - begin

    def _start(self, request: Request[T], kind: Type[Made]) -> Made:
        """Begins a call, waiting until the server takes one more stream."""
        attempts = self._connections.attempts(request.deadline)
        return kind(self._connections, request, attempts, self._connections.open(request, attempts))

    def _each(self, request: Request[T], texts: Iterable[Piece]) -> Answer[T]:
        """One answer for each text; without texts there is no call."""
        whole = [texts] if isinstance(texts, (str, bytes)) else list(texts)
        if not whole:
            return Answer([], None)
        stream: Stream[T] = self._start(request, Stream)
        stream.send_all(lambda: texts_of(whole))
        answers = list(stream)
        return Answer(answers, stream.bill, stream.finish)

    def _ask(self, request: Request[T]) -> T:
        """The one answer of a call without input."""
        stream: Stream[T] = self._start(request, Stream)
        stream.send_all(lambda: iter(()))
        answers = list(stream)
        if len(answers) != 1:
            text = f"{request.method}: {len(answers)} messages"
            raise MeteError(Status.INTERNAL, "bad_reply", text, stream.bill)
        return answers[0]


def connect(address: str, timeout: float = 5.0, keepalive: float = 20.0, retry: Retry = Retry()) -> Client:
    """A client of the daemon at `unix:PATH` or `tcp:HOST:PORT`. Raises MeteError if it cannot be reached."""
    return Client(address, timeout, keepalive, retry=retry)
