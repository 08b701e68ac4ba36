"""What a client's conversation tells its owner."""

from __future__ import annotations

import dataclasses
from typing import Any, Union

from ..bill import Bill
from ..errors import WireError
from .frames import End, Goaway


@dataclasses.dataclass(frozen=True)
class Greeted:
    """The server's HELLO came."""


@dataclasses.dataclass(frozen=True)
class Received:
    """A message came; its `size` is owed back through `consumed` when the application has used it."""

    stream: int
    message: Any
    size: int


@dataclasses.dataclass(frozen=True)
class Ended:
    """The call's END came; its bill is still to come."""

    stream: int
    end: End


@dataclasses.dataclass(frozen=True)
class Billed:
    """The call is over."""

    stream: int
    bill: Bill


@dataclasses.dataclass(frozen=True)
class Credited:
    """DATA may go that could not go before; stream 0 is the connection."""

    stream: int


@dataclasses.dataclass(frozen=True)
class Ponged:
    """A PING of ours was answered."""

    token: int


@dataclasses.dataclass(frozen=True)
class GoingAway:
    """The server takes no more streams, or is about to close."""

    goaway: Goaway


@dataclasses.dataclass(frozen=True)
class Failed:
    """The server broke the protocol: nothing more will come of any call."""

    error: WireError


ClientEvent = Union[Greeted, Received, Ended, Billed, Credited, Ponged, GoingAway, Failed]
