"""A call in the hands of a synchronous caller."""

from __future__ import annotations

import threading
from typing import Any, Callable, Generic, Iterable, Iterator, List, Optional, TypeVar

from .bill import Bill
from .call import CallState
from .channel import Channel
from .connections import Connections, Opened
from .errors import MeteError
from .requests import Request, messages_of_all, source_of
from .retry import Attempts
from .status import Status
from .types import Piece, Token

T = TypeVar("T")


class Stream(Generic[T]):
    """The answers of one call, as they come.

    Iterate over it; or use it in a `with` block, whose end cancels what is not finished. When the iteration is over, `bill` is there.
    A call that did not end with OK raises MeteError, bill included, after its last answer.
    """

    def __init__(self, connections: Connections, request: Request[T], attempts: Attempts, opened: Opened) -> None:
        # Also keeps the connections of a client that nobody holds any more from being closed under its streams.
        self._connections = connections
        self._request = request
        self._attempts = attempts
        self._channel, self._state, self._changed = opened
        #: Gives the messages of the input, as often as it is asked; None if the input cannot be read again.
        self._input: Optional[Callable[[], Iterator[Any]]] = None
        self._closed = False

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

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        while True:
            with self._channel.lock:
                while not self._state.arrived and not self._state.finished:
                    self._changed.wait()
                if self._state.arrived:
                    message = self._channel.board.take(self._state)
                    self._channel.turn()
                    self._attempts.repeatable = False
                    break
                error = self._state.error
            if error is None or self._closed:
                raise StopIteration
            self._begin_again(error)
        return self._read(message)

    def _begin_again(self, error: Exception) -> None:
        """Makes the call once more, if it did no work. Raises the failure if that cannot be."""
        try:
            if self._input is None:
                raise self._attempts.told(error)
            self._connections.wait_after(error, self._attempts)
            self._channel, self._state, self._changed = self._connections.open(self._request, self._attempts)
        except BaseException:
            self._closed = True
            raise
        self.send_all(self._input)

    def close(self) -> None:
        """Cancels the call if it still runs, and waits for its bill (a few seconds at most)."""
        self._closed = True
        with self._channel.lock:
            self._channel.board.cancel(self._state)
            self._channel.turn()
            while not self._state.finished:
                self._changed.wait()

    def send(self, message: Any) -> bool:
        """Sends one message, when the server has given credit for it; False if the call takes no more.

        A server that waits for its answers to be read gives no credit: read in between, or in another thread.
        """
        with self._channel.lock:
            while not (self._state.over or self._state.input_over):
                if self._channel.board.send(self._state, message):
                    self._channel.turn()
                    return True
                self._changed.wait()
            return False

    def half_close(self) -> None:
        """Says that no more messages come."""
        with self._channel.lock:
            self._channel.board.half_close(self._state)
            self._channel.turn()

    def cancel(self) -> None:
        """Gives the call up without waiting: the iteration then ends with its error CANCELLED, which has the bill."""
        with self._channel.lock:
            self._channel.board.cancel(self._state)
            self._channel.turn()

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._state.over:
            self._channel.abandon(self._state)

    def feed(self, source: Any) -> None:
        """Sends an input, then half-closes: from memory as credit allows, anything else by a thread of its own."""
        if source_of(source) is not None:
            self.send_all(lambda: source_of(source) or iter(()))
        else:
            threading.Thread(target=_feed, args=(self._channel, self._state, source), name="mete-feed", daemon=True).start()

    def send_all(self, messages: Callable[[], Iterator[Any]]) -> None:
        """Sends messages that are in memory, then half-closes; once more if the call has to be made again."""
        self._input = messages
        with self._channel.lock:
            self._channel.board.send_all(self._state, messages())
            self._channel.turn()

    def _read(self, message: Any) -> T:
        try:
            return self._request.read(message)
        except (TypeError, ValueError, KeyError, IndexError) as error:
            self.close()
            text = f"{self._request.method}: {error}"
            raise MeteError(Status.INTERNAL, "bad_reply", text, self.bill) from error


S = TypeVar("S", bound=Stream[Any])


class Generation(Stream[Token]):
    """Tokens as they are generated."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._texts: List[str] = []

    def __next__(self) -> Token:
        token = super().__next__()
        self._texts.append(token.text)
        return token

    def text(self) -> str:
        """The whole answer; waits for what is still to come."""
        for _ in self:
            pass
        return "".join(self._texts)


def _feed(channel: Channel, state: CallState, pieces: Iterable[Piece]) -> None:
    """A thread that sends what an iterable of the caller yields. It holds no Stream, so that one can be abandoned."""
    with channel.lock:
        changed = channel.watch(state)
    try:
        for message in messages_of_all(pieces):
            with channel.lock:
                while not state.over and not channel.board.send(state, message):
                    changed.wait()
                channel.turn()
                if state.over:
                    return
        with channel.lock:
            channel.board.half_close(state)
            channel.turn()
    except Exception as error:  # The caller's iterable may raise anything; the caller is told.
        with channel.lock:
            channel.board.give_up(state, error)
            channel.turn()
