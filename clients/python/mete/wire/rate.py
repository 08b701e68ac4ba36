"""How often something happens."""

from __future__ import annotations

import collections
from typing import Deque


class Rate:
    """Takes what happens up to `most` times within any one second."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._times: Deque[float] = collections.deque()

    def take(self, now: float) -> bool:
        """Counts one more at `now`; False, and not counted, if that would be one too many."""
        while self._times and self._times[0] <= now - 1:
            self._times.popleft()
        if len(self._times) >= self._most:
            return False
        self._times.append(now)
        return True
