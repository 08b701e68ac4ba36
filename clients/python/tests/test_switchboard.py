"""The switchboard under a clock of the test's own: whatever a server leaves out, no call waits for ever."""

from __future__ import annotations

import random
from typing import Any, List, Optional

import pytest

from mete.call import CallState
from mete.errors import MeteError
from mete.requests import messages_of, request
from mete.status import Status
from mete.switchboard import GRACE, Switchboard
from mete.wire.client import ClientConversation
from mete.wire.decode import decode
from mete.wire.frames import Cancel, Credit, Data, Frame, Goaway, HalfClose, Ping
from mete.wire.limits import Limits
from mete.wire.reader import FrameReader

from .raw_server import HELLO, frame

END = frame(4, 1, 0, "ok", "", {})
BILL = frame(5, 1, {"tokens_out": 1})


class Bench:
    """A switchboard with a clock that stands still."""

    def __init__(self, hello: bytes = HELLO, keepalive: float = 20.0) -> None:
        self.now = 0.0
        self.board = Switchboard(lambda: self.now, keepalive)
        self.board.receive(hello)
        self.board.take_output()

    def open(self, deadline: Optional[float] = None) -> CallState:
        """Opens a call."""
        call = self.board.open(request("Generate", str, deadline=deadline))
        self.board.take_output()
        return call

    def sent(self) -> List[Frame]:
        """What was written since the last time."""
        reader = FrameReader(2**20)
        reader.feed(self.board.take_output())
        bodies = iter(reader.next_body, None)
        return [decode(body, Limits()) for body in bodies if body]

    def move_to(self, now: float) -> None:
        """Moves the clock and lets the board look at it."""
        assert self.board.wake_at() <= now
        self.now = now
        self.board.poll()


def fault(call: CallState) -> MeteError:
    """The MeteError of a call that is over."""
    assert call.finished and isinstance(call.error, MeteError)
    return call.error


def test_a_deadline_that_the_server_forgets_ends_here() -> None:
    bench = Bench()
    call = bench.open(deadline=3)
    assert bench.board.wake_at() == 3 + GRACE
    bench.move_to(3 + GRACE)
    assert fault(call).status == Status.DEADLINE_EXCEEDED
    assert bench.sent() == [Cancel(1)]
    assert not bench.board.calls


def test_a_cancel_that_the_server_forgets_ends_here() -> None:
    bench = Bench()
    call = bench.open()
    bench.board.cancel(call)
    assert bench.sent() == [Cancel(1)] and not call.finished
    bench.move_to(GRACE)
    assert fault(call).status == Status.CANCELLED


def test_an_end_without_its_bill_is_an_end() -> None:
    bench = Bench()
    call = bench.open()
    bench.board.receive(END)
    assert not call.finished
    bench.move_to(GRACE)
    assert call.finished and call.error is None and call.bill is None
    bench.board.receive(BILL)
    assert bench.board.lost is None


def test_a_silent_server_is_asked_and_then_given_up() -> None:
    bench = Bench(keepalive=10)
    call = bench.open()
    bench.move_to(10)
    assert bench.sent() == [Ping(False, 0)] and not call.finished
    bench.move_to(20)
    assert fault(call).detail == "connection_lost"
    with pytest.raises(MeteError):
        bench.open()


def test_an_answer_to_the_ping_keeps_the_call() -> None:
    bench = Bench(keepalive=10)
    call = bench.open()
    bench.move_to(10)
    bench.board.receive(frame(8, 0, True, 0))
    bench.move_to(20)
    assert not call.finished


def test_an_idle_connection_is_kept_alive_in_time_for_the_servers_limit() -> None:
    bench = Bench(frame(0, 0, {"versions": [1], "limits": {"idle_ms": 60_000}}))
    assert bench.board.wake_at() == 30
    bench.move_to(30)
    assert bench.sent() == [Ping(False, 0)]


def test_the_servers_reason_outlives_the_connection() -> None:
    bench = Bench()
    call = bench.open()
    bench.board.receive(frame(9, 0, 1, 8, "slow_reader: too many frames unread"))
    bench.board.lose("closed")
    assert (fault(call).status, fault(call).detail) == (Status.RESOURCE_EXHAUSTED, "slow_reader")


def test_a_call_after_the_servers_verdict_hears_it() -> None:
    bench = Bench()
    bench.board.receive(frame(9, 0, 0, 8, "connections_max: 3"))
    with pytest.raises(MeteError) as caught:
        bench.open()
    assert caught.value.detail == "connections_max"


def test_sources_go_out_as_credit_comes_and_then_half_close() -> None:
    bench = Bench(frame(0, 0, {"versions": [1], "limits": {"stream_credit": 100}}))
    call = bench.open()
    bench.board.send_all(call, iter([b"x" * 40] * 3))
    assert bench.sent() == [Data(1, b"x" * 40)] * 2
    bench.board.receive(frame(7, 1, 100))
    assert bench.sent() == [Data(1, b"x" * 40), HalfClose(1)]


def test_an_end_stops_the_source() -> None:
    bench = Bench(frame(0, 0, {"versions": [1], "limits": {"stream_credit": 100}}))
    call = bench.open()
    bench.board.send_all(call, iter([b"x" * 40] * 1_000))
    bench.sent()
    bench.board.receive(END + frame(7, 0, 100_000) + BILL)
    assert bench.sent() == [] and call.finished and call.source is None


def test_credit_that_was_received_is_given_back_in_full() -> None:
    bench = Bench()
    call = bench.open()
    message = frame(2, 1, b"x" * 1_000)
    given = {0: 0, 1: 0}
    for _ in range(1_000):
        bench.board.receive(message)
        bench.board.take(call)
        for credit in bench.sent():
            given[credit.stream] += credit.bytes  # type: ignore[union-attr]
    size = 1_000 * (len(message) - 4)
    assert size - 65_536 // 4 < given[1] <= size
    assert size - 1_048_576 // 4 < given[0] <= size


def test_credit_is_given_back_after_a_second_however_little_it_is() -> None:
    bench = Bench()
    call = bench.open()
    message = frame(2, 1, "x")
    bench.board.receive(message)
    bench.board.take(call)
    assert bench.sent() == [] and bench.board.wake_at() == 1
    bench.move_to(1)
    assert bench.sent() == [Credit(0, len(message) - 4), Credit(1, len(message) - 4)]
    assert bench.board.wake_at() > 1


@pytest.mark.parametrize("over", ["ended", "cancelled"])
def test_a_stream_that_is_over_gives_its_unread_data_back_once(over: str) -> None:
    bench = Bench()
    call = bench.open()
    message = frame(2, 1, b"x" * 1_000)
    for _ in range(10):
        bench.board.receive(message)
    if over == "ended":
        bench.board.receive(END + BILL)
        assert call.finished and len(call.arrived) == 10
    else:
        bench.board.cancel(call)
    while call.arrived:
        bench.board.take(call)
    bench.move_to(1)
    credits = [frame for frame in bench.sent() if isinstance(frame, Credit)]
    assert credits == [Credit(0, 10 * (len(message) - 4))]


def test_unread_answers_starve_no_other_call() -> None:
    bench = Bench()
    message = b"x" * 60_000
    for stream in range(1, 40):
        bench.board.open(request("Generate", str))
        bench.board.receive(frame(2, stream, message) + frame(4, stream, 0, "ok", "", {}) + frame(5, stream, {}))
    assert bench.board.lost is None


def test_a_server_that_errs_is_told_so() -> None:
    bench = Bench()
    bench.open()
    bench.board.receive(frame(10, 0))
    (goaway,) = bench.sent()
    assert isinstance(goaway, Goaway) and goaway.last_stream == 0
    assert goaway.status == Status.UNIMPLEMENTED and goaway.text.startswith("unknown_kind:")


@pytest.mark.parametrize("seed", range(200))
def test_no_bytes_raise_or_leave_a_call_hanging(seed: int) -> None:
    dice = random.Random(seed)
    good = b"".join(
        [HELLO, frame(2, 1, [1, "a", -0.5]), frame(7, 0, 5), frame(8, 0, False, 9), frame(2, 1, "x"), END, BILL]
    )
    bad = bytearray(good)
    for _ in range(dice.randrange(1, 4)):
        bad[dice.randrange(len(bad))] = dice.randrange(256)
    cut = dice.randrange(len(bad))
    board = Switchboard(lambda: 0.0)
    call = board.open(request("Generate", str))
    board.receive(bytes(bad[:cut]))
    board.receive(bytes(bad[cut:]))
    board.lose("the end")
    assert call.finished and not board.calls


@pytest.mark.parametrize("seed", range(100))
def test_any_chunking_gives_the_same_events(seed: int) -> None:
    dice = random.Random(seed)
    values: List[Any] = [dice.choice([i, str(i) * i, [i], {"a": i}, b"x" * i, None, -i / 3]) for i in range(40)]
    data = HELLO + b"".join(frame(2, 1, value) for value in values) + END + BILL
    whole, parts = ClientConversation(), ClientConversation()
    for conversation in (whole, parts):
        conversation.open("M", {}, {})
    expected = whole.receive(data, 0)
    events: List[Any] = []
    while data:
        count = dice.randrange(1, 60)
        events += parts.receive(data[:count], 0)
        data = data[count:]
    assert events == expected and len(events) == 43


def test_pieces_are_cut_without_loss() -> None:
    text = "\U0001f469" * 10_000
    parts = list(messages_of(text))
    assert "".join(parts) == text and max(len(part.encode()) for part in parts) <= 16_384
    assert b"".join(messages_of(bytes(40_000))) == bytes(40_000)
    assert sum(messages_of(range(5_000)), []) == list(range(5_000))
    assert list(messages_of("")) == [""]
