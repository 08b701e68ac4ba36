"""Servers that break the protocol or vanish: both clients fail every call with a reason, and never hang."""

from __future__ import annotations

import asyncio
import pathlib
import socket
from typing import Callable

import pytest

import mete
from mete import AsyncClient, MeteError, Retry, Status

from .raw_server import HELLO, RawServer, drain, frame, read_until_open

Ask = Callable[[str], None]


def ask_sync(address: str) -> None:
    """One call of the sync client."""
    with mete.Client(address, timeout=1, retry=Retry(attempts=1)) as client:
        client.generate("x").text()


def ask_async(address: str) -> None:
    """One call of the asyncio client."""

    async def work() -> None:
        async with AsyncClient(address, timeout=1, retry=Retry(attempts=1)) as client:
            await (await client.generate("x")).text()

    asyncio.run(work())


@pytest.fixture(params=[ask_sync, ask_async])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Each client in turn."""
    asker: Ask = request.param
    return asker


def meet(folder: pathlib.Path, ask: Ask, script: Callable[[socket.socket], None]) -> MeteError:
    """The error that a client raises when it calls this server."""
    with RawServer(folder, script) as server:
        with pytest.raises(MeteError) as caught:
            ask(server.address)
    return caught.value


WRONG = {
    "garbage": (b"\x00\x00\x00\x03abc", "malformed_frame"),
    "a huge length": (b"\xff\xff\xff\xff", "frame_too_large"),
    "an unknown kind": (frame(10, 0), "unknown_kind"),
    "a second hello": (HELLO, "hello_expected"),
    "an end for nobody": (frame(4, 9, 0, "ok", "", {}), "stream_id"),
    "a bill without an end": (frame(5, 1, {}), "malformed_frame"),
    "an open": (frame(1, 1, "M", {}, {}), "wrong_direction"),
    "credit of nothing": (frame(7, 0, 0), "credit_overflow"),
    "data without credit": (frame(2, 1, [0, "x" * 70_000, -1.0]), "credit_overrun"),
    "pings without end": (frame(8, 0, False, 1) * 13, "ping_flood"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_broken_frame_fails_the_call_with_its_detail(tmp_path: pathlib.Path, ask: Ask, name: str) -> None:
    wire, detail = WRONG[name]

    def script(sock: socket.socket) -> None:
        sock.sendall(HELLO)
        read_until_open(sock)
        sock.sendall(wire)
        drain(sock)

    assert meet(tmp_path, ask, script).detail == detail


def test_another_version_is_refused_at_connect(tmp_path: pathlib.Path, ask: Ask) -> None:
    def script(sock: socket.socket) -> None:
        sock.sendall(frame(0, 0, {"versions": [2]}))
        drain(sock)

    assert meet(tmp_path, ask, script).detail == "version_unsupported"


def test_no_hello_is_unavailable(tmp_path: pathlib.Path, ask: Ask) -> None:
    error = meet(tmp_path, ask, drain)
    assert error.status == Status.UNAVAILABLE and "HELLO" in error.text


def test_closing_before_hello_is_unavailable(tmp_path: pathlib.Path, ask: Ask) -> None:
    assert meet(tmp_path, ask, lambda sock: None).status == Status.UNAVAILABLE


def test_a_full_server_says_so(tmp_path: pathlib.Path, ask: Ask) -> None:
    def script(sock: socket.socket) -> None:
        sock.sendall(HELLO + frame(9, 0, 0, 8, "connections_max: 3"))

    error = meet(tmp_path, ask, script)
    assert (error.status, error.detail) == (Status.RESOURCE_EXHAUSTED, "connections_max")


def test_the_goaway_of_a_failing_server_is_the_reason(tmp_path: pathlib.Path, ask: Ask) -> None:
    def script(sock: socket.socket) -> None:
        sock.sendall(HELLO)
        read_until_open(sock)
        sock.sendall(frame(9, 0, 1, 3, "malformed_frame: says who"))

    error = meet(tmp_path, ask, script)
    assert (error.status, error.detail) == (Status.INVALID_ARGUMENT, "malformed_frame")


def test_a_crash_in_the_middle_of_a_frame_is_unavailable(tmp_path: pathlib.Path, ask: Ask) -> None:
    def script(sock: socket.socket) -> None:
        sock.sendall(HELLO)
        read_until_open(sock)
        sock.sendall(frame(2, 1, [0, "half", -1.0])[:-3])

    error = meet(tmp_path, ask, script)
    assert (error.status, error.detail) == (Status.UNAVAILABLE, "connection_lost")


@pytest.mark.parametrize("message", [None, 5, "x", [], [1, 2], [1, 2, 3], ["1", "t", 0.5], [1, "t", "x"], {"a": 1}])
def test_an_answer_of_a_wrong_shape_is_a_bad_reply_with_a_bill(
    tmp_path: pathlib.Path, ask: Ask, message: object
) -> None:
    def script(sock: socket.socket) -> None:
        sock.sendall(HELLO)
        read_until_open(sock)
        sock.sendall(frame(2, 1, message))
        sock.sendall(frame(4, 1, 1, "cancelled", "", {}) + frame(5, 1, {"tokens_out": 1}))
        drain(sock)

    error = meet(tmp_path, ask, script)
    assert (error.status, error.detail) == (Status.INTERNAL, "bad_reply")
    assert error.bill and error.bill.tokens_out == 1


def test_a_status_of_a_later_protocol_is_unknown(tmp_path: pathlib.Path, ask: Ask) -> None:
    def script(sock: socket.socket) -> None:
        sock.sendall(HELLO)
        read_until_open(sock)
        sock.sendall(frame(4, 1, 99, "later", "", {}) + frame(5, 1, {}))
        drain(sock)

    error = meet(tmp_path, ask, script)
    assert (error.status, error.detail) == (Status.UNKNOWN, "later") and error.bill
