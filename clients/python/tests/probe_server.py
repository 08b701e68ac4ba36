"""A server in a thread, on a real socket, with the server's side of the conversation."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from typing import Any, Dict, List, Optional, Tuple

from mete.bill import Bill
from mete.retry import REFUSALS
from mete.status import Status
from mete.wire.limits import Limits

from .probe_methods import Call, Refused
from .server_conversation import Cancelled, HalfClosed, Message, Opened, ServerConversation


class ProbeServer:
    """Answers any number of connections, each in a thread."""

    def __init__(self, path: str = "", limits: Limits = Limits(), consumes: bool = True, port: int = 0) -> None:
        self.limits = limits
        #: Whether DATA that comes is consumed, and so credit given back.
        self.consumes = consumes
        self.bills: Dict[bytes, Bill] = {}
        self.connections: List[Connection] = []
        #: Every call that was begun, refused ones too, as options.
        self.opened: List[Dict[str, Any]] = []
        #: What the next calls are refused with: status, detail, multiply-accumulates on the bill.
        self.refusals: List[Tuple[Status, str, int]] = []
        #: What the ENDs of these refusals carry.
        self.refusal_metadata: Dict[str, Any] = {}
        #: Calls that begin next and are met with a GOAWAY that says that they were not taken.
        self.turns_away = 0
        self._path = path
        self._stopping = False
        self._socket = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if path and os.path.exists(path):
            os.unlink(path)
        self._socket.bind(path or ("127.0.0.1", port))
        self.port = 0 if path else self._socket.getsockname()[1]
        self._socket.listen()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"unix:{self._path}" if self._path else f"tcp:127.0.0.1:{self.port}"

    def __enter__(self) -> ProbeServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._stopping:
            return
        self._stopping = True
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.drop()
        self._socket.close()
        for connection in self.connections:
            connection.thread.join()

    def again(self) -> ProbeServer:
        """A server at the same address, which this one has left."""
        return ProbeServer(self._path, self.limits, self.consumes, self.port)

    def drop(self) -> None:
        """Cuts every connection without a word."""
        for connection in list(self.connections):
            connection.cut()

    def wait_until(self, what: Any) -> None:
        """Waits until a condition on the server's state holds; the test's alarm bounds it."""
        while not what():
            time.sleep(0.001)

    def _accept(self) -> None:
        while not self._stopping:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            connection = Connection(self, sock)
            self.connections.append(connection)
            connection.thread.start()


class Connection:
    """One client."""

    def __init__(self, server: ProbeServer, sock: socket.socket) -> None:
        self.server = server
        self.conversation = ServerConversation(server.limits)
        self.calls: Dict[int, Call] = {}
        #: What the tests ask about afterwards.
        self.cancelled: List[int] = []
        self.received: List[Any] = []
        self.data_sent = 0
        self._deadlines: Dict[int, float] = {}
        self._socket = sock
        self._lock = threading.Lock()
        self._draining = False
        self.thread = threading.Thread(target=self._run, daemon=True)

    def cut(self) -> None:
        """Ends the connection as a crash would."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def go_away(self, status: Status, text: str) -> None:
        """Sends GOAWAY."""
        with self._lock:
            self._draining = True
            self.conversation.go_away(status, text)
            self._flush()

    def _run(self) -> None:
        try:
            self._flush()
            while self.conversation.failure is None:
                ready = select.select([self._socket], [], [], 0.005)[0]
                data = self._socket.recv(65_536) if ready else None
                if data == b"":
                    break
                with self._lock:
                    self._turn(data)
        except OSError:
            pass
        finally:
            for call in self.calls.values():
                self.server.bills[call.id] = call.bill(Status.CANCELLED)
            self._socket.close()

    def _turn(self, data: Optional[bytes]) -> None:
        for event in self.conversation.receive(data, time.monotonic()) if data else ():
            if isinstance(event, Opened):
                call = Call(event.frame, self.server.bills)
                self.server.opened.append(call.options)
                self.calls[call.stream] = call
                self._refuse(call)
                if "deadline_ms" in call.options:
                    self._deadlines[call.stream] = time.monotonic() + call.options["deadline_ms"] / 1000
            elif isinstance(event, Message):
                self.received.append(event.message)
                if event.stream in self.calls:
                    self.calls[event.stream].inputs.append(event.message)
                if self.server.consumes:
                    self.conversation.consumed(event.stream, event.size)
            elif isinstance(event, HalfClosed) and event.stream in self.calls:
                self.calls[event.stream].half_closed = True
            elif isinstance(event, Cancelled):
                self.cancelled.append(event.stream)
                if not self.calls[event.stream].deaf:
                    self._end(self.calls[event.stream], Status.CANCELLED, "cancelled")
        for call in list(self.calls.values()):
            self._answer(call)
            if self._deadlines.get(call.stream, time.monotonic() + 1) <= time.monotonic() and not call.deaf:
                self._end(call, Status.DEADLINE_EXCEEDED, "deadline")
        self._flush()

    def _refuse(self, call: Call) -> None:
        """Does not take the call, if the test or the connection's state says so."""
        if self.server.turns_away:
            self.server.turns_away -= 1
            self._draining = True
            self.conversation.last_stream -= 1
            self.conversation.go_away(Status.UNAVAILABLE, "draining: not this one")
            self.conversation.last_stream += 1
        if self._draining:
            self._end(call, Status.UNAVAILABLE, "draining")
        elif self.server.refusals:
            status, detail, call.macs = self.server.refusals.pop(0)
            call.metadata = dict(self.server.refusal_metadata)
            self._end(call, status, detail, "the test says so")

    def _answer(self, call: Call) -> None:
        """Sends what is due and what credit covers, but a few hundred at most, so that CANCEL is heard."""
        waiting: List[Any] = getattr(call, "waiting", [])
        try:
            for _ in range(300):
                message = waiting.pop() if waiting else next(call.answers)
                if message is None:
                    return
                if not self.conversation.send(call.stream, message):
                    setattr(call, "waiting", [message])
                    return
                call.sent += 1
                self.data_sent += 1
        except StopIteration:
            self._end(call, Status.OK, "ok")
        except Refused as refused:
            self._end(call, refused.status, refused.detail, refused.text)

    def _end(self, call: Call, status: Status, detail: str, text: str = "") -> None:
        if self.calls.pop(call.stream, None):
            bill = call.bill(status)
            if detail not in REFUSALS or bill.macs_total:
                self.server.bills[call.id] = bill
            self.conversation.end(call.stream, status, detail, text, call.metadata, bill)

    def _flush(self) -> None:
        self._socket.sendall(self.conversation.take_output())
