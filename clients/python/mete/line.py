"""A connection on an asyncio loop."""

from __future__ import annotations

import asyncio
import socket
from typing import Dict, Optional

from .address import Address
from .call import CallState
from .errors import MeteError
from .status import Status
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

    async def open(self, address: Address, timeout: float) -> None:
        """Connects and waits for the server's HELLO. Raises MeteError."""
        try:
            await asyncio.wait_for(self._greet(address), timeout)
        except asyncio.TimeoutError:
            await self.close()
            raise MeteError(Status.UNAVAILABLE, "connection_lost", f"no HELLO within {timeout} s") from None
        except OSError as error:
            raise MeteError(Status.UNAVAILABLE, "connection_lost", f"cannot connect: {error}") from error
        except asyncio.CancelledError:
            await self.close()
            raise
        if self.board.lost:
            await self.close()
            raise self.board.lost

    async def _greet(self, address: Address) -> None:
        self._socket = await dial(address)
        self._reading = asyncio.create_task(self._read(self._socket))
        self.turn()
        while not self.board.greeted and not self.board.lost:
            await self.wait_for_change()

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
        waiting = bool(self._outbox)
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

    async def close(self) -> None:
        """Closes the socket; calls that still run fail."""
        self.board.close()
        self.turn()
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._reading:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        self._hang_up()

    def _hang_up(self) -> None:
        if self._socket:
            self.loop.remove_writer(self._socket)
            self._socket.close()
            self._socket = None

    def _write(self) -> None:
        """Writes what the socket takes now, and has the loop call again for the rest."""
        if not self._socket:
            self._outbox.clear()
            return
        try:
            sent = self._socket.send(self._outbox) if self._outbox else 0
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
        if self.board.lost and self._reading:
            self._reading.cancel()

    async def _read(self, sock: socket.socket) -> None:
        reason = "the server closed the connection"
        try:
            while not self.board.lost:
                data = await self.loop.sock_recv(sock, 262_144)
                if not data:
                    break
                self.board.receive(data)
                self.turn()
        except OSError as error:
            reason = str(error)
        finally:
            self.board.lose(reason)
            self.turn()
            self._hang_up()
