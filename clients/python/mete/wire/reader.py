"""Cuts a byte stream into frames."""

from __future__ import annotations

from typing import Optional

from ..errors import WireError


class FrameReader:
    """Gathers bytes and gives out the bodies of whole frames."""

    def __init__(self, frame_bytes_max: int) -> None:
        self._frame_bytes_max = frame_bytes_max
        self._gathered = bytearray()
        self._start = 0

    def feed(self, data: bytes) -> None:
        """Adds bytes as they came."""
        if self._start:
            del self._gathered[: self._start]
            self._start = 0
        self._gathered += data

    def next_body(self) -> Optional[bytes]:
        """The next whole frame's body, or None until more bytes come.

        Raises WireError(`frame_too_large`) as soon as a length is impossible.
        """
        begin = self._start + 4
        if len(self._gathered) < begin:
            return None
        count = int.from_bytes(self._gathered[self._start : begin], "big")
        if not 1 <= count <= self._frame_bytes_max:
            raise WireError("frame_too_large", f"{count} bytes, allowed are 1 to {self._frame_bytes_max}")
        if len(self._gathered) < begin + count:
            return None
        self._start = begin + count
        return bytes(self._gathered[begin : self._start])
