"""What can go wrong, as one exception that callers see and one that stays inside."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from .bill import Bill
from .status import Status

#: Digits of a number in metadata: 64 bits have no more.
_DIGITS_MAX = 20
#: A server that asks for more patience than a day is not meant.
_RETRY_MS_MAX = 86_400_000


class MeteError(Exception):
    """A call that did not end with OK, or a connection that cannot serve one.

    `detail` is a word of PROTOCOL.md's closed list when the server said it; the client's own words are
    `connection_lost`, `client_closed`, `message_too_large` and `bad_reply`.
    """

    def __init__(
        self,
        status: Status,
        detail: str,
        text: str = "",
        bill: Optional[Bill] = None,
        taken: bool = True,
        metadata: Optional[Mapping[str, Any]] = None,
    ) -> None:
        super().__init__(status, detail, text)
        self.status = status
        self.detail = detail
        self.text = text
        #: What the call cost all the same; None if no bill came before the connection was lost.
        self.bill = bill
        #: False if the server certainly never took the call: it did no work, and its id is free.
        self.taken = taken
        #: The metadata of the server's END, empty if none came.
        self.metadata = metadata or {}
        #: How often the call was attempted.
        self.attempts = 1

    def __str__(self) -> str:
        said = f"{self.status.name} ({self.detail})"
        said = f"{said}: {self.text}" if self.text else said
        return said if self.attempts == 1 else f"{said} (after {self.attempts} attempts)"

    @property
    def retry_after(self) -> Optional[float]:
        """Seconds before which the server does not want to be asked again (`queue_full`); None if it did not say."""
        milliseconds = self._count("retry_after_ms")
        return None if milliseconds is None else min(milliseconds, _RETRY_MS_MAX) / 1000

    @property
    def least_macs(self) -> Optional[int]:
        """The least budget that pays for an answer, in multiply-accumulates (`budget_too_small`); None if nobody said."""
        return self._count("least_macs")

    def _count(self, key: str) -> Optional[int]:
        """A number that the server wrote in its metadata; None for anything else, for it is not to be trusted."""
        digits = self.metadata.get(key)
        if not isinstance(digits, str) or len(digits) > _DIGITS_MAX or not (digits.isascii() and digits.isdigit()):
            return None
        return int(digits)

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
