"""What both sides of a connection do alike: HELLO, PING, the connection's credit, and failing."""

from __future__ import annotations

from typing import Generic, List, Optional, TypeVar

from ..errors import WireError
from .decode import decode
from .encode import encode
from .frames import Credit, Frame, Goaway, Hello, Ping
from .limits import TOP, Limits
from .rate import Rate
from .reader import FrameReader
from .windows import ReceiveWindow, SendWindow

VERSION = 1
Event = TypeVar("Event")


class Conversation(Generic[Event]):
    """One side of one connection, without socket, clock or thread.

    Bytes go into `receive`, which returns what happened; `take_output` has the bytes to write. After a WireError,
    which `failure` keeps, nothing is read any more.
    """

    def __init__(self, limits: Limits, software: str) -> None:
        self.limits = limits
        self.peer: Optional[Hello] = None
        self.failure: Optional[WireError] = None
        self.send_window = SendWindow(Limits().connection_credit)
        self._receive_window = ReceiveWindow(limits.connection_credit)
        self._reader = FrameReader(limits.frame_bytes_max)
        self._pings = Rate(limits.pings_max)
        self._strikes = 0
        self._output = bytearray()
        self._emit(Hello([VERSION], software, limits))

    @property
    def peer_limits(self) -> Limits:
        """What the peer is ready to take, as far as it has said so."""
        return self.peer.limits if self.peer else Limits()

    def receive(self, data: bytes, now: float) -> List[Event]:
        """Takes bytes that arrived at `now` (seconds, any origin) and returns what happened, in order."""
        events: List[Event] = []
        if self.failure:
            return events
        self._reader.feed(data)
        try:
            body = self._reader.next_body()
            while body is not None:
                self._take(decode(body, self.limits), len(body), now, events)
                body = self._reader.next_body()
        except WireError as error:
            self.failure = error
            self._fail(error, events)
        return events

    def take_output(self) -> bytes:
        """The bytes that are to be written; they are not kept."""
        data = bytes(self._output)
        self._output.clear()
        return data

    @property
    def output_bytes(self) -> int:
        """How many bytes `take_output` would give."""
        return len(self._output)

    def ping(self, token: int) -> None:
        """Asks whether the peer lives."""
        self._emit(Ping(False, token))

    def _emit(self, frame: Frame) -> None:
        self._output += encode(frame)

    def _take(self, frame: Frame, size: int, now: float, events: List[Event]) -> None:
        self._check_stream_zero(frame)
        if isinstance(frame, Hello):
            self._greet(frame, events)
        elif self.peer is None:
            raise WireError("hello_expected", "the first frame is another")
        elif isinstance(frame, Ping):
            self._take_ping(frame, now, events)
        elif isinstance(frame, Goaway):
            self._take_goaway(frame, events)
        elif isinstance(frame, Credit):
            self._take_credit(frame, events)
        else:
            self._take_stream_frame(frame, size, events)

    def _check_stream_zero(self, frame: Frame) -> None:
        if getattr(frame, "stream", 1) == 0 and not isinstance(frame, Credit):
            raise WireError("stream_id", f"{type(frame).__name__} for stream 0")

    def _greet(self, frame: Hello, events: List[Event]) -> None:
        if self.peer is not None:
            raise WireError("hello_expected", "a second HELLO")
        if VERSION not in frame.versions:
            raise WireError("version_unsupported", f"the peer speaks {frame.versions}, we speak [{VERSION}]")
        self.peer = frame
        # Credit that was spent before the HELLO came stays spent.
        self.send_window.left += frame.limits.connection_credit - Limits().connection_credit
        self._greeted(frame, events)

    def _take_ping(self, frame: Ping, now: float, events: List[Event]) -> None:
        if frame.ack:
            self._take_pong(frame.token, events)
            return
        if self._pings.take(now):
            self._emit(Ping(True, frame.token))
            return
        self._strikes += 1
        if self._strikes > self.limits.ping_strikes_max:
            raise WireError("ping_flood", f"more than {self.limits.pings_max} in a second, {self._strikes} times over")

    def _take_credit(self, frame: Credit, events: List[Event]) -> None:
        if not 1 <= frame.bytes <= TOP:
            raise WireError("credit_overflow", f"CREDIT of {frame.bytes}")
        window = self.send_window if frame.stream == 0 else self._stream_window(frame.stream)
        if window:
            window.add(frame.bytes)
            self._credited(frame.stream, events)

    def _charge_connection(self, size: int) -> None:
        if not self._receive_window.charge(size):
            raise WireError("connection_credit_overrun", f"DATA of {size} bytes")

    def _give_back(self, size: int) -> None:
        credit = self._receive_window.consumed(size) if size else 0
        if credit:
            self._emit(Credit(0, credit))

    # What the two sides do differently.

    def _greeted(self, frame: Hello, events: List[Event]) -> None:
        raise NotImplementedError

    def _take_pong(self, token: int, events: List[Event]) -> None:
        raise NotImplementedError

    def _take_goaway(self, frame: Goaway, events: List[Event]) -> None:
        raise NotImplementedError

    def _take_stream_frame(self, frame: Frame, size: int, events: List[Event]) -> None:
        raise NotImplementedError

    def _stream_window(self, stream: int) -> Optional[SendWindow]:
        """The window of an open stream, None for a closed one. Raises WireError(`stream_id`)."""
        raise NotImplementedError

    def _credited(self, stream: int, events: List[Event]) -> None:
        raise NotImplementedError

    def _fail(self, error: WireError, events: List[Event]) -> None:
        raise NotImplementedError
