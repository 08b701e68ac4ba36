"""The client's side of a connection."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from ..errors import WireError
from .conversation import Conversation
from .encode import encode
from .events import Billed, ClientEvent, Credited, Ended, Failed, GoingAway, Greeted, Ponged, Received
from .frames import Billing, Cancel, Credit, Data, End, Frame, Goaway, HalfClose, Hello, Open
from .limits import TOP, Limits
from .windows import ReceiveWindow, SendWindow


class _Stream:
    def __init__(self, send_credit: int, receive_credit: int) -> None:
        self.send_window = SendWindow(send_credit)
        self.receive_window = ReceiveWindow(receive_credit)
        #: Bytes that came and that the application has not used.
        self.held = 0
        self.half_closed = False
        self.cancelled = False
        self.ended = False


class ClientConversation(Conversation[ClientEvent]):
    """Opens streams and hears of their fate."""

    def __init__(self, limits: Limits = Limits(), software: str = "mete-python 0.1.0") -> None:
        super().__init__(limits, software)
        self._streams: Dict[int, _Stream] = {}
        self._last_stream = 0

    @property
    def open_streams(self) -> List[int]:
        """The streams whose bill has not come."""
        return sorted(self._streams)

    def open(self, method: str, options: Mapping[str, Any], metadata: Mapping[str, Any]) -> int:
        """Opens a stream and returns its id. The caller keeps to the peer's `streams_max`."""
        if self._last_stream == TOP:
            raise OverflowError("every stream id of this connection is used up")
        stream = self._last_stream + 1
        self._emit(Open(stream, method, dict(options), dict(metadata)))
        self._last_stream = stream
        self._streams[stream] = _Stream(self.peer_limits.stream_credit, self.limits.stream_credit)
        return stream

    def send(self, stream: int, message: Any) -> bool:
        """Sends a message if credit covers it; False if it has to wait. A stream that is over swallows it."""
        state = self._streams.get(stream)
        if state is None or state.ended or state.cancelled:
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

    def send_credit(self, stream: int) -> int:
        """Bytes that the stream's window still covers, 0 if it is closed."""
        state = self._streams.get(stream)
        return state.send_window.left if state else 0

    def half_close(self, stream: int) -> None:
        """Says that no more messages come."""
        state = self._streams.get(stream)
        if state and not (state.half_closed or state.cancelled or state.ended):
            state.half_closed = True
            self._emit(HalfClose(stream))

    def cancel(self, stream: int) -> None:
        """Gives the call up; its END and bill still come."""
        state = self._streams.get(stream)
        if state and not (state.cancelled or state.ended):
            state.cancelled = True
            self._emit(Cancel(stream))
            self._release(state)

    def consumed(self, stream: int, size: int) -> None:
        """Gives credit back for a message that the application has used."""
        state = self._streams.get(stream)
        if state and not (state.ended or state.cancelled):
            state.held -= size
            self._give_back(size)
            credit = state.receive_window.consumed(size)
            if credit:
                self._emit(Credit(stream, credit))

    @property
    def owes_credit(self) -> bool:
        """Whether credit is being gathered."""
        return bool(self._receive_window.owed or any(s.receive_window.owed for s in self._streams.values()))

    def settle(self) -> None:
        """Gives back all credit that is owed; due a second after it began to gather, at the latest."""
        if self._receive_window.owed:
            self._emit(Credit(0, self._receive_window.settle()))
        for stream, state in self._streams.items():
            if state.receive_window.owed and not (state.ended or state.cancelled):
                self._emit(Credit(stream, state.receive_window.settle()))

    def _release(self, state: _Stream) -> None:
        """A stream that is over gives the connection back what it held, read or not: unread answers starve no other call."""
        self._give_back(state.held)
        state.held = 0
        state.receive_window.settle()

    def _greeted(self, frame: Hello, events: List[ClientEvent]) -> None:
        for state in self._streams.values():
            state.send_window.left += frame.limits.stream_credit - Limits().stream_credit
        events.append(Greeted())

    def _take_pong(self, token: int, events: List[ClientEvent]) -> None:
        events.append(Ponged(token))

    def _take_goaway(self, frame: Goaway, events: List[ClientEvent]) -> None:
        events.append(GoingAway(frame))

    def _credited(self, stream: int, events: List[ClientEvent]) -> None:
        events.append(Credited(stream))

    def _fail(self, error: WireError, events: List[ClientEvent]) -> None:
        self._streams.clear()
        said = f"{error.detail}: {error.text}".encode()[:1024].decode(errors="ignore")
        self._emit(Goaway(0, error.status, said))
        events.append(Failed(error))

    def _stream_window(self, stream: int) -> Optional[SendWindow]:
        state = self._known(stream)
        return state.send_window if state else None

    def _known(self, stream: int) -> Optional[_Stream]:
        if stream > self._last_stream:
            raise WireError("stream_id", f"stream {stream} was never opened")
        return self._streams.get(stream)

    def _take_stream_frame(self, frame: Frame, size: int, events: List[ClientEvent]) -> None:
        if isinstance(frame, Data):
            self._take_data(frame, size, events)
        elif isinstance(frame, End):
            state = self._known(frame.stream)
            if state and not state.ended:
                state.ended = True
                self._release(state)
                events.append(Ended(frame.stream, frame))
        elif isinstance(frame, Billing):
            state = self._known(frame.stream)
            if state and not state.ended:
                raise WireError("malformed_frame", "a BILL before its END")
            if state:
                del self._streams[frame.stream]
                events.append(Billed(frame.stream, frame.bill))
        else:
            raise WireError("wrong_direction", f"{type(frame).__name__} came from the server")

    def _take_data(self, frame: Data, size: int, events: List[ClientEvent]) -> None:
        state = self._known(frame.stream)
        self._charge_connection(size)
        if state is None or state.ended or state.cancelled:
            self._give_back(size)
        elif state.receive_window.charge(size):
            state.held += size
            events.append(Received(frame.stream, frame.message, size))
        else:
            raise WireError("credit_overrun", f"DATA of {size} bytes for stream {frame.stream}")
