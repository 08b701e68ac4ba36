"""A call in the hands of a synchronous caller."""

from __future__ import annotations

import threading
from typing import Any, Generic, Iterable, Iterator, List, Optional, TypeVar

from .bill import Bill
from .call import CallState
from .channel import Channel
from .errors import MeteError
from .requests import Request, messages_of_all, source_of
from .status import Status
from .types import Piece, Token

T = TypeVar("T")


class Stream(Generic[T]):
    """The answers of one call, as they come.

    Iterate over it; or use it in a `with` block, whose end cancels what is not finished. When the iteration is over, `bill` is there.
    A call that did not end with OK raises MeteError, bill included, after its last answer.
    """

    def __init__(
        self, channel: Channel, request: Request[T], state: CallState, changed: threading.Condition, owner: object
    ) -> None:
        # A client that nobody else holds must not be finalized, and so closed, under its streams.
        self._owner = owner
        self._channel = channel
        self._request = request
        self._state = state
        self._changed = changed
        self._closed = False

    @property
    def bill(self) -> Optional[Bill]:
        """What the call cost, once it is over."""
        return self._state.bill

    @property
    def metadata(self) -> Any:
        """The metadata of the server's END, empty before it."""
        return self._state.end.metadata if self._state.end else {}

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        with self._channel.lock:
            while not self._state.arrived and not self._state.finished:
                self._changed.wait()
            if not self._state.arrived:
                error = self._state.error
                if error and not self._closed:
                    self._closed = True
                    raise error
                raise StopIteration
            message = self._channel.board.take(self._state)
            self._channel.turn()
        return self._read(message)

    def close(self) -> None:
        """Cancels the call if it still runs, and waits for its bill (a few seconds at most)."""
        self._closed = True
        with self._channel.lock:
            self._channel.board.cancel(self._state)
            self._channel.turn()
            while not self._state.finished:
                self._changed.wait()

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._state.over:
            self._channel.abandon(self._state)

    def send(self, message: Any) -> bool:
        """Sends a message, waiting for credit; False if the call is over and it was dropped."""
        with self._channel.lock:
            while not self._state.over:
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

    def feed(self, source: Any) -> None:
        """Sends an input, then half-closes: from memory as credit allows, anything else by a thread of its own."""
        messages = source_of(source)
        if messages is not None:
            self.send_all(messages)
        else:
            threading.Thread(target=_feed, args=(self._channel, self._state, source), name="mete-feed", daemon=True).start()

    def send_all(self, messages: Iterator[Any]) -> None:
        """Sends messages that are in memory, then half-closes."""
        with self._channel.lock:
            self._channel.board.send_all(self._state, messages)
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

    @property
    def finish(self) -> Optional[str]:
        """Why the text ended: `stop`, `stop_string` or `length`; None before it did."""
        reason = self.metadata.get("finish")
        return reason if isinstance(reason, str) else None


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
