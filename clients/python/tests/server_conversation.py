"""The server's side of a connection: enough to hold the vectors against, and to answer a client under test."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from mete.bill import Bill
from mete.errors import WireError
from mete.status import Status
from mete.wire.conversation import Conversation
from mete.wire.encode import encode
from mete.wire.frames import Billing, Cancel, Credit, Data, End, Frame, Goaway, HalfClose, Hello, Open
from mete.wire.limits import TOP, Limits
from mete.wire.rate import Rate
from mete.wire.windows import ReceiveWindow, SendWindow

from .openings import objection


@dataclasses.dataclass(frozen=True)
class Opened:
    """A call begins."""

    frame: Open


@dataclasses.dataclass(frozen=True)
class Message:
    """A message came."""

    stream: int
    message: Any
    size: int


@dataclasses.dataclass(frozen=True)
class HalfClosed:
    """No more messages come."""

    stream: int


@dataclasses.dataclass(frozen=True)
class Cancelled:
    """The client gave the call up; the application owes the END."""

    stream: int


@dataclasses.dataclass(frozen=True)
class Credited:
    """More may be sent."""

    stream: int


ServerEvent = Union[Opened, Message, HalfClosed, Cancelled, Credited]

STREAM_STATUS = {
    "bad_option": Status.INVALID_ARGUMENT,
    "message_after_half_close": Status.INVALID_ARGUMENT,
    "credit_overrun": Status.RESOURCE_EXHAUSTED,
    "streams_max": Status.RESOURCE_EXHAUSTED,
    "metadata_too_large": Status.RESOURCE_EXHAUSTED,
    "unknown_method": Status.UNIMPLEMENTED,
}


class _Stream:
    def __init__(self, send_credit: int, receive_credit: int) -> None:
        self.send_window = SendWindow(send_credit)
        self.receive_window = ReceiveWindow(receive_credit)
        self.half_closed = False
        self.cancelled = False


class ServerConversation(Conversation[ServerEvent]):
    """Hears of streams and ends them."""

    def __init__(self, limits: Limits = Limits()) -> None:
        super().__init__(limits, "probe")
        self.streams: Dict[int, _Stream] = {}
        self.last_stream = 0
        self._resets = Rate(limits.resets_max)
        self._now = 0.0
        #: Every END that was sent: stream, status, detail.
        self.ends: List[Tuple[int, Status, str]] = []

    def receive(self, data: bytes, now: float) -> List[ServerEvent]:
        """Takes bytes, and remembers when."""
        self._now = now
        return super().receive(data, now)

    def send(self, stream: int, message: Any) -> bool:
        """Sends a message if credit covers it; a closed stream swallows it."""
        state = self.streams.get(stream)
        if state is None:
            return True
        frame = encode(Data(stream, message))
        size = len(frame) - 4
        if not (self.send_window.covers(size) and state.send_window.covers(size)):
            return False
        self.send_window.spend(size)
        state.send_window.spend(size)
        self._strikes = 0
        self._output += frame
        return True

    def end(
        self,
        stream: int,
        status: Status = Status.OK,
        detail: str = "ok",
        text: str = "",
        metadata: Optional[Mapping[str, Any]] = None,
        bill: Optional[Bill] = None,
    ) -> None:
        """Ends an open stream; the bill follows at once."""
        if self.streams.pop(stream, None) is not None:
            self._end(stream, status, detail, text, dict(metadata or {}), bill)

    def consumed(self, stream: int, size: int) -> None:
        """Gives credit back."""
        self._give_back(size)
        state = self.streams.get(stream)
        if state:
            credit = state.receive_window.consumed(size)
            if credit:
                self._emit(Credit(stream, credit))

    def go_away(self, status: Status, text: str) -> None:
        """Says that no more streams are taken."""
        self._emit(Goaway(self.last_stream, status, text))

    def _end(
        self, stream: int, status: Status, detail: str, text: str, metadata: Dict[str, Any], bill: Optional[Bill]
    ) -> None:
        self.ends.append((stream, status, detail))
        self._emit(End(stream, status, detail, text, metadata))
        self._emit(Billing(stream, bill or Bill(status=status)))

    def _refuse(self, stream: int, detail: str, text: str = "") -> None:
        self.streams.pop(stream, None)
        self._end(stream, STREAM_STATUS[detail], detail, text, {}, None)

    def _greeted(self, frame: Hello, events: List[ServerEvent]) -> None:
        pass

    def _take_pong(self, token: int, events: List[ServerEvent]) -> None:
        pass

    def _take_goaway(self, frame: Goaway, events: List[ServerEvent]) -> None:
        pass

    def _credited(self, stream: int, events: List[ServerEvent]) -> None:
        events.append(Credited(stream))

    def _fail(self, error: WireError, events: List[ServerEvent]) -> None:
        self.go_away(error.status, f"{error.detail}: {error.text}")
        for stream in sorted(self.streams):
            self.end(stream, error.status, error.detail, error.text)

    def _stream_window(self, stream: int) -> Optional[SendWindow]:
        state = self._known(stream)
        return state.send_window if state else None

    def _known(self, stream: int) -> Optional[_Stream]:
        if stream > self.last_stream:
            raise WireError("stream_id", f"stream {stream} was never opened")
        return self.streams.get(stream)

    def _take_stream_frame(self, frame: Frame, size: int, events: List[ServerEvent]) -> None:
        if isinstance(frame, Open):
            self._take_open(frame, events)
        elif isinstance(frame, Data):
            self._take_data(frame, size, events)
        elif isinstance(frame, HalfClose):
            state = self._known(frame.stream)
            if state and not state.half_closed:
                state.half_closed = True
                events.append(HalfClosed(frame.stream))
        elif isinstance(frame, Cancel):
            state = self._known(frame.stream)
            if state and not state.cancelled:
                self._count_reset()
                state.cancelled = True
                events.append(Cancelled(frame.stream))
        else:
            raise WireError("wrong_direction", f"{type(frame).__name__} came from the client")

    def _take_open(self, frame: Open, events: List[ServerEvent]) -> None:
        if not self.last_stream < frame.stream <= TOP:
            raise WireError("stream_id", f"OPEN of stream {frame.stream} after {self.last_stream}")
        fault = objection(frame, self.limits)
        if len(self.streams) >= self.limits.streams_max:
            fault = ("streams_max", "")
        if fault:
            self._count_reset()
            self.last_stream = frame.stream
            self._refuse(frame.stream, *fault)
            return
        self.last_stream = frame.stream
        self.streams[frame.stream] = _Stream(self.peer_limits.stream_credit, self.limits.stream_credit)
        events.append(Opened(frame))

    def _count_reset(self) -> None:
        if not self._resets.take(self._now):
            raise WireError("reset_flood", f"more than {self.limits.resets_max} in a second")

    def _take_data(self, frame: Data, size: int, events: List[ServerEvent]) -> None:
        state = self._known(frame.stream)
        self._charge_connection(size)
        if state is None:
            self._give_back(size)
        elif state.half_closed:
            self._refuse(frame.stream, "message_after_half_close")
            self._give_back(size)
        elif state.receive_window.charge(size):
            events.append(Message(frame.stream, frame.message, size))
        else:
            self._refuse(frame.stream, "credit_overrun")
            self._give_back(size)
