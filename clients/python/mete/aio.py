"""The asyncio client."""

from __future__ import annotations

import asyncio
from typing import Any, AsyncIterable, Iterable, List, Mapping, Optional, Sequence, Type, TypeVar, Union

from . import asking
from .address import Address
from .async_connections import AsyncConnections
from .async_streams import AsyncGeneration, AsyncStream
from .bill import Bill
from .errors import MeteError
from .requests import Request, texts_of
from .retry import Retry
from .status import Status
from .types import Answer, CallOptions, Label, Model, Piece, Prediction, Reflection, Verdict, Watch
from .wire.limits import Limits

T = TypeVar("T")
Made = TypeVar("Made", bound=AsyncStream[Any])
Input = Union[Piece, Iterable[Piece], AsyncIterable[Piece]]


class AsyncClient:
    """A client of a daemon for one asyncio loop: `async with AsyncClient("unix:/run/mete.sock") as client:`.

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
        self._connections = AsyncConnections(Address.parse(address), timeout, keepalive, limits, retry)

    @classmethod
    async def connect(
        cls, address: str, timeout: float = 5.0, keepalive: float = 20.0, retry: Retry = Retry()
    ) -> AsyncClient:
        """A client that is connected. Raises MeteError if the daemon cannot be reached."""
        return await cls(address, timeout, keepalive, retry=retry).__aenter__()

    async def __aenter__(self) -> AsyncClient:
        await self._connections.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Cancels what still runs, gives the bills a second to come, and closes."""
        await self._connections.close()

    async def generate(
        self,
        prompt: Input,
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
    ) -> AsyncGeneration:
        """Text that goes on from the prompt, token by token. With `chat` the prompt is one user message."""
        request = asking.generate(
            model, deadline, options, max_tokens=max_tokens, temperature=temperature, top_k=top_k, top_p=top_p,
            min_p=min_p, repetition_penalty=repetition_penalty, seed=seed, stop=stop, chat=chat, system=system,
            ignore_eos=ignore_eos,
        )  # fmt: skip
        stream = await self._start(request, AsyncGeneration)
        stream.feed(prompt)
        return stream

    async def predict(
        self,
        pieces: Input,
        model: Optional[str] = None,
        *,
        top_k: Optional[int] = None,
        special: Optional[bool] = None,
        deadline: Optional[float] = None,
        options: Optional[CallOptions] = None,
    ) -> AsyncStream[Prediction]:
        """What may follow each token of the input, while the input is still coming."""
        request = asking.predict(model, deadline, options, top_k, special)
        stream: AsyncStream[Prediction] = await self._start(request, AsyncStream)
        stream.feed(pieces)
        return stream

    async def embed(
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
        return await self._each(asking.embed(model, deadline, options, normalize, truncate), texts)

    async def classify(
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
        return await self._each(request, texts)

    async def classify_stream(
        self,
        pieces: Input,
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
    ) -> AsyncStream[Verdict]:
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
        stream: AsyncStream[Verdict] = await self._start(request, AsyncStream)
        stream.feed(pieces)
        return stream

    async def tokenize(
        self,
        text: Union[str, bytes, Iterable[Union[str, bytes]], AsyncIterable[Union[str, bytes]]],
        model: Optional[str] = None,
        *,
        special: Optional[bool] = None,
        deadline: Optional[float] = None,
        options: Optional[CallOptions] = None,
    ) -> Answer[int]:
        """The token ids of a text, which may come in pieces."""
        request = asking.tokenize(model, deadline, options, special)
        stream: AsyncStream[List[int]] = await self._start(request, AsyncStream)
        stream.feed(text)
        ids = [token async for some in stream for token in some]
        return Answer(ids, stream.bill)

    async def models(self, deadline: Optional[float] = None) -> List[Model]:
        """The models that the server holds."""
        return await self._ask(asking.models(deadline))

    async def describe(self, name: Optional[str] = None, deadline: Optional[float] = None) -> Model:
        """One model."""
        return await self._ask(asking.describe(name, deadline))

    async def usage_bill(self, call: bytes, deadline: Optional[float] = None) -> Bill:
        """The bill of an earlier call, by its id: also of one whose connection was lost."""
        return await self._ask(asking.usage_bill(call, deadline))

    async def health(self, deadline: Optional[float] = None) -> str:
        """`SERVING`, or `NOT_SERVING` while the server drains."""
        return await self._ask(asking.health(deadline))

    async def watch_health(self, model: Optional[str] = None, *, deadline: Optional[float] = None) -> AsyncStream[str]:
        """What `health` says now, and whenever that changes; ends with the error `draining` when the server goes away."""
        stream: AsyncStream[str] = await self._start(asking.watch_health(model, deadline), AsyncStream)
        stream.send_all(lambda: iter(()))
        return stream

    async def reflect(self, deadline: Optional[float] = None) -> Reflection:
        """The server's methods and limits."""
        return await self._ask(asking.reflect(deadline))

    async def echo(self, messages: Iterable[Piece], *, deadline: Optional[float] = None) -> Answer[Any]:
        """Every message as it was sent, to try out a connection."""
        return await self._each(asking.echo(deadline), messages)

    async def call(
        self,
        method: str,
        model: Optional[str] = None,
        *,
        params: Optional[Mapping[str, Any]] = None,
        messages: Optional[Sequence[Any]] = None,
        deadline: Optional[float] = None,
        options: Optional[CallOptions] = None,
    ) -> AsyncStream[Any]:
        """Any method by its name, messages as they are (PROTOCOL.md §5).

        With `messages` they are sent and the call is half-closed; without, `send` and `half_close` of the stream are yours.
        """
        stream: AsyncStream[Any] = await self._start(asking.call(method, model, deadline, options, params), AsyncStream)
        if messages is not None:
            stream.send_all(lambda: iter(messages))
        return stream

    async def ping(self, timeout: float = 5.0) -> float:
        """Seconds until the server answered. Raises MeteError if it did not in time."""
        try:
            return await asyncio.wait_for(self._ping(), timeout)
        except asyncio.TimeoutError:
            text = f"no answer to a PING for {timeout} s"
            raise MeteError(Status.DEADLINE_EXCEEDED, "deadline", text) from None

    async def _ping(self) -> float:
        begin = asyncio.get_running_loop().time()
        line = await self._connections.ready()
        token = line.board.ping()
        line.turn()
        answered = line.board.ponged(token)
        while answered is None:
            if line.board.lost:
                raise line.board.refusal()
            await line.wait_for_change()
            answered = line.board.ponged(token)
        return answered - begin

    async def _start(self, request: Request[T], kind: Type[Made]) -> Made:
        """Begins a call, waiting until the server takes one more stream."""
        attempts = self._connections.attempts(request.deadline)
        return kind(self._connections, request, attempts, await self._connections.open(request, attempts))

    async def _each(self, request: Request[T], texts: Iterable[Piece]) -> Answer[T]:
        """One answer for each text; without texts there is no call."""
        whole = [texts] if isinstance(texts, (str, bytes)) else list(texts)
        if not whole:
            return Answer([], None)
        stream: AsyncStream[T] = await self._start(request, AsyncStream)
        stream.send_all(lambda: texts_of(whole))
        answers = [answer async for answer in stream]
        return Answer(answers, stream.bill, stream.finish)

    async def _ask(self, request: Request[T]) -> T:
        """The one answer of a call without input."""
        stream: AsyncStream[T] = await self._start(request, AsyncStream)
        stream.send_all(lambda: iter(()))
        answers = [answer async for answer in stream]
        if len(answers) != 1:
            text = f"{request.method}: {len(answers)} messages"
            raise MeteError(Status.INTERNAL, "bad_reply", text, stream.bill)
        return answers[0]
