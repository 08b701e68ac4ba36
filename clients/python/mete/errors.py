"""What can go wrong, as one exception that callers see and one that stays inside."""

from __future__ import annotations

from typing import Optional

from .bill import Bill
from .status import Status


class MeteError(Exception):
    """A call that did not end with OK, or a connection that cannot serve one.

    `detail` is a word of PROTOCOL.md's closed list when the server said it; the client's own words are
    `connection_lost`, `client_closed`, `message_too_large` and `bad_reply`.
    """

    def __init__(
        self, status: Status, detail: str, text: str = "", bill: Optional[Bill] = None, taken: bool = True
    ) -> None:
        super().__init__(status, detail, text)
        self.status = status
        self.detail = detail
        self.text = text
        #: What the call cost all the same; None if no bill came before the connection was lost.
        self.bill = bill
        #: False if the server certainly never took the call: it did no work, and its id is free.
        self.taken = taken
        #: How often the call was attempted.
        self.attempts = 1

    def __str__(self) -> str:
        said = f"{self.status.name} ({self.detail})"
        said = f"{said}: {self.text}" if self.text else said
        return said if self.attempts == 1 else f"{said} (after {self.attempts} attempts)"

    def untaken(self) -> MeteError:
        """The same failure, of a call that never began."""
        return MeteError(self.status, self.detail, self.text, taken=False)


class WireError(Exception):
    """The peers no longer agree on the state of the connection (PROTOCOL.md §2)."""

    def __init__(self, detail: str, text: str = "") -> None:
        super().__init__(detail, text)
        self.detail = detail
        self.text = text
        self.status = CONNECTION_STATUS[detail]


CONNECTION_STATUS = {
    "frame_too_large": Status.RESOURCE_EXHAUSTED,
    "malformed_frame": Status.INVALID_ARGUMENT,
    "unknown_kind": Status.UNIMPLEMENTED,
    "hello_expected": Status.FAILED_PRECONDITION,
    "version_unsupported": Status.FAILED_PRECONDITION,
    "wrong_direction": Status.INVALID_ARGUMENT,
    "stream_id": Status.INVALID_ARGUMENT,
    "connection_credit_overrun": Status.RESOURCE_EXHAUSTED,
    "credit_overrun": Status.RESOURCE_EXHAUSTED,
    "credit_overflow": Status.OUT_OF_RANGE,
    "ping_flood": Status.RESOURCE_EXHAUSTED,
    "reset_flood": Status.RESOURCE_EXHAUSTED,
}
