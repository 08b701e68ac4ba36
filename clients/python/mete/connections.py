"""The connections of a synchronous client: one that takes calls, and older ones that finish theirs."""

from __future__ import annotations

import dataclasses
import random
import threading
import time
from typing import Any, List, NamedTuple, Optional

from .address import Address
from .call import CallState
from .channel import Channel
from .errors import MeteError
from .requests import Request
from .retry import Attempts, Retry
from .status import Status
from .wire.limits import Limits


class Opened(NamedTuple):
    """A call that began on one of the connections."""

    channel: Channel
    state: CallState
    changed: threading.Condition


class Connections:
    """Connects when a call needs it, and again when the connection is lost or the server says goodbye.

    Callers that need a connection at the same time share it, and share its failure; each then waits for its own next attempt.
    """

    def __init__(self, address: Address, timeout: float, keepalive: float, limits: Limits, retry: Retry) -> None:
        self._address = address
        self._timeout = timeout
        self._keepalive = keepalive
        self._limits = limits
        self._retry = retry
        self._dice = random.Random(retry.seed)
        # Where both locks are held, this one was taken first.
        self._closing = threading.Condition()
        self._closed = False
        self._current: Optional[Channel] = None
        self._channels: List[Channel] = []

    def __del__(self) -> None:
        for channel in getattr(self, "_channels", ()):
            channel.stop()

    def attempts(self, deadline: Optional[float]) -> Attempts:
        """The attempts of a call that begins now."""
        return Attempts(self._retry, self._dice, None if deadline is None else time.monotonic() + deadline)

    def connect(self) -> None:
        """Makes the first connection. Raises MeteError."""
        attempts = Attempts(dataclasses.replace(self._retry, attempts=self._retry.first), self._dice)
        while True:
            attempts.begin()
            try:
                self.ready(None)
                return
            except MeteError as error:
                self.wait_after(error, attempts)

    def open(self, request: Request[Any], attempts: Attempts) -> Opened:
        """Begins a call where there is room for it, as often as needed and allowed. Raises MeteError."""
        while True:
            attempts.begin()
            try:
                return self._open(request, attempts)
            except MeteError as error:
                self.wait_after(error, attempts)

    def wait_after(self, error: Exception, attempts: Attempts) -> None:
        """Waits until a call that failed may be attempted again. Raises the failure if it may not."""
        wait = attempts.wait_after(error, time.monotonic())
        if wait is None:
            raise attempts.told(error)
        with self._closing:
            self._closing.wait_for(lambda: self._closed, wait)

    def ready(self, until: Optional[float]) -> Channel:
        """A connection whose HELLO has come, made now if there is none. Raises MeteError."""
        channel = self._channel()
        board = channel.board
        with channel.lock:
            channel.wait_while(lambda: not (board.greeted or board.spent), until)
            if board.spent:
                raise board.refusal()
        return channel

    def close(self) -> None:
        """Cancels what still runs, gives the bills a second to come, and closes."""
        with self._closing:
            self._closed = True
            self._closing.notify_all()
            channels = list(self._channels)
        until = time.monotonic() + 1
        for channel in channels:
            channel.cancel_all()
        for channel in channels:
            channel.close(until)

    def _channel(self) -> Channel:
        """The connection that takes calls; a new one if the last is spent."""
        with self._closing:
            if self._closed:
                raise MeteError(Status.CANCELLED, "client_closed", "the client was closed", taken=False)
            if self._current is None or self._current.board.spent:
                self._channels = [channel for channel in self._channels if not channel.board.done]
                self._current = Channel(self._address, self._timeout, self._keepalive, self._limits)
                self._channels.append(self._current)
            return self._current

    def _open(self, request: Request[Any], attempts: Attempts) -> Opened:
        left = attempts.left(time.monotonic())
        until = None if left is None else time.monotonic() + left
        channel = self._channel()
        board = channel.board
        with channel.lock:
            channel.wait_while(lambda: not board.spent and not (board.greeted and board.room()), until)
            state = board.open(request.within(attempts.left(time.monotonic())))
            changed = channel.watch(state)
            channel.turn()
        return Opened(channel, state, changed)
