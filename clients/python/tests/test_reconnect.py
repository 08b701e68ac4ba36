"""Both clients against servers that close, restart, drain and refuse: what is tried again, and what never is."""

from __future__ import annotations

import pathlib
import threading
import time
from typing import Any, Callable, List, Union

import pytest

from mete import MeteError, Retry, Status

from .both_clients import Async, Sync
from .probe_server import ProbeServer
from .raw_server import HELLO, RawServer, drain, frame, read_until_open

Connect = Callable[..., Union[Sync, Async]]
CALL = b"a call of my own"
REFUSED = (Status.RESOURCE_EXHAUSTED, "queue_full", 0)


@pytest.fixture(params=[Sync, Async])
def connect(request: pytest.FixtureRequest) -> Connect:
    """Each client in turn."""
    chosen: Connect = request.param
    return chosen


def fails(call: Callable[[], Any]) -> MeteError:
    """The error of a call."""
    with pytest.raises(MeteError) as caught:
        call()
    return caught.value


def test_a_call_after_the_server_restarted_is_answered(server: ProbeServer, connect: Connect) -> None:
    with connect(server.address) as client:
        assert client.health() == "SERVING"
        server.__exit__()
        client.hear()
        with server.again() as restarted:
            assert client.embed(["abc"]) == [[0.0, 3.0]]
            assert len(restarted.connections) == 1


def test_nobody_there_is_tried_as_often_as_asked_and_said(server: ProbeServer, connect: Connect) -> None:
    with connect(server.address) as client:
        server.__exit__()
        client.hear()
        error = fails(client.health)
        assert (error.status, error.detail, error.attempts) == (Status.UNAVAILABLE, "connection_lost", 4)
        assert not error.taken and "4 attempts" in str(error)
        with server.again():
            assert client.health() == "SERVING"


def test_the_first_connection_fails_fast_unless_asked_otherwise(tmp_path: pathlib.Path, connect: Connect) -> None:
    address = f"unix:{tmp_path}/nobody.sock"
    assert fails(lambda: connect(address)).attempts == 1
    assert fails(lambda: connect(address, Retry(base=0.0, first=3))).attempts == 3


def test_refusals_are_tried_again_with_the_same_id(unix_server: ProbeServer, connect: Connect) -> None:
    unix_server.refusals = [REFUSED, (Status.RESOURCE_EXHAUSTED, "streams_max", 0), (Status.UNAVAILABLE, "draining", 0)]
    with connect(unix_server.address) as client:
        assert client.embed(["abc", "d"], CALL) == [[0.0, 3.0], [1.0, 1.0]]
    assert [options["call"] for options in unix_server.opened] == [CALL] * 4
    assert unix_server.bills[CALL].tokens_in == 2


def test_a_refusal_that_says_when_to_come_back_is_heard(unix_server: ProbeServer, connect: Connect) -> None:
    unix_server.refusals, unix_server.refusal_metadata = [REFUSED], {"retry_after_ms": "80"}
    with connect(unix_server.address) as client:
        begin = time.monotonic()
        assert client.embed(["abc"]) == [[0.0, 3.0]]
        assert time.monotonic() - begin >= 0.08 and len(unix_server.opened) == 2
        unix_server.refusals = [REFUSED]
        error = fails(lambda: client.embed(["abc"], deadline=0.05))
        assert (error.detail, error.attempts, error.retry_after) == ("queue_full", 1, 0.08)


def test_refusals_come_to_an_end(unix_server: ProbeServer, connect: Connect) -> None:
    unix_server.refusals = [REFUSED] * 9
    with connect(unix_server.address) as client:
        error = fails(lambda: client.text("x"))
        assert (error.detail, error.attempts) == ("queue_full", 4) and error.bill
        assert len(unix_server.opened) == 4
        with connect(unix_server.address, Retry(attempts=1)) as other:
            assert fails(lambda: other.text("x")).attempts == 1


@pytest.mark.parametrize("refusal", [(Status.UNAVAILABLE, "draining", 5), (Status.INTERNAL, "internal", 0)])
def test_what_may_have_worked_is_not_tried_again(unix_server: ProbeServer, connect: Connect, refusal: Any) -> None:
    unix_server.refusals = [refusal]
    with connect(unix_server.address) as client:
        error = fails(lambda: client.text("x"))
        assert (error.detail, error.attempts) == (refusal[1], 1)
    assert len(unix_server.opened) == 1


def test_goaway_sends_the_next_call_to_a_new_connection(server: ProbeServer, connect: Connect) -> None:
    with connect(server.address) as client:
        stream = client.first("x")
        server.connections[0].go_away(Status.UNAVAILABLE, "draining: age")
        assert client.health() == "SERVING" and len(server.connections) == 2
        assert client.rest(stream) == "w0 w1 w2 w3 "
        server.connections[0].thread.join()
        assert client.health() == "SERVING" and len(server.connections) == 2


def test_a_call_above_last_stream_is_made_again_elsewhere(server: ProbeServer, connect: Connect) -> None:
    with connect(server.address) as client:
        server.turns_away = 2
        assert client.predict(["ab", "c"])[2].id == ord("c")
        assert len(server.connections) == 3 and len(server.opened) == 3
        server.turns_away = 9
        error = fails(lambda: client.text("x"))
        assert (error.detail, error.attempts, error.taken) == ("draining", 4, False)


def test_a_call_that_may_have_been_taken_is_not_made_again(tmp_path: pathlib.Path, connect: Connect) -> None:
    def script(sock: Any) -> None:
        sock.sendall(HELLO)
        read_until_open(sock)

    with RawServer(tmp_path, script) as raw, connect(raw.address) as client:
        error = fails(client.health)
        assert (error.detail, error.attempts, error.taken) == ("connection_lost", 1, True)


def test_nothing_is_tried_again_after_a_message_came(tmp_path: pathlib.Path, connect: Connect) -> None:
    def script(sock: Any) -> None:
        sock.sendall(HELLO)
        read_until_open(sock)
        sock.sendall(frame(2, 1, [7, "seven", -1.0]))
        sock.sendall(frame(4, 1, 14, "draining", "", {}) + frame(5, 1, {}))
        drain(sock)

    with RawServer(tmp_path, script) as raw, connect(raw.address) as client:
        error = fails(lambda: client.text("x"))
        assert (error.detail, error.attempts) == ("draining", 1)


def test_an_input_that_was_consumed_is_not_sent_again(unix_server: ProbeServer, connect: Connect) -> None:
    unix_server.refusals = [REFUSED]
    with connect(unix_server.address) as client:
        error = fails(lambda: client.predict(iter(["a", "b"])))
        assert (error.detail, error.attempts) == ("queue_full", 1)
        assert len(client.predict(iter(["a", "b"]))) == 2


def test_an_input_that_is_untouched_waits_for_a_connection(server: ProbeServer, connect: Connect) -> None:
    with connect(server.address) as client:
        server.__exit__()
        client.hear()
        assert fails(lambda: client.predict(iter(["a"]))).attempts == 4


def test_the_deadline_spans_all_attempts_and_waits(unix_server: ProbeServer, connect: Connect) -> None:
    unix_server.refusals = [REFUSED] * 2
    with connect(unix_server.address, Retry(attempts=4, base=0.02, seed=1)) as client:
        assert client.embed(["abc"], deadline=30.0) == [[0.0, 3.0]]
        times = [options["deadline_ms"] for options in unix_server.opened]
        assert 30_000 >= times[0] > times[1] > times[2] > 0
        unix_server.refusals = [REFUSED] * 4
    with connect(unix_server.address, Retry(attempts=4, base=1_000, most=1_000)) as client:
        error = fails(lambda: client.health(deadline=30.0))
        assert (error.detail, error.attempts) == ("queue_full", 1)


def test_a_deadline_bounds_the_wait_for_a_connection(tmp_path: pathlib.Path, connect: Connect) -> None:
    release = threading.Event()

    def script(sock: Any) -> None:
        sock.sendall(HELLO)
        release.wait()
        sock.sendall(frame(9, 0, 0, 14, "draining: bye"))
        drain(sock)

    with RawServer(tmp_path, script) as raw, connect(raw.address) as client:
        release.set()
        client.hear()
        # The next connection is never accepted, so its HELLO never comes.
        error = fails(lambda: client.health(deadline=0.05))
        assert (error.status, error.detail, error.taken) == (Status.DEADLINE_EXCEEDED, "deadline", False)


def test_closing_the_client_ends_a_wait_between_attempts(unix_server: ProbeServer) -> None:
    unix_server.refusals = [REFUSED]
    client = Sync(unix_server.address, Retry(base=1_000, most=1_000)).client
    errors: List[MeteError] = []
    thread = threading.Thread(target=lambda: errors.append(fails(client.health)))
    thread.start()
    unix_server.wait_until(lambda: not unix_server.refusals)
    client.close()
    thread.join()
    assert errors[0].detail in ("client_closed", "cancelled", "queue_full")


def test_twenty_threads_over_a_restart_hear_the_truth_once_each(server: ProbeServer) -> None:
    results: List[Any] = []
    per_thread = 40
    begun = threading.Barrier(21)

    def work(client: Sync, number: int) -> None:
        begun.wait()
        for turn in range(per_thread):
            size = number * per_thread + turn + 1
            call = size.to_bytes(16, "little")
            try:
                results.append((call, client.embed(["x" * size], call)))
            except MeteError as error:
                results.append((call, error))

    with Sync(server.address, Retry(attempts=60, base=0.01, most=0.02, seed=3)) as client:
        threads = [threading.Thread(target=work, args=(client, number)) for number in range(20)]
        for thread in threads:
            thread.start()
        begun.wait()
        server.wait_until(lambda: len(results) > 50)
        server.__exit__()
        with server.again() as restarted:
            for thread in threads:
                thread.join()
            check_truth(results, 20 * per_thread, [server, restarted])


def check_truth(results: List[Any], count: int, servers: List[ProbeServer]) -> None:
    """Every call has one outcome; what was answered was done once, and what was not says why."""
    assert sorted(call for call, _ in results) == sorted(size.to_bytes(16, "little") for size in range(1, count + 1))
    done = [call for server in servers for call, bill in server.bills.items() if bill.status == Status.OK]
    for call, outcome in results:
        if isinstance(outcome, MeteError):
            # Written to the server that went: only such a call may fail, and it says that it may have been done.
            assert (outcome.detail, outcome.taken) == ("connection_lost", True), outcome
        else:
            assert outcome == [[0.0, float(int.from_bytes(call, "little"))]] and done.count(call) == 1
    assert any(not isinstance(outcome, MeteError) for _, outcome in results[-20:])
    assert servers[1].connections
