"""Calls by a method's name, of both clients, against the probe server."""

from __future__ import annotations

import asyncio
from typing import List

import pytest

import mete
from mete import AsyncClient, MeteError, Status
from mete.wire.limits import Limits

from .probe_server import ProbeServer


def test_any_method_with_all_of_its_messages(server: ProbeServer) -> None:
    with mete.connect(server.address) as client:
        stream = client.call("Reflect.Echo", messages=["a", [1, None], {"k": b"\xff"}])
        assert list(stream) == ["a", [1, None], {"k": b"\xff"}]
        assert stream.bill and stream.bill.method == "Reflect.Echo" and stream.attempts == 1
        tokens = client.call("Generate", "probe", params={"max_tokens": 2}, messages=["x"])
        assert [message[1] for message in tokens] == ["w0 ", "w1 "] and tokens.metadata["finish"] == "length"


def test_messages_go_one_by_one_until_the_half_close(server: ProbeServer) -> None:
    with mete.connect(server.address) as client:
        stream = client.call("Reflect.Echo")
        for number in range(3):
            assert stream.send(number)
            assert next(stream) == number
        stream.half_close()
        assert not stream.send("late")
        assert list(stream) == []
        assert stream.bill and not stream.send("later still")


def test_a_message_that_can_never_go_is_refused_and_the_call_lives(server: ProbeServer) -> None:
    with mete.connect(server.address) as client:
        stream = client.call("Reflect.Echo")
        with pytest.raises(MeteError) as caught:
            stream.send(bytes(100_000))
        assert caught.value.detail == "message_too_large"
        assert stream.send("x")
        stream.half_close()
        assert list(stream) == ["x"]


def test_cancel_ends_the_iteration_with_its_bill(server: ProbeServer) -> None:
    with mete.connect(server.address) as client:
        stream = client.call("Reflect.Echo")
        stream.send("x")
        assert next(stream) == "x"
        stream.cancel()
        with pytest.raises(MeteError) as caught:
            next(stream)
        assert caught.value.status == Status.CANCELLED and caught.value.bill
        assert caught.value.bill.status == Status.CANCELLED


def test_an_unknown_method_is_the_servers_to_refuse(server: ProbeServer) -> None:
    with mete.connect(server.address) as client:
        with pytest.raises(MeteError) as caught:
            list(client.call("No.Such", messages=[]))
        assert caught.value.detail == "unknown_method"


def test_the_asyncio_client_sends_while_another_task_reads(server: ProbeServer) -> None:
    async def work() -> None:
        small = Limits(stream_credit=2_000)
        async with AsyncClient(server.address, limits=small) as client:
            stream = await client.call("Reflect.Echo")

            async def write() -> None:
                for number in range(300):
                    assert await stream.send([number, bytes(500)])
                stream.half_close()
                assert not await stream.send("late")

            writing = asyncio.create_task(write())
            seen: List[int] = [message[0] async for message in stream]
            await writing
            assert seen == list(range(300)) and stream.bill
            whole = await client.call("Reflect.Echo", messages=["a"])
            assert [message async for message in whole] == ["a"] and whole.attempts == 1
            given_up = await client.call("Reflect.Echo")
            given_up.cancel()
            with pytest.raises(MeteError) as caught:
                await given_up.__anext__()
            assert caught.value.status == Status.CANCELLED and caught.value.bill

    asyncio.run(work())
