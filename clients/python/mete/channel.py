"""A connection whose socket belongs to one thread; any thread may make calls on it."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from typing import Callable, Dict, List, Optional

from .address import Address
from .call import CallState
from .errors import MeteError
from .status import Status
from .switchboard import Switchboard
from .wire.limits import Limits


def dial(address: Address, timeout: float) -> socket.socket:
    """A connected socket. Raises OSError."""
    if address.path:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(timeout)
            sock.connect(address.path)
        except OSError:
            sock.close()
            raise
        return sock
    sock = socket.create_connection((address.host, address.port), timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Channel:
    """Owns the socket and the switchboard.

    Whoever touches `board` holds `lock` and calls `turn` afterwards. The thread writes and reads; it never
    waits for an application, and no application ever waits in a socket call. It connects, too: the channel is of use when
    `board.greeted`, and of none any more when `board.spent`. It ends when `board.done`.
    """

    def __init__(self, address: Address, timeout: float, keepalive: float, limits: Limits) -> None:
        # The lock is not re-entrant on purpose: a finalizer that wanted it in the wrong moment goes through `abandon`.
        self.lock = threading.Lock()
        #: Notified when anything changes that is not one call's own affair.
        self.changed = threading.Condition(self.lock)
        self.board = Switchboard(time.monotonic, keepalive, limits)
        self._watchers: Dict[CallState, threading.Condition] = {}
        self._abandoned: List[CallState] = []
        self._outbox = bytearray()
        self._closing = False
        self._timeout = timeout
        self._hello_at = time.monotonic() + timeout
        self._bell, self._button = socket.socketpair()
        self._bell.setblocking(False)
        self._button.setblocking(False)
        self._thread = threading.Thread(target=self._run, args=(address,), name="mete", daemon=True)
        self._thread.start()

    def wait_while(self, condition: Callable[[], bool], until: Optional[float]) -> None:
        """Waits for a change as long as a condition holds. The caller holds the lock. Raises MeteError at `until`."""
        while condition():
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                text = "no stream became free" if self.board.greeted else "no connection in time"
                raise MeteError(Status.DEADLINE_EXCEEDED, "deadline", text, taken=False)
            self.changed.wait(left)

    def watch(self, call: CallState) -> threading.Condition:
        """A condition that is notified when the call changes, until it is finished. The caller holds the lock."""
        if call.finished:
            return threading.Condition(self.lock)
        return self._watchers.setdefault(call, threading.Condition(self.lock))

    def turn(self) -> None:
        """Has the thread write what the board wants written. The caller holds the lock."""
        self._outbox += self.board.take_output()
        self._notify()
        self._ring()

    def abandon(self, call: CallState) -> None:
        """Cancels a call that nobody holds any more; safe in a finalizer."""
        self._abandoned.append(call)
        self._ring()

    def stop(self) -> None:
        """Lets the thread write what is left and end; safe in a finalizer."""
        self._closing = True
        self._ring()

    def cancel_all(self) -> None:
        """Cancels every call."""
        with self.lock:
            for call in list(self.board.calls.values()):
                self.board.cancel(call)
            self.turn()

    def close(self, until: float) -> None:
        """Gives the bills until then to come, and ends the thread."""
        with self.lock:
            while self.board.calls and time.monotonic() < until:
                self.changed.wait(until - time.monotonic())
            self.board.close()
            self.turn()
        self.stop()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=2)

    def _ring(self) -> None:
        try:
            self._button.send(b"!")
        except OSError:
            pass  # The bell is full, which rings as well, or the thread is gone.

    def _notify(self) -> None:
        for call in self.board.take_touched():
            watcher = self._watchers.get(call)
            if watcher:
                watcher.notify_all()
            if call.finished:
                self._watchers.pop(call, None)
        self.changed.notify_all()

    def _run(self, address: Address) -> None:
        """The thread."""
        reason = "cannot connect"
        try:
            with dial(address, self._timeout) as sock:
                sock.setblocking(False)
                reason = self._serve(sock)
        except OSError as error:
            reason = f"{reason}: {error}"
        finally:
            with self.lock:
                self.board.lose(reason)
                self._notify()
            self._bell.close()
            self._button.close()

    def _serve(self, sock: socket.socket) -> str:
        """Reads and writes until there is nothing more to do, and says why."""
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(sock, selectors.EVENT_READ)
                selector.register(self._bell, selectors.EVENT_READ)
                while self._step(sock, selector):
                    pass
        except OSError as error:
            return str(error)
        return "the connection's thread ended"

    def _step(self, sock: socket.socket, selector: selectors.BaseSelector) -> bool:
        """Waits for one thing to happen and deals with it; False when there is nothing more to do."""
        with self.lock:
            while self._abandoned:
                self.board.cancel(self._abandoned.pop())
            self.board.poll()
            wake_at = self.board.wake_at()
            if not self.board.greeted:
                wake_at = min(wake_at, self._hello_at)
                if self._hello_at <= time.monotonic():
                    self.board.lose(f"no HELLO within {self._timeout} s")
            self._outbox += self.board.take_output()
            self._notify()
            timeout: Optional[float] = max(0.0, wake_at - time.monotonic())
            writing = bool(self._outbox)
            if self.board.done or self._closing:
                self._write(sock)
                return False
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
        selector.modify(sock, events)
        for key, mask in selector.select(timeout):
            if key.fileobj is self._bell:
                self._bell.recv(4096)
                continue
            if mask & selectors.EVENT_WRITE:
                with self.lock:
                    self._write(sock)
            if mask & selectors.EVENT_READ and not self._read(sock):
                return False
        return True

    def _write(self, sock: socket.socket) -> None:
        try:
            sent = sock.send(self._outbox) if self._outbox else 0
            self.board.wrote(sent)
        except BlockingIOError:
            return
        except OSError:
            # The peer is gone; what it wrote last is still to be read.
            sent = len(self._outbox)
        del self._outbox[:sent]

    def _read(self, sock: socket.socket) -> bool:
        try:
            data = sock.recv(262_144)
        except BlockingIOError:
            return True
        with self.lock:
            if not data:
                self.board.lose("the server closed the connection")
                return False
            self.board.receive(data)
        return True
