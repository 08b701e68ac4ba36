"""All calls of one connection, without socket or thread: what both clients share."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Optional, Set

from .call import CallState
from .errors import MeteError
from .requests import Request
from .status import Status
from .wire.client import ClientConversation
from .wire.encode import encode
from .wire.events import Billed, ClientEvent, Credited, Ended, Failed, GoingAway, Greeted, Ponged, Received
from .wire.frames import Data, Goaway
from .wire.limits import Limits

#: How long a server may take beyond what it owes at once: the END after a deadline or a CANCEL, the BILL after an END.
GRACE = 5.0
#: How long credit may gather before it is given back whatever it has come to (PROTOCOL.md §3.2).
SETTLE = 1.0


class Switchboard:
    """Turns bytes into the fates of calls. `clock` gives seconds, and never goes back.

    After every method the owner writes `take_output()` and wakes whoever waits for the calls in `take_touched()`.
    """

    def __init__(self, clock: Callable[[], float], keepalive: float = 20.0, limits: Limits = Limits()) -> None:
        self.conversation = ClientConversation(limits)
        self.calls: Dict[int, CallState] = {}
        self.greeted = False
        #: Set when the connection is of no use any more.
        self.lost: Optional[MeteError] = None
        self._goaway: Optional[Goaway] = None
        self._keepalive = keepalive
        self._clock = clock
        self._heard_at = clock()
        self._asked_at: Optional[float] = None
        self._tokens = 0
        self._pings: Dict[int, Optional[float]] = {}
        self._settle_at: Optional[float] = None
        self._touched: Set[CallState] = set()
        self._taken_bytes = 0
        self._written_bytes = 0

    # What the application does.

    @property
    def spent(self) -> bool:
        """Whether the connection takes no more calls: the next one needs another connection."""
        return self.lost is not None or self._goaway is not None

    @property
    def done(self) -> bool:
        """Whether the connection is of no use to anybody: it takes no more calls, and none runs."""
        return self.spent and not self.calls

    def room(self) -> bool:
        """Whether the server takes one more stream now."""
        return len(self.calls) < self.conversation.peer_limits.streams_max

    def refusal(self) -> MeteError:
        """Why a connection that is spent takes no more calls."""
        if self._goaway:
            return (self._verdict() or MeteError(Status.UNAVAILABLE, "draining", self._goaway.text)).untaken()
        assert self.lost, "the connection takes calls"
        return self.lost.untaken()

    def open(self, request: Request[Any]) -> CallState:
        """Begins a call. Raises MeteError if the connection takes no more; the caller waited for `room()`."""
        if self.spent:
            raise self.refusal()
        stream = self.conversation.open(request.method, request.options, request.metadata)
        call = CallState(stream, None if request.deadline is None else self._now + request.deadline + GRACE)
        call.opened_at = self._taken_bytes + self.conversation.output_bytes
        self.calls[stream] = call
        return call

    def send_all(self, call: CallState, source: Iterator[Any]) -> None:
        """Sends everything that an iterator in memory yields, as credit allows, then half-closes."""
        call.source = source
        call.input_over = True
        self._pump(call)

    def send(self, call: CallState, message: Any) -> bool:
        """Sends one message; False if it has to wait for credit. Raises MeteError for one that can never go."""
        if call.over:
            return True
        size = len(encode(Data(call.stream, message))) - 4
        limits = self.conversation.peer_limits
        most = min(limits.frame_bytes_max, limits.stream_credit // 2, limits.connection_credit // 2)
        if size > most:
            raise MeteError(Status.INVALID_ARGUMENT, "message_too_large", f"a frame of {size} bytes; {most} can go")
        return self.conversation.send(call.stream, message)

    def half_close(self, call: CallState) -> None:
        """Says that no more messages come."""
        call.input_over = True
        self.conversation.half_close(call.stream)

    def take(self, call: CallState) -> Any:
        """The next message that has arrived, which counts as consumed. The caller saw that there is one."""
        message, size = call.arrived.popleft()
        self.conversation.consumed(call.stream, size)
        self._note_debt()
        return message

    def cancel(self, call: CallState) -> None:
        """Gives a call up; its bill still comes. What arrived unread is dropped."""
        while call.arrived:
            self.take(call)
        self._cancel(call)

    def ping(self) -> int:
        """Asks whether the server lives; `ponged` says when it answered."""
        self._tokens += 1
        self._pings[self._tokens] = None
        self.conversation.ping(self._tokens)
        return self._tokens

    def ponged(self, token: int) -> Optional[float]:
        """When a ping was answered, None if it was not yet. An answer is told once."""
        answered = self._pings.get(token)
        if answered is not None:
            del self._pings[token]
        return answered

    # What the connection does.

    def receive(self, data: bytes) -> None:
        """Takes bytes from the server."""
        now = self._heard_at = self._now
        self._asked_at = None
        for event in self.conversation.receive(data, now):
            self._take(event)
        self._note_debt()

    def lose(self, text: str) -> None:
        """The connection is gone: every call fails at once. If the server said why before, that is the reason."""
        if self.lost:
            return
        self._lose(self._verdict() or MeteError(Status.UNAVAILABLE, "connection_lost", text))

    def close(self) -> None:
        """The application is done with the connection."""
        if not self.lost:
            self._lose(MeteError(Status.CANCELLED, "client_closed", "the client was closed"))

    def poll(self) -> None:
        """Does what time alone demands: gives up on a silent server, and asks a quiet one whether it lives."""
        now = self._now
        if self.lost:
            return
        for call in list(self.calls.values()):
            if call.expires_at is not None and call.expires_at <= now:
                self._expire(call)
        if self._settle_at is not None and self._settle_at <= now:
            self._settle_at = None
            self.conversation.settle()
        if self._asked_at is not None and self._asked_at + self._keepalive <= now:
            self.lose(f"no answer to a PING for {self._keepalive} s")
        elif self._asked_at is None and self._heard_at + self._quiet() <= now:
            self._asked_at = now
            self.conversation.ping(0)

    def wake_at(self) -> float:
        """When `poll` has to be called at the latest."""
        times = [call.expires_at for call in self.calls.values() if call.expires_at is not None]
        if self._settle_at is not None:
            times.append(self._settle_at)
        quiet_at = self._heard_at + self._quiet()
        times.append(quiet_at if self._asked_at is None else self._asked_at + self._keepalive)
        return min(times)

    def take_output(self) -> bytes:
        """Bytes to write."""
        output = self.conversation.take_output()
        self._taken_bytes += len(output)
        return output

    def wrote(self, count: int) -> None:
        """The socket took so many bytes of the output."""
        self._written_bytes += count

    def take_touched(self) -> List[CallState]:
        """The calls whose state changed since the last time."""
        touched = list(self._touched)
        self._touched.clear()
        return touched

    # Inside.

    @property
    def _now(self) -> float:
        return self._clock()

    def _note_debt(self) -> None:
        if self._settle_at is None and self.conversation.owes_credit:
            self._settle_at = self._now + SETTLE

    def _verdict(self) -> Optional[MeteError]:
        """The connection error that the server announced with GOAWAY; draining and a plain goodbye are none."""
        if not self._goaway or self._goaway.status == Status.OK:
            return None
        detail = self._goaway.text.partition(":")[0]
        return None if detail == "draining" else MeteError(self._goaway.status, detail, self._goaway.text)

    def _quiet(self) -> float:
        """Seconds of silence after which to ask: soon if a call waits, else in time for the server's idle limit."""
        idle = self.conversation.peer_limits.idle_ms / 2000
        if self.calls or not self.greeted or not idle:
            return self._keepalive
        return max(0.1, idle)

    def _take(self, event: ClientEvent) -> None:
        if isinstance(event, Greeted):
            self.greeted = True
        elif isinstance(event, Ponged):
            if event.token in self._pings:
                self._pings[event.token] = self._now
        elif isinstance(event, GoingAway):
            self._goaway = event.goaway
            self._turn_away(event.goaway.last_stream)
        elif isinstance(event, Failed):
            error = event.error
            self._lose(MeteError(error.status, error.detail, f"the server broke the protocol: {error.text}"))
        elif isinstance(event, Credited) and event.stream == 0:
            for call in list(self.calls.values()):
                self._pump(call)
                self._touched.add(call)
        else:
            call_of = self.calls.get(event.stream)
            if call_of:
                self._take_for(call_of, event)

    def _turn_away(self, last_stream: int) -> None:
        """Calls above `last_stream` were never taken; they need not wait to hear so one by one."""
        for call in list(self.calls.values()):
            if call.stream > last_stream and call.end is None and not call.cancelled:
                call.lost = self.refusal()
                self._finish(call)

    def _take_for(self, call: CallState, event: ClientEvent) -> None:
        self._touched.add(call)
        if isinstance(event, Received):
            call.arrived.append((event.message, event.size))
        elif isinstance(event, Credited):
            self._pump(call)
        elif isinstance(event, Ended):
            call.end = event.end
            call.source = None
            call.waiting.clear()
            call.expires_at = self._now + GRACE
        elif isinstance(event, Billed):
            call.bill = event.bill
            self._finish(call)

    def _pump(self, call: CallState) -> None:
        """Sends from the call's source until it is empty or credit is."""
        while call.source is not None:
            if not call.waiting:
                try:
                    call.waiting.append(next(call.source))
                except StopIteration:
                    call.source = None
                    self.conversation.half_close(call.stream)
                    return
            try:
                if not self.send(call, call.waiting[0]):
                    return
            except (MeteError, TypeError, ValueError, OverflowError) as error:
                self.give_up(call, error)
                return
            call.waiting.popleft()

    def give_up(self, call: CallState, error: Exception) -> None:
        """The client cannot go on with a call, for its own reason, which the caller is told when the bill is there."""
        call.fault = call.fault or error
        self._cancel(call)

    def _cancel(self, call: CallState) -> None:
        if call.over:
            return
        call.cancelled = True
        call.source = None
        call.waiting.clear()
        call.expires_at = self._now + GRACE
        self.conversation.cancel(call.stream)
        self._touched.add(call)

    def _expire(self, call: CallState) -> None:
        """The server owes something for too long; the call is over without it."""
        if call.end is None:
            self.conversation.cancel(call.stream)
            status = Status.CANCELLED if call.cancelled else Status.DEADLINE_EXCEEDED
            detail = "cancelled" if call.cancelled else "deadline"
            call.lost = MeteError(status, detail, f"and the server sent no END for {GRACE} s")
        self._finish(call)

    def _finish(self, call: CallState) -> None:
        call.finished = True
        call.source = None
        self.calls.pop(call.stream, None)
        self._touched.add(call)

    def _lose(self, error: MeteError) -> None:
        self.lost = error
        for call in list(self.calls.values()):
            if call.end is None:
                taken = call.opened_at <= self._written_bytes
                call.lost = MeteError(error.status, error.detail, error.text, taken=taken)
            self._finish(call)
