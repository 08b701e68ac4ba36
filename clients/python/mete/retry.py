"""What may be tried again, and how long to wait before: decisions without socket, clock or thread, for both clients."""

from __future__ import annotations

import dataclasses
import random
from typing import Optional

from .errors import MeteError

#: Details with which a server refuses a call that it did not begin; the bill says whether that is so (PROTOCOL.md §2).
REFUSALS = frozenset(("queue_full", "streams_max", "draining"))
#: Failures of calls that did no work and that another attempt cannot mend.
FINAL = frozenset(("client_closed", "deadline", "version_unsupported"))
#: Doublings of the wait beyond which it is at its most, whatever that is.
_DOUBLINGS_MAX = 60


@dataclasses.dataclass(frozen=True)
class Retry:
    """How often a call is attempted and how long to wait in between. `Retry(attempts=1)` never tries again.

    Only calls that cannot have done any work are tried again, so nothing is ever computed or paid twice.
    """

    #: Attempts of one call in all.
    attempts: int = 4
    #: Seconds before the second attempt, at the most; each later wait is twice as long.
    base: float = 0.1
    #: The longest wait, unless the server says that it needs longer.
    most: float = 5.0
    #: Of the waits' jitter: each is between a half and the whole of what `base` and `most` say. None is chance.
    seed: Optional[int] = None
    #: Attempts at the first connection, when the client is made: a wrong address fails at once.
    first: int = 1

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.first < 1:
            raise ValueError(f"attempts is {self.attempts}, first is {self.first}: both are at least 1")
        if not 0 <= self.base < float("inf") or not 0 <= self.most < float("inf"):
            raise ValueError(f"base is {self.base} s, most is {self.most} s: both are finite and not negative")

    def wait(self, attempts: int, chance: float) -> float:
        """Seconds to wait after so many attempts; `chance` is at least 0 and below 1."""
        return min(self.most, self.base * 2.0 ** min(attempts - 1, _DOUBLINGS_MAX)) * (1 + chance) / 2


def did_no_work(error: BaseException) -> bool:
    """Whether a call that failed so certainly did nothing that could be billed."""
    if not isinstance(error, MeteError):
        return False
    if not error.taken:
        return True
    return error.detail in REFUSALS and error.bill is not None and error.bill.macs_total == 0


class Attempts:
    """The attempts of one call, and whether there is another. `until` is the call's deadline on the caller's clock."""

    def __init__(self, retry: Retry, dice: random.Random, until: Optional[float] = None) -> None:
        self.made = 0
        #: Whether the call can be made again as it was: its input is still there, and no answer has been given away.
        self.repeatable = True
        self._retry = retry
        self._dice = dice
        self._until = until

    def begin(self) -> None:
        """Counts an attempt."""
        self.made += 1

    def left(self, now: float) -> Optional[float]:
        """Seconds until the deadline, 0 if it has passed, None without one."""
        return None if self._until is None else max(0.0, self._until - now)

    def wait_after(self, error: BaseException, now: float) -> Optional[float]:
        """Seconds until the next attempt, None if this failure is the call's end."""
        if not self.repeatable or self.made >= self._retry.attempts or not did_no_work(error):
            return None
        if isinstance(error, MeteError) and error.detail in FINAL:
            return None
        wait = self._retry.wait(self.made, self._dice.random())
        if isinstance(error, MeteError):
            # Sooner would only be refused again, and longer than `most` is what the server asks for.
            wait = max(wait, error.retry_after or 0.0)
        left = self.left(now)
        return wait if left is None or wait < left else None

    def told(self, error: Exception) -> Exception:
        """The failure, which now says how many attempts there were."""
        if isinstance(error, MeteError):
            error.attempts = self.made
        return error
