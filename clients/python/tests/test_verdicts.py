"""Classified streams, of both clients, against the probe server; and how their messages read."""

from __future__ import annotations

import asyncio
import queue
from typing import Any, AsyncIterator, Iterator, List

import pytest

import mete
from mete import AsyncClient, CallOptions, Label, Verdict, Watch
from mete.requests import read_verdict

from .probe_server import ProbeServer

TEXT = "a stream of considerable words"


def test_verdicts_come_while_the_input_is_still_being_made(server: ProbeServer) -> None:
    pieces: queue.Queue[str] = queue.Queue()

    def typed() -> Iterator[str]:
        yield from iter(pieces.get, "")

    with mete.connect(server.address) as client:
        stream = client.classify_stream(typed(), text=True)
        for piece in ("a str", "eam", " "):
            pieces.put(piece)
        first, second = next(stream), next(stream)
        assert first == Verdict(0, 7, 2, [Label("short", 0.95), Label("long", 0.05)], 1, 2, 0.5, "a")
        assert (second.text, second.label, second.confidence) == (" stream", "short", 0.7)
        pieces.put("of")
        pieces.put("")
        assert [verdict.text for verdict in stream] == [" of"]
        assert stream.finish is None and stream.bill and stream.bill.method == "ClassifyStream"


def test_text_is_there_if_it_was_asked_for(server: ProbeServer) -> None:
    with mete.connect(server.address) as client:
        assert {verdict.text for verdict in client.classify_stream(TEXT, top_k=1)} == {None}
        (label,) = [verdict.scores for verdict in client.classify_stream("a", top_k=1)]
        assert label == [Label("short", 0.95)]


def test_a_watch_may_end_the_call(server: ProbeServer) -> None:
    with mete.connect(server.address) as client:
        stream = client.classify_stream(TEXT, watch=Watch("long", 0.2, end=True))
        assert [verdict.position for verdict in stream] == [1] and stream.finish == "watch"
        stream = client.classify_stream(TEXT, watch=Watch("long", 0.2, tokens=2))
        assert [verdict.position for verdict in stream] == [4] and stream.finish is None


PARAMS = {
    "top_k": 2, "score_min": 0.1, "policy": "propagate", "refine": True, "window": 32, "stride": 2, "text": False,
    "special": False, "max_tokens": 99, "tau": 0.1, "threshold": 0.9, "first_exit": 3,
}  # fmt: skip
WATCH = {"label": "long", "above": 0.5, "tokens": 3, "end": True}


def test_parameters_reach_the_server(unix_server: ProbeServer) -> None:
    async def work() -> None:
        async with AsyncClient(unix_server.address) as client:
            stream = await client.classify_stream("a", "m", watch=Watch("long", 0.5, 3, True), **PARAMS)  # type: ignore[arg-type]
            assert len([verdict async for verdict in stream]) == 0
            await client.classify(["a"], tau=0.1, threshold=0.9, first_exit=3)

    with mete.connect(unix_server.address) as client:
        list(client.classify_stream("a", "m", watch=Watch("long", 0.5, 3, True), **PARAMS))  # type: ignore[arg-type]
        client.classify(["a"], tau=0.1, threshold=0.9, first_exit=3)
        client.classify(["a"], options=CallOptions(effort_min=1))
    asyncio.run(work())
    first, second, floor, third, fourth = unix_server.opened
    assert first["params"] == third["params"] == {**PARAMS, "watch": WATCH}
    assert second["params"] == fourth["params"] == {"input": "each", "tau": 0.1, "threshold": 0.9, "first_exit": 3}
    assert type(floor["effort_min"]) is float and not any(key.startswith("effort") for own in (first, third) for key in own)


def test_the_asyncio_client_takes_an_async_input(server: ProbeServer) -> None:
    async def typed() -> AsyncIterator[str]:
        for piece in ("a str", "eam ", "of"):
            yield piece

    async def work() -> None:
        async with AsyncClient(server.address) as client:
            stream = await client.classify_stream(typed(), text=True)
            assert [verdict.text async for verdict in stream] == ["a", " stream", " of"]
            watched = await client.classify_stream(TEXT, watch=Watch("long", 0.2, end=True))
            assert [verdict.position async for verdict in watched] == [1] and watched.finish == "watch"

    asyncio.run(work())


def test_an_answer_that_a_budget_cut_short_says_so(unix_server: ProbeServer) -> None:
    with mete.connect(unix_server.address) as client:
        answer = client.classify(["a", "b"], options=CallOptions(macs_max=1))
        assert len(answer) == 1 and answer.finish == "budget"
        assert client.classify(["a", "b"]).finish is None


@pytest.mark.parametrize("wrong", [
    [], [0, 1, 2], [0, 1, 2, [], 3, 4, 1], [0, 1, 2, [["a", 1]], 3, None, 1], ["0", 1, 2, [["a", 1]], 3, 4, 1],
    [0, 1, 2, ["a"], 3, 4, 1], [0, 1, 2, [["a", 1]], 3, 4, "x"], 7,
])  # fmt: skip
def test_what_is_no_verdict_is_refused(wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        read_verdict(wrong)


def test_a_verdict_may_grow_behind_its_text() -> None:
    messages: List[Any] = [[0, 1, 2, [["a", 1]], 3, 4, 1, "x", "later"], [0, 1, 2, [["a", 1]], 3, 4, 1]]
    assert [read_verdict(message).text for message in messages] == ["x", None]
