"""Every conformance vector, as given and byte by byte, against both sides' conversations."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import Any, Dict, List, Set, Union

import pytest

from mete.errors import WireError
from mete.status import Status
from mete.wire.client import ClientConversation
from mete.wire.decode import decode
from mete.wire.encode import encode
from mete.wire.events import Billed, Ended, Failed, Received
from mete.wire.frames import Cancel, Frame, Goaway, Ping
from mete.wire.limits import Limits
from mete.wire.reader import FrameReader

from . import tagged
from .server_conversation import Cancelled, HalfClosed, Message, Opened, ServerConversation

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "conformance"
CASES: List[Dict[str, Any]] = [
    case for path in sorted(FOLDER.glob("*.json")) for case in json.loads(path.read_text())["cases"]
]


class Harness:
    """A conversation and the application that README.md of the vectors gives it."""

    def __init__(self, case: Dict[str, Any], byte_by_byte: bool) -> None:
        self.byte_by_byte = byte_by_byte
        limits = Limits(**case.get("limits", {}))
        self.server = ServerConversation(limits) if case["role"] == "server" else None
        self.client = ClientConversation(limits) if case["role"] == "client" else None
        self.now = 0.0
        self.events: List[Any] = []
        self.output = b""
        self.calls: Set[int] = set()
        self.failed: List[int] = []

    @property
    def side(self) -> Union[ServerConversation, ClientConversation]:
        """The conversation under test."""
        return self.server or self.client  # type: ignore[return-value]

    def run(self, steps: List[Dict[str, Any]]) -> None:
        """Takes the steps and forgets what happened before them."""
        self.side.take_output()
        self.events, self.failed, self.output = [], [], b""
        if self.server:
            self.server.ends = []
        for step in steps:
            ((name, content),) = step.items()
            getattr(self, name)(content)
        self.output = self.side.take_output()

    def receive(self, content: str) -> None:
        """Bytes arrive."""
        data = bytes.fromhex(content)
        pieces = [bytes([byte]) for byte in data] if self.byte_by_byte else [data]
        for piece in pieces:
            events = self.side.receive(piece, self.now)
            self.events += [e for e in events if isinstance(e, (Opened, Message, HalfClosed, Cancelled, Received, Billed))]
            for event in events:
                self.react(event)

    def react(self, event: Any) -> None:
        """What the harness's application does."""
        if isinstance(event, Cancelled) and self.server:
            self.server.end(event.stream, Status.CANCELLED, "cancelled")
        if isinstance(event, Ended) and event.end.status != Status.OK:
            self.failed.append(event.stream)
        if isinstance(event, Failed):
            self.failed += sorted(self.calls)
        if isinstance(event, Billed):
            self.calls.discard(event.stream)

    def open(self, content: Dict[str, Any]) -> None:
        """The client's application opens a stream."""
        assert self.client and self.client.open(content["method"], {}, {}) == content["stream"]
        self.calls.add(content["stream"])

    def half_close(self, stream: int) -> None:
        """The client's application half-closes."""
        assert self.client
        self.client.half_close(stream)

    def cancel(self, stream: int) -> None:
        """The client's application cancels."""
        assert self.client
        self.client.cancel(stream)

    def send(self, content: Dict[str, Any]) -> None:
        """The application sends a message."""
        assert self.side.send(content["stream"], tagged.value(content["message"]))

    def end(self, content: Dict[str, Any]) -> None:
        """The server's application ends a stream."""
        assert self.server
        self.server.end(content["stream"], Status(content["status"]), content["detail"])

    def at_ms(self, content: int) -> None:
        """The clock moves."""
        self.now = content / 1000

    def sent(self) -> List[Frame]:
        """The frames that came out."""
        return frames_in(self.output, Limits())


def frames_in(data: bytes, limits: Limits) -> List[Frame]:
    """The frames that a decoder finds before it fails."""
    reader = FrameReader(limits.frame_bytes_max)
    reader.feed(data)
    frames: List[Frame] = []
    try:
        body = reader.next_body()
        while body is not None:
            frames.append(decode(body, limits))
            body = reader.next_body()
    except WireError:
        pass
    return frames


def check_frames(case: Dict[str, Any]) -> None:
    """What the decoder and the encoder alone make of the bytes."""
    expect = case["expect"]
    data = b"".join(bytes.fromhex(step["receive"]) for step in case["in"] if "receive" in step)
    frames = frames_in(data, Limits(**case.get("limits", {})))
    assert len(frames) == len(expect["frames"]), frames
    for frame, wanted in zip(frames, expect["frames"]):
        assert tagged.matches(frame, wanted), (frame, wanted)
    if "canonical" in expect and not tagged.holds_single(expect["frames"]):
        assert b"".join(map(encode, frames)).hex() == expect["canonical"]


def check_connection(case: Dict[str, Any], harness: Harness) -> None:
    """Whether the connection lives, and its last words."""
    expect = case["expect"]
    failure = harness.side.failure
    if expect["outcome"] != "connection_error":
        assert failure is None, failure
        return
    assert failure is not None
    assert {"status": int(failure.status), "detail": failure.detail} == expect["error"]
    if harness.server:
        (goaway,) = [frame for frame in harness.sent() if isinstance(frame, Goaway)]
        assert goaway.status == failure.status
        assert goaway.text.startswith(failure.detail + ":")
        assert goaway.last_stream == expect.get("last_stream", goaway.last_stream)


@pytest.mark.parametrize("byte_by_byte", [False, True], ids=["whole", "bytes"])
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_vector(case: Dict[str, Any], byte_by_byte: bool) -> None:
    expect = case["expect"]
    if "frames" in expect:
        check_frames(case)
    harness = Harness(case, byte_by_byte)
    harness.run(case["before"])
    assert harness.side.failure is None
    harness.run(case["in"])
    check_connection(case, harness)
    if expect["outcome"] == "incomplete":
        assert not harness.events and not harness.output
    if harness.server:
        ends = [{"stream": s, "status": int(status), "detail": d} for s, status, d in harness.server.ends]
        assert ends == expect.get("ends", ends)
        open_streams = sorted(harness.server.streams)
    else:
        assert sorted(harness.failed) == expect.get("failed", sorted(harness.failed))
        assert harness.client
        open_streams = harness.client.open_streams
    assert open_streams == expect.get("open", open_streams)
    sends = [encode(frame).hex() for frame in harness.sent() if isinstance(frame, (Ping, Cancel))]
    assert sends == expect.get("sends", sends)
    for stream, credit in expect.get("send_credit", {}).items():
        assert send_credit(harness, int(stream)) == credit


def send_credit(harness: Harness, stream: int) -> int:
    """Bytes that may go now."""
    if stream == 0:
        return harness.side.send_window.left
    if harness.server:
        return harness.server.streams[stream].send_window.left
    assert harness.client
    return harness.client.send_credit(stream)


@pytest.mark.parametrize("case", [c for c in CASES if c["expect"]["outcome"] == "ignored"], ids=lambda c: c["name"])
def test_what_is_ignored_raises_no_event(case: Dict[str, Any]) -> None:
    harness = Harness(case, byte_by_byte=False)
    harness.run(case["before"] + case["in"][:-1])
    pieces = case["in"][-1].get("receive", "")
    harness.run([] if len(frames_in(bytes.fromhex(pieces), Limits())) > 1 else case["in"][-1:])
    assert not harness.events


def test_the_vectors_are_what_their_generator_writes() -> None:
    run = subprocess.run([sys.executable, str(FOLDER / "generate.py"), "--check"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_there_are_many_vectors() -> None:
    assert len(CASES) > 700
    assert len({case["name"] for case in CASES}) == len(CASES)
