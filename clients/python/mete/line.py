"""A connection on an asyncio loop."""

from __future__ import annotations

import asyncio
import socket
from typing import Dict, Optional

from .address import Address
from .call import CallState
from .switchboard import Switchboard
from .wire.limits import Limits


async def dial(address: Address) -> socket.socket:
    """A connected socket that does not block. Raises OSError."""
    loop = asyncio.get_running_loop()
    if address.path:
        return await _connected(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), address.path)
    failure = OSError(f"{address.host} has no address")
    for family, kind, number, _, target in await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM):
        try:
            sock = await _connected(socket.socket(family, kind, number), target)
        except OSError as error:
            failure = error
            continue
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    raise failure


async def _connected(sock: socket.socket, target: object) -> socket.socket:
    sock.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(sock, target)  # type: ignore[arg-type]
    except BaseException:
        sock.close()
        raise
    return sock


class Line:
    """Owns the socket and the switchboard. Everything runs on the loop that it was opened on.

    Whoever touches `board` calls `turn` afterwards. The socket is used without a transport: a transport that fails to write
    stops reading, and so loses the GOAWAY in which the server says why it closed.
    """

    def __init__(self, keepalive: float, limits: Limits) -> None:
        self.loop = asyncio.get_running_loop()
        self.board = Switchboard(self.loop.time, keepalive, limits)
        self._changed = asyncio.Event()
        self._watchers: Dict[CallState, asyncio.Event] = {}
        self._socket: Optional[socket.socket] = None
        self._outbox = bytearray()
        self._reading: Optional[asyncio.Task[None]] = None
        self._timer: Optional[asyncio.TimerHandle] = None
        self._patience: Optional[asyncio.TimerHandle] = None

    def start(self, address: Address, timeout: float) -> None:
        """Begins to connect. The line is of use when `board.greeted`, and of none any more when `board.spent`."""
        self._reading = asyncio.create_task(self._run(address))
        self._patience = self.loop.call_later(timeout, self._despair, timeout)

    def _despair(self, timeout: float) -> None:
        if not self.board.greeted:
            self.board.lose(f"no HELLO within {timeout} s")
            self.turn()

    def watch(self, call: CallState) -> asyncio.Event:
        """An event that is set when the call changes."""
        return asyncio.Event() if call.finished else self._watchers.setdefault(call, asyncio.Event())

    async def wait_for_change(self) -> None:
        """Waits until something on the connection changes."""
        self._changed.clear()
        await self._changed.wait()

    def turn(self) -> None:
        """Writes what the board wants written, wakes who waits, and sets the clock."""
        # What may pile up here is bounded: DATA by the server's credit, the rest by our calls.
        waiting = bool(self._outbox) and self._socket is not None
        self._outbox += self.board.take_output()
        if not waiting:
            self._write()
        for call in self.board.take_touched():
            watcher = self._watchers.get(call)
            if watcher:
                watcher.set()
            if call.finished:
                self._watchers.pop(call, None)
        self._changed.set()
        self._set_timer()
        if self.board.done and self._reading:
            self._reading.cancel()

    def cancel_all(self) -> None:
        """Cancels every call."""
        for call in list(self.board.calls.values()):
            self.board.cancel(call)
        self.turn()

    async def all_billed(self) -> None:
        """Waits until no call runs."""
        while self.board.calls:
            await self.wait_for_change()

    async def close(self) -> None:
        """Closes the socket; calls that still run fail."""
        self.board.close()
        self.turn()
        if self._reading:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def _hang_up(self) -> None:
        for timer in (self._timer, self._patience):
            if timer:
                timer.cancel()
        if self._socket:
            self.loop.remove_writer(self._socket)
            self._socket.close()
            self._socket = None

    def _write(self) -> None:
        """Writes what the socket takes now, and has the loop call again for the rest."""
        if not self._socket:
            # Not connected yet, or not any more.
            if self.board.lost:
                self._outbox.clear()
            return
        try:
            sent = self._socket.send(self._outbox) if self._outbox else 0
            self.board.wrote(sent)
        except BlockingIOError:
            sent = 0
        except OSError:
            # The peer is gone; what it wrote last is still to be read.
            sent = len(self._outbox)
        del self._outbox[:sent]
        if self._outbox:
            self.loop.add_writer(self._socket, self._write)
        else:
            self.loop.remove_writer(self._socket)

    def _set_timer(self) -> None:
        if self.board.lost:
            return
        at = self.board.wake_at()
        if self._timer and not self._timer.cancelled():
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = self.loop.call_at(at, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.board.poll()
        self.turn()

    async def _run(self, address: Address) -> None:
        """The task that connects, and then reads."""
        reason = "cannot connect"
        try:
            self._socket = await dial(address)
            reason = "the server closed the connection"
            self._write()
            await self._read(self._socket)
        except OSError as error:
            reason = f"{reason}: {error}"
        finally:
            self.board.lose(reason)
            self.turn()
            self._hang_up()

    async def _read(self, sock: socket.socket) -> None:
        while not self.board.lost:
            data = await self.loop.sock_recv(sock, 262_144)
            if not data:
                return
            self.board.receive(data)
            self.turn()
