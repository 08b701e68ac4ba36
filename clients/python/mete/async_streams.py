"""A call in the hands of a coroutine."""

from __future__ import annotations

import asyncio
from typing import Any, AsyncIterable, AsyncIterator, Callable, Generic, Iterable, Iterator, List, Optional, TypeVar, Union

from .async_connections import AsyncConnections, AsyncOpened
from .bill import Bill
from .call import CallState
from .errors import MeteError
from .line import Line
from .requests import Request, messages_of, source_of
from .retry import Attempts
from .status import Status
from .types import Piece, Token

T = TypeVar("T")


class AsyncStream(Generic[T]):
    """The answers of one call, as they come.

    Iterate over it with `async for`, or use it in an `async with` block, whose end cancels what is not finished. A task that is cancelled
    while it waits for an answer cancels the call; `await stream.aclose()` then waits for its bill.
    """

    def __init__(
        self, connections: AsyncConnections, request: Request[T], attempts: Attempts, opened: AsyncOpened
    ) -> None:
        self._connections = connections
        self._request = request
        self._attempts = attempts
        self._line, self._state, self._changed = opened
        #: Gives the messages of the input, as often as it is asked; None if the input cannot be read again.
        self._input: Optional[Callable[[], Iterator[Any]]] = None
        self._closed = False
        self._feeding: Optional[asyncio.Task[None]] = None

    @property
    def bill(self) -> Optional[Bill]:
        """What the call cost, once it is over."""
        return self._state.bill

    @property
    def metadata(self) -> Any:
        """The metadata of the server's END, empty before it."""
        return self._state.end.metadata if self._state.end else {}

    @property
    def finish(self) -> Optional[str]:
        """The server's word for why the call ended: `stop`, `stop_string`, `length`, `budget` or `watch`; None without one."""
        reason = self.metadata.get("finish")
        return reason if isinstance(reason, str) else None

    @property
    def attempts(self) -> int:
        """How often the call was attempted so far."""
        return self._attempts.made

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        await self._arrival()
        while not self._state.arrived:
            error = self._state.error
            if error is None or self._closed:
                raise StopAsyncIteration
            await self._begin_again(error)
            await self._arrival()
        message = self._line.board.take(self._state)
        self._line.turn()
        self._attempts.repeatable = False
        try:
            return self._request.read(message)
        except (TypeError, ValueError, KeyError, IndexError) as error:
            await self.aclose()
            text = f"{self._request.method}: {error}"
            raise MeteError(Status.INTERNAL, "bad_reply", text, self.bill) from error

    async def _arrival(self) -> None:
        """Waits for an answer or the call's end."""
        try:
            while not self._state.arrived and not self._state.finished:
                await self._wait()
        except asyncio.CancelledError:
            self._cancel()
            raise

    async def _begin_again(self, error: Exception) -> None:
        """Makes the call once more, if it did no work. Raises the failure if that cannot be."""
        try:
            if self._input is None:
                raise self._attempts.told(error)
            await self._connections.wait_after(error, self._attempts)
            self._line, self._state, self._changed = await self._connections.open(self._request, self._attempts)
        except BaseException:
            self._closed = True
            raise
        self.send_all(self._input)

    async def aclose(self) -> None:
        """Cancels the call if it still runs, and waits for its bill (a few seconds at most)."""
        self._closed = True
        self._cancel()
        if self._feeding:
            self._feeding.cancel()
        while not self._state.finished:
            await self._wait()

    async def send(self, message: Any) -> bool:
        """Sends one message, when the server has given credit for it; False if the call takes no more.

        A server that waits for its answers to be read gives no credit: read in between, or in another task.
        """
        return await _send(self._line, self._state, self._changed, message)

    def half_close(self) -> None:
        """Says that no more messages come."""
        self._line.board.half_close(self._state)
        self._line.turn()

    def cancel(self) -> None:
        """Gives the call up without waiting: the iteration then ends with its error CANCELLED, which has the bill."""
        self._cancel()

    async def __aenter__(self: S) -> S:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if not self._state.over and not self._line.loop.is_closed():
            self._line.loop.call_soon_threadsafe(_abandon, self._line, self._state)

    def feed(self, source: Any) -> None:
        """Sends an input, then half-closes: from memory as credit allows, anything else by a task of its own."""
        if source_of(source) is not None:
            self.send_all(lambda: source_of(source) or iter(()))
        else:
            self._feeding = asyncio.create_task(_feed(self._line, self._state, self._changed, source))

    def send_all(self, messages: Callable[[], Iterator[Any]]) -> None:
        """Sends messages that are in memory, then half-closes; once more if the call has to be made again."""
        self._input = messages
        self._line.board.send_all(self._state, messages())
        self._line.turn()

    def _cancel(self) -> None:
        self._line.board.cancel(self._state)
        self._line.turn()

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()


S = TypeVar("S", bound=AsyncStream[Any])


class AsyncGeneration(AsyncStream[Token]):
    """Tokens as they are generated."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._texts: List[str] = []

    async def __anext__(self) -> Token:
        token = await super().__anext__()
        self._texts.append(token.text)
        return token

    async def text(self) -> str:
        """The whole answer; waits for what is still to come."""
        async for _ in self:
            pass
        return "".join(self._texts)


def _abandon(line: Line, state: CallState) -> None:
    line.board.cancel(state)
    line.turn()


async def _send(line: Line, state: CallState, changed: asyncio.Event, message: Any) -> bool:
    while not (state.over or state.input_over):
        if line.board.send(state, message):
            line.turn()
            return True
        changed.clear()
        await changed.wait()
    return False


async def _feed(
    line: Line, state: CallState, changed: asyncio.Event, pieces: Union[Iterable[Piece], AsyncIterable[Piece]]
) -> None:
    """A task that sends what the caller's iterable yields. It holds no stream, so that one can be abandoned."""
    try:
        async for piece in _each(pieces):
            for message in messages_of(piece):
                if not await _send(line, state, changed, message):
                    return
        line.board.half_close(state)
    except Exception as error:  # The caller's iterable may raise anything; the caller is told.
        line.board.give_up(state, error)
    line.turn()


async def _each(pieces: Union[Iterable[Piece], AsyncIterable[Piece]]) -> AsyncIterator[Piece]:
    if isinstance(pieces, AsyncIterable):
        async for piece in pieces:
            yield piece
    else:
        for piece in pieces:
            yield piece
