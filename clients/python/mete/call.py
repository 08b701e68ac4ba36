"""One call's state, as both clients see it."""

from __future__ import annotations

import collections
from typing import Any, Deque, Iterator, Optional, Tuple

from .bill import Bill
from .errors import MeteError
from .status import Status
from .wire.frames import End


class CallState:
    """What has come of a call so far, and what is still to be sent."""

    def __init__(self, stream: int, expires_at: Optional[float]) -> None:
        self.stream = stream
        #: When the client gives up waiting, whatever the server does; None is never.
        self.expires_at = expires_at
        #: Bytes of the connection after which the server may know of the call.
        self.opened_at = 0
        self.arrived: Deque[Tuple[Any, int]] = collections.deque()
        self.end: Optional[End] = None
        self.bill: Optional[Bill] = None
        #: Set when nothing more can come, although no END said so.
        self.lost: Optional[MeteError] = None
        #: Why the client itself gave the call up, if it was not asked to.
        self.fault: Optional[Exception] = None
        self.finished = False
        self.cancelled = False
        #: Whether the application has said that no more messages come.
        self.input_over = False
        #: Messages in memory that go out as credit allows; one may have been taken out and wait for credit.
        self.source: Optional[Iterator[Any]] = None
        self.waiting: Deque[Any] = collections.deque()

    @property
    def over(self) -> bool:
        """Whether nothing more may be sent."""
        return self.finished or self.cancelled or self.end is not None

    @property
    def error(self) -> Optional[Exception]:
        """Why the call failed, None if it did not, or has not yet."""
        if self.fault:
            if isinstance(self.fault, MeteError):
                self.fault.bill = self.bill
            return self.fault
        if self.lost:
            return self.lost
        if self.end and self.end.status != Status.OK:
            return MeteError(self.end.status, self.end.detail, self.end.text, self.bill, metadata=self.end.metadata)
        return None
