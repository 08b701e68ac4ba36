"""A server that says exactly the bytes it is told to, for clients that meet a bad one."""

from __future__ import annotations

import pathlib
import socket
import threading
from typing import Callable, Iterator, List

import msgpack


def frame(*elements: object) -> bytes:
    """A frame of these elements, right or wrong."""
    body: bytes = msgpack.packb(list(elements))
    return len(body).to_bytes(4, "big") + body


HELLO = frame(0, 0, {"versions": [1]})


class RawServer:
    """Accepts one connection, hands it to a script, and closes it when the script returns."""

    def __init__(self, folder: pathlib.Path, script: Callable[[socket.socket], None]) -> None:
        self.path = str(folder / "raw.sock")
        self.address = f"unix:{self.path}"
        self._script = script
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.path)
        self._socket.listen()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> RawServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._thread.join()

    def _run(self) -> None:
        try:
            sock, _ = self._socket.accept()
            with sock:
                self._script(sock)
        except OSError:
            pass


def read_until_open(sock: socket.socket) -> bytes:
    """Reads until the client's first OPEN is there."""
    got = b""
    for piece in pieces(sock):
        got += piece
        if b"\x95\x01" in got:
            return got
    return got


def drain(sock: socket.socket) -> None:
    """Reads until the client closes."""
    for _ in pieces(sock):
        pass


def pieces(sock: socket.socket) -> Iterator[bytes]:
    """What comes, until the other side closes."""
    while True:
        data = sock.recv(65_536)
        if not data:
            return
        yield data


__all__: List[str] = ["RawServer", "frame", "HELLO", "read_until_open", "drain", "pieces"]
