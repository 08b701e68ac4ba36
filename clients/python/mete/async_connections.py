"""The connections of an asyncio client: one that takes calls, and older ones that finish theirs."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from typing import Any, Callable, List, NamedTuple, Optional

from .address import Address
from .call import CallState
from .errors import MeteError
from .line import Line
from .requests import Request
from .retry import Attempts, Retry
from .status import Status
from .wire.limits import Limits


class AsyncOpened(NamedTuple):
    """A call that began on one of the connections."""

    line: Line
    state: CallState
    changed: asyncio.Event


class AsyncConnections:
    """Connects when a call needs it, and again when the connection is lost or the server says goodbye.

    Tasks that need a connection at the same time share it, and share its failure; each then waits for its own next attempt.
    """

    def __init__(self, address: Address, timeout: float, keepalive: float, limits: Limits, retry: Retry) -> None:
        self._address = address
        self._timeout = timeout
        self._keepalive = keepalive
        self._limits = limits
        self._retry = retry
        self._dice = random.Random(retry.seed)
        #: Set when the client is closed; None before it is opened.
        self._closed: Optional[asyncio.Event] = None
        self._current: Optional[Line] = None
        self._lines: List[Line] = []

    def attempts(self, deadline: Optional[float]) -> Attempts:
        """The attempts of a call that begins now."""
        return Attempts(self._retry, self._dice, None if deadline is None else _now() + deadline)

    async def connect(self) -> None:
        """Makes the first connection. Raises MeteError."""
        self._closed = asyncio.Event()
        attempts = Attempts(dataclasses.replace(self._retry, attempts=self._retry.first), self._dice)
        try:
            while True:
                attempts.begin()
                try:
                    await self.ready()
                    return
                except MeteError as error:
                    await self.wait_after(error, attempts)
        except BaseException:
            await self.close()
            raise

    async def open(self, request: Request[Any], attempts: Attempts) -> AsyncOpened:
        """Begins a call where there is room for it, as often as needed and allowed. Raises MeteError."""
        while True:
            attempts.begin()
            try:
                return await self._open(request, attempts)
            except MeteError as error:
                await self.wait_after(error, attempts)

    async def wait_after(self, error: Exception, attempts: Attempts) -> None:
        """Waits until a call that failed may be attempted again. Raises the failure if it may not."""
        wait = attempts.wait_after(error, _now())
        if wait is None or self._closed is None:
            raise attempts.told(error)
        try:
            await asyncio.wait_for(self._closed.wait(), wait)
        except asyncio.TimeoutError:
            pass

    async def ready(self) -> Line:
        """A connection whose HELLO has come, made now if there is none. Raises MeteError."""
        line = self._line()
        while not (line.board.greeted or line.board.spent):
            await line.wait_for_change()
        if line.board.spent:
            raise line.board.refusal()
        return line

    async def close(self) -> None:
        """Cancels what still runs, gives the bills a second to come, and closes."""
        if self._closed is None:
            raise _not_open()
        self._closed.set()
        lines, self._lines = self._lines, []
        for line in lines:
            line.cancel_all()
        try:
            await asyncio.wait_for(asyncio.gather(*[line.all_billed() for line in lines]), 1)
        except asyncio.TimeoutError:
            pass
        for line in lines:
            await line.close()

    def _line(self) -> Line:
        """The connection that takes calls; a new one if the last is spent."""
        if self._closed is None:
            raise _not_open()
        if self._closed.is_set():
            raise MeteError(Status.CANCELLED, "client_closed", "the client was closed", taken=False)
        if self._current is None or self._current.board.spent:
            self._lines = [line for line in self._lines if not line.board.done]
            self._current = Line(self._keepalive, self._limits)
            self._current.start(self._address, self._timeout)
            self._lines.append(self._current)
        return self._current

    async def _open(self, request: Request[Any], attempts: Attempts) -> AsyncOpened:
        line = self._line()
        board = line.board
        if not (board.spent or (board.greeted and board.room())):
            try:
                room = _until(line, lambda: board.spent or (board.greeted and board.room()))
                await asyncio.wait_for(room, attempts.left(_now()))
            except asyncio.TimeoutError:
                text = "no stream became free" if board.greeted else "no connection in time"
                raise MeteError(Status.DEADLINE_EXCEEDED, "deadline", text, taken=False) from None
        state = board.open(request.within(attempts.left(_now())))
        line.turn()
        return AsyncOpened(line, state, line.watch(state))


def _now() -> float:
    return asyncio.get_running_loop().time()


def _not_open() -> MeteError:
    return MeteError(Status.UNAVAILABLE, "client_closed", "the client is not connected yet", taken=False)


async def _until(line: Line, condition: Callable[[], bool]) -> None:
    while not condition():
        await line.wait_for_change()
