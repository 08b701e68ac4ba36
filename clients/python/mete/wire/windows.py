"""Credit, from both ends (PROTOCOL.md §3.2)."""

from __future__ import annotations

from ..errors import WireError
from .limits import TOP


class SendWindow:
    """Bytes of DATA that we may still send."""

    def __init__(self, left: int) -> None:
        self.left = left

    def add(self, count: int) -> None:
        """Takes a CREDIT. Raises WireError(`credit_overflow`)."""
        if self.left + count > TOP:
            raise WireError("credit_overflow", f"{self.left} + {count}")
        self.left += count

    def covers(self, count: int) -> bool:
        """Whether a frame of this size may go."""
        return count <= self.left

    def spend(self, count: int) -> None:
        """Takes account of a frame that goes."""
        self.left -= count


class ReceiveWindow:
    """Bytes of DATA that the peer may still send, and those that we owe it back."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._left = size
        #: Bytes that were used up and not yet given back.
        self.owed = 0

    def charge(self, count: int) -> bool:
        """Takes account of a frame that came; False if the peer had no credit for it."""
        if count > self._left:
            return False
        self._left -= count
        return True

    def consumed(self, count: int) -> int:
        """Takes account of bytes that were used up; returns the credit to give now, 0 for none yet.

        A quarter of the window is gathered first, so that small messages do not cost a CREDIT each.
        """
        self.owed += count
        return 0 if 4 * self.owed < self._size else self.settle()

    def settle(self) -> int:
        """Gives back all that is owed, and returns how much that is."""
        given, self.owed = self.owed, 0
        self._left += given
        return given
