"""The asyncio client against the probe server, on Unix and TCP sockets."""

from __future__ import annotations

import asyncio
import gc
from typing import Any, AsyncIterator, Coroutine, List

import pytest

import mete
from mete import AsyncClient, CallOptions, MeteError, Status
from mete.wire.limits import Limits

from .probe_server import ProbeServer


def run(work: Coroutine[Any, Any, None]) -> None:
    """Runs a test's coroutine on a new loop."""
    asyncio.run(work)


def test_generation_streams_and_bills(server: ProbeServer) -> None:
    async def work() -> None:
        async with AsyncClient(server.address) as client:
            stream = await client.generate("hello", model="probe", max_tokens=3)
            assert [(t.id, t.text) async for t in stream] == [(0, "w0 "), (1, "w1 "), (2, "w2 ")]
            assert stream.finish == "length"
            assert stream.bill and stream.bill.tokens_out == 3
            assert await (await client.generate("x", max_tokens=2)).text() == "w0 w1 "

    run(work())


def test_predictions_come_while_the_input_is_still_being_made(server: ProbeServer) -> None:
    async def work() -> None:
        pieces: asyncio.Queue[str] = asyncio.Queue()

        async def typed() -> AsyncIterator[str]:
            while True:
                piece = await pieces.get()
                if not piece:
                    return
                yield piece

        async with AsyncClient(server.address) as client:
            stream = await client.predict(typed())
            for word in ("ab", "c", "def"):
                pieces.put_nowait(word)
                for letter in word:
                    assert (await stream.__anext__()).id == ord(letter)
            pieces.put_nowait("")
            assert [p async for p in stream] == []
            assert stream.bill

    run(work())


def test_an_input_that_raises_fails_the_call_with_its_own_exception(server: ProbeServer) -> None:
    async def torn() -> AsyncIterator[str]:
        yield "a"
        raise LookupError("the file is gone")

    async def work() -> None:
        async with AsyncClient(server.address) as client:
            stream = await client.predict(torn())
            with pytest.raises(LookupError, match="the file is gone"):
                [p async for p in stream]
            assert stream.bill and stream.bill.status == Status.CANCELLED

    run(work())


def test_the_small_calls(server: ProbeServer) -> None:
    call = b"usage-bill-call!"

    async def work() -> None:
        async with AsyncClient(server.address) as client:
            assert await client.embed(["a", "bcd"]) == [[0.0, 1.0], [1.0, 3.0]]
            assert await client.embed([]) == []
            assert await client.classify(["tiny"], top_k=1) == [[mete.Label("short", 1.0)]]
            assert await client.tokenize(iter(["a", "b"])) == [97, 98]
            assert await client.models() == [await client.describe("probe")]
            assert await client.health() == "SERVING"
            watch = await client.watch_health()
            assert await watch.__anext__() == "SERVING"
            await watch.aclose()
            assert (await client.reflect()).version == 1
            assert await client.ping() >= 0
            assert await client.echo(["a", [1]]) == ["a", [1]]
            await client.embed(["x"], options=CallOptions(call=call))
            assert (await client.usage_bill(call)).call == call

    run(work())


def test_an_error_carries_its_bill(server: ProbeServer) -> None:
    async def work() -> None:
        async with AsyncClient(server.address) as client:
            with pytest.raises(MeteError) as caught:
                await (await client.generate("fail")).text()
            assert caught.value.detail == "context_too_long" and caught.value.bill

    run(work())


def test_cancelling_a_task_cancels_its_call_and_the_bill_still_comes(server: ProbeServer) -> None:
    async def work() -> None:
        async with AsyncClient(server.address) as client:
            stream = await client.generate("silent")
            task = asyncio.create_task(stream.text())
            await client.ping()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await stream.aclose()
            assert stream.bill and stream.bill.status == Status.CANCELLED
            assert server.connections[0].cancelled == [1]

    run(work())


def test_a_timeout_around_a_call_cancels_it(server: ProbeServer) -> None:
    async def work() -> None:
        async with AsyncClient(server.address) as client:
            stream = await client.generate("silent")
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(stream.text(), 0.02)
            await stream.aclose()
            assert stream.bill and stream.bill.status == Status.CANCELLED

    run(work())


def test_leaving_the_block_cancels(server: ProbeServer) -> None:
    async def work() -> None:
        async with AsyncClient(server.address) as client:
            async with await client.generate("forever") as stream:
                async for token in stream:
                    if token.id == 5:
                        break
            assert stream.bill and stream.bill.status == Status.CANCELLED

    run(work())


def test_a_stream_that_nobody_holds_is_cancelled(unix_server: ProbeServer) -> None:
    async def work() -> None:
        async with AsyncClient(unix_server.address) as client:
            stream = await client.generate("forever")
            await stream.__anext__()
            del stream
            gc.collect()
            while unix_server.connections[0].cancelled != [1]:
                await client.ping()
                await asyncio.sleep(0.2)

    run(work())


def test_the_server_enforces_the_deadline_and_bills(server: ProbeServer) -> None:
    async def work() -> None:
        async with AsyncClient(server.address) as client:
            for deadline in (0.05, 0):
                with pytest.raises(MeteError) as caught:
                    await (await client.generate("silent", deadline=deadline)).text()
                assert caught.value.status == Status.DEADLINE_EXCEEDED and caught.value.bill

    run(work())


def test_a_slow_consumer_stops_the_server_at_its_window(server: ProbeServer) -> None:
    async def work() -> None:
        async with AsyncClient(server.address, limits=Limits(stream_credit=1_000)) as client:
            stream = await client.generate("x", max_tokens=2_000)
            assert len([t async for t in await client.generate("y", max_tokens=10)]) == 10
            assert server.connections[0].data_sent < 10 + 67
            assert [token.id async for token in stream] == list(range(2_000))

    run(work())


def test_a_large_input_waits_for_the_servers_credit(server: ProbeServer) -> None:
    text = "abcdefgh" * 50_000

    async def work() -> None:
        async with AsyncClient(server.address) as client:
            assert await client.tokenize(text) == list(text.encode())
            assert await client.tokenize(iter([text])) == list(text.encode())

    run(work())


def test_many_calls_at_once(server: ProbeServer) -> None:
    server.limits = Limits(streams_max=10)

    async def work() -> None:
        async with AsyncClient(server.address) as client:

            async def one(number: int) -> str:
                return await (await client.generate(str(number), max_tokens=30)).text()

            answers: List[str] = await asyncio.gather(*[one(i) for i in range(200)])
            assert len(set(answers)) == 1

    run(work())


def test_a_lost_connection_fails_every_call_at_once(server: ProbeServer) -> None:
    async def work() -> None:
        async with AsyncClient(server.address) as client:
            first = await client.generate("forever")
            second = await client.generate("silent")
            await first.__anext__()
            server.drop()
            for stream in (first, second):
                with pytest.raises(MeteError) as caught:
                    [t async for t in stream]
                assert (caught.value.status, caught.value.detail) == (Status.UNAVAILABLE, "connection_lost")
            assert await client.health() == "SERVING" and await client.ping() >= 0
            assert len(server.connections) == 2

    run(work())


def test_closing_the_client_ends_its_calls_with_bills(server: ProbeServer) -> None:
    async def work() -> None:
        client = await AsyncClient.connect(server.address)
        streams = [await client.generate("forever") for _ in range(5)]
        await client.close()
        for stream in streams:
            assert stream.bill and stream.bill.status == Status.CANCELLED
        with pytest.raises(MeteError):
            await client.health()

    run(work())


def test_nobody_listening_is_unavailable(tmp_path: object) -> None:
    async def work() -> None:
        with pytest.raises(MeteError) as caught:
            await AsyncClient.connect(f"unix:{tmp_path}/nobody.sock")
        assert caught.value.status == Status.UNAVAILABLE

    run(work())
