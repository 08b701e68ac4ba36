"""The synchronous client against the probe server, on Unix and TCP sockets."""

from __future__ import annotations

import gc
import queue
import threading
from typing import Iterator, List

import pytest

import mete
from mete import CallOptions, MeteError, Status
from mete.wire.limits import Limits

from .probe_server import ProbeServer


def test_generation_streams_and_bills(server: ProbeServer) -> None:
    with mete.connect(server.address) as client:
        stream = client.generate("hello", model="probe", max_tokens=3)
        assert [(t.id, t.text, t.logprob) for t in stream] == [(0, "w0 ", -0.5), (1, "w1 ", -0.5), (2, "w2 ", -0.5)]
        assert stream.finish == "length"
        assert stream.bill and stream.bill.tokens_out == 3 and stream.bill.model == "probe"


def test_text_joins_what_was_and_was_not_iterated(server: ProbeServer) -> None:
    with mete.connect(server.address) as client:
        stream = client.generate("hello", max_tokens=4)
        assert next(stream).text == "w0 "
        assert stream.text() == "w0 w1 w2 w3 "


def test_options_and_parameters_reach_the_server(unix_server: ProbeServer) -> None:
    call = bytes(range(16))
    options = CallOptions(call=call, effort=0.5, effort_min=0.25, macs_max=10, cost_max=20, metadata={"trace": "x"})
    with mete.connect(unix_server.address) as client:
        stream = client.generate(
            "silent", "m", max_tokens=1, temperature=0.5, top_k=3, top_p=0.9, min_p=0.1, repetition_penalty=1.1, seed=7,
            stop=["a"], chat=True, system="s", ignore_eos=True, deadline=9.0, options=options,
        )  # fmt: skip
        unix_server.wait_until(lambda: unix_server.connections and unix_server.connections[0].calls)
        (seen,) = unix_server.connections[0].calls.values()
        stream.close()
    assert 0 < seen.options.pop("deadline_ms") <= 9000
    assert seen.options == {
        "call": call, "model": "m", "effort": 0.5, "effort_min": 0.25, "macs_max": 10, "cost_max": 20,
        "params": {
            "max_tokens": 1, "temperature": 0.5, "top_k": 3, "top_p": 0.9, "min_p": 0.1, "repetition_penalty": 1.1,
            "seed": 7, "stop": ["a"], "format": "chat", "system": "s", "ignore_eos": True,
        },
    }  # fmt: skip


def test_predictions_come_while_the_input_is_still_being_made(server: ProbeServer) -> None:
    pieces: queue.Queue[str] = queue.Queue()

    def typed() -> Iterator[str]:
        for piece in iter(pieces.get, ""):
            yield piece

    with mete.connect(server.address) as client:
        stream = client.predict(typed())
        seen: List[int] = []
        for word in ("ab", "c", "def"):
            pieces.put(word)
            for letter in word:
                prediction = next(stream)
                assert prediction.id == ord(letter)
                assert prediction.candidates == [mete.Candidate(ord(letter) + 1, -0.25)]
                seen.append(prediction.position)
        pieces.put("")
        assert list(stream) == [] and seen == [0, 1, 2, 3, 4, 5]
        assert stream.bill


def test_an_input_that_raises_fails_the_call_with_its_own_exception(server: ProbeServer) -> None:
    def torn() -> Iterator[str]:
        yield "a"
        raise LookupError("the file is gone")

    with mete.connect(server.address) as client:
        stream = client.predict(torn())
        with pytest.raises(LookupError, match="the file is gone"):
            list(stream)
        assert stream.bill and stream.bill.status == Status.CANCELLED


def test_the_small_calls(server: ProbeServer) -> None:
    call = b"usage-bill-call!"
    with mete.connect(server.address) as client:
        vectors = client.embed(["a", "bcd", b"xy", [1, 2, 3, 4]])
        assert vectors == [[0.0, 1.0], [1.0, 3.0], [2.0, 2.0], [3.0, 4.0]]
        assert vectors.bill and vectors.bill.tokens_in == 4
        assert client.embed([]) == []
        labels = client.classify(["tiny", "lengthy"], top_k=1)
        assert labels == [[mete.Label("short", 1.0)], [mete.Label("long", 0.75)]]
        assert client.tokenize("h\u00e9") == list("h\u00e9".encode())
        assert client.tokenize(iter(["a", "b"])) == [97, 98]
        (model,) = client.models()
        assert model == client.describe("probe")
        assert model.tariff == mete.Tariff("EUR", 5) and model.labels == ["short", "long"]
        assert client.health() == "SERVING"
        news = []
        with pytest.raises(MeteError) as gone:
            for health in client.watch_health():
                news.append(health)
        assert news == ["SERVING", "NOT_SERVING"] and gone.value.detail == "draining"
        assert client.reflect().limits == {"streams_max": 100}
        assert client.ping() >= 0
        assert client.echo(["a", b"\xff", [1, 2]]) == ["a", b"\xff", [1, 2]]
        client.embed(["x"], options=CallOptions(call=call))
        bill = client.usage_bill(call)
        assert bill.call == call and bill.method == "Embed" and bill.tokens_in == 1


def test_an_error_carries_status_detail_text_and_bill(server: ProbeServer) -> None:
    with mete.connect(server.address) as client:
        with pytest.raises(MeteError) as caught:
            client.generate("fail").text()
        error = caught.value
        assert (error.status, error.detail, error.text) == (
            Status.OUT_OF_RANGE, "context_too_long", "the prompt is too long",
        )  # fmt: skip
        assert error.bill and error.bill.status == Status.OUT_OF_RANGE
        assert "OUT_OF_RANGE (context_too_long)" in str(error)
        with pytest.raises(MeteError) as caught:
            client.describe("nobody")
        assert caught.value.detail == "unknown_model"


def test_closing_a_stream_cancels_it_and_the_bill_still_comes(server: ProbeServer) -> None:
    with mete.connect(server.address) as client:
        with client.generate("forever") as stream:
            for token in stream:
                if token.id == 5:
                    break
        assert stream.bill and stream.bill.status == Status.CANCELLED
        assert stream.bill.tokens_out >= 6
        assert list(stream) == []
        assert client.health() == "SERVING"


def test_a_stream_that_nobody_holds_is_cancelled(unix_server: ProbeServer) -> None:
    with mete.connect(unix_server.address) as client:
        stream = client.generate("forever")
        next(stream)
        del stream
        gc.collect()
        unix_server.wait_until(lambda: unix_server.connections[0].cancelled == [1])
        assert client.health() == "SERVING"


def test_a_stream_outlives_the_name_of_its_client(unix_server: ProbeServer) -> None:
    tokens = [token.id for token in mete.connect(unix_server.address).generate("x", max_tokens=50)]
    assert tokens == list(range(50))


def test_the_server_enforces_the_deadline_and_bills(server: ProbeServer) -> None:
    with mete.connect(server.address) as client:
        with pytest.raises(MeteError) as caught:
            client.generate("silent", deadline=0.05).text()
        assert caught.value.status == Status.DEADLINE_EXCEEDED
        assert caught.value.bill and caught.value.bill.status == Status.DEADLINE_EXCEEDED
        with pytest.raises(MeteError) as caught:
            client.generate("silent", deadline=0).text()
        assert caught.value.bill


def test_a_slow_consumer_stops_the_server_at_its_window(server: ProbeServer) -> None:
    limits = Limits(stream_credit=1_000)
    with mete.Client(server.address, limits=limits) as client:
        stream = client.generate("x", max_tokens=2_000)
        quick = client.generate("y", max_tokens=10)
        assert len(list(quick)) == 10
        connection = server.connections[0]
        # A frame of a token is at least 15 bytes, so 1,000 bytes of credit hold fewer than 67 of them.
        assert connection.data_sent < 10 + 67
        assert [token.id for token in stream] == list(range(2_000))


def test_a_large_input_waits_for_the_servers_credit(server: ProbeServer) -> None:
    text = "abcdefgh" * 100_000
    with mete.connect(server.address) as client:
        assert client.tokenize(text) == list(text.encode())
        assert client.tokenize(iter([text])) == list(text.encode())
        texts = [str(i) * 100 for i in range(3_000)]
        assert [vector[1] for vector in client.embed(texts)] == [len(text) for text in texts]


def test_a_server_that_gives_no_credit_is_not_overrun(unix_server: ProbeServer) -> None:
    unix_server.consumes = False
    with mete.connect(unix_server.address) as client:
        stream = client.predict(iter(["x" * 4_000] * 100))
        unix_server.wait_until(lambda: unix_server.connections and len(unix_server.connections[0].received) == 16)
        stream.close()
        assert unix_server.connections[0].conversation.failure is None
        assert stream.bill and stream.bill.status == Status.CANCELLED


def test_a_message_that_can_never_go_is_refused_at_once(unix_server: ProbeServer) -> None:
    with mete.connect(unix_server.address) as client:
        with pytest.raises(MeteError) as caught:
            client.embed(["fits", "x" * 40_000])
        assert caught.value.detail == "message_too_large"
        assert caught.value.bill and caught.value.bill.status == Status.CANCELLED
        with pytest.raises(OverflowError):
            client.embed([[2**70]])
        assert client.health() == "SERVING"


def test_more_calls_than_streams_wait_their_turn(server: ProbeServer) -> None:
    server.limits = Limits(streams_max=4)
    with mete.connect(server.address) as client:
        done: List[str] = []

        def work() -> None:
            for _ in range(10):
                done.append(client.generate("x", max_tokens=20).text())

        threads = [threading.Thread(target=work) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(done) == 120 and len(set(done)) == 1


def test_no_free_stream_before_the_deadline_is_an_error(unix_server: ProbeServer) -> None:
    unix_server.limits = Limits(streams_max=1)
    with mete.connect(unix_server.address) as client:
        with client.generate("silent"):
            with pytest.raises(MeteError) as caught:
                client.health(deadline=0.02)
            assert caught.value.status == Status.DEADLINE_EXCEEDED
        assert client.health() == "SERVING"


def test_a_lost_connection_fails_every_call_at_once(server: ProbeServer) -> None:
    client = mete.connect(server.address)
    call = b"lost-connection!"
    first = client.generate("forever", options=CallOptions(call=call))
    second = client.generate("silent")
    assert next(first).id == 0
    # A call that was not sent yet may be tried again, on another connection.
    server.wait_until(lambda: len(server.opened) == 2)
    server.drop()
    for stream in (first, second):
        with pytest.raises(MeteError) as caught:
            list(stream)
        assert (caught.value.status, caught.value.detail) == (Status.UNAVAILABLE, "connection_lost")
        assert caught.value.attempts == 1 and caught.value.taken
    server.wait_until(lambda: call in server.bills)
    assert client.usage_bill(call).tokens_out > 0 and client.ping() >= 0
    assert len(server.connections) == 2
    client.close()


def test_a_draining_connection_finishes_what_runs_while_new_calls_go_to_another(server: ProbeServer) -> None:
    with mete.connect(server.address) as client:
        stream = client.generate("x", max_tokens=30_000)
        next(stream)
        server.connections[0].go_away(Status.UNAVAILABLE, "draining: bye")
        assert client.health() == "SERVING" and len(server.connections) == 2
        assert sum(1 for _ in stream) == 29_999
        server.connections[0].thread.join()
        assert client.health() == "SERVING" and len(server.connections) == 2


def test_closing_the_client_ends_its_calls_with_bills(server: ProbeServer) -> None:
    client = mete.connect(server.address)
    streams = [client.generate("forever") for _ in range(5)]
    client.close()
    for stream in streams:
        assert stream.bill and stream.bill.status == Status.CANCELLED
    with pytest.raises(MeteError) as caught:
        client.health()
    assert caught.value.detail == "client_closed"
    client.close()


def test_nobody_listening_is_unavailable(tmp_path: object) -> None:
    with pytest.raises(MeteError) as caught:
        mete.connect(f"unix:{tmp_path}/nobody.sock")
    assert caught.value.status == Status.UNAVAILABLE


@pytest.mark.parametrize("address", ["", "unix:", "tcp:", "tcp:host", "tcp::1", "tcp:h:0", "tcp:h:65536", "http://x"])
def test_a_bad_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError):
        mete.connect(address)
