"""The ten frames (PROTOCOL.md §1)."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, Optional, Union

from ..bill import Bill
from ..status import Status
from .limits import Limits


@dataclasses.dataclass(frozen=True)
class Hello:
    """The first frame of each side."""

    versions: List[int]
    software: Optional[str] = None
    limits: Limits = Limits()


@dataclasses.dataclass(frozen=True)
class Open:
    """A call begins. Options and metadata are as sent: what is wrong with them costs the stream only."""

    stream: int
    method: str
    options: Dict[str, Any] = dataclasses.field(default_factory=dict)
    metadata: Dict[str, Any] = dataclasses.field(default_factory=dict)
    #: Bytes of the metadata map as received; 0 in frames that are about to be sent.
    metadata_bytes: int = dataclasses.field(default=0, compare=False)


@dataclasses.dataclass(frozen=True)
class Data:
    """A message of a call."""

    stream: int
    message: Any


@dataclasses.dataclass(frozen=True)
class HalfClose:
    """The client sends no more messages of this call."""

    stream: int


@dataclasses.dataclass(frozen=True)
class End:
    """How a call ended."""

    stream: int
    status: Status
    detail: str
    text: str = ""
    metadata: Dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Billing:
    """What a call cost; its last frame."""

    stream: int
    bill: Bill


@dataclasses.dataclass(frozen=True)
class Cancel:
    """The client wants no more of this call."""

    stream: int


@dataclasses.dataclass(frozen=True)
class Credit:
    """So many more bytes of DATA may come."""

    stream: int
    bytes: int


@dataclasses.dataclass(frozen=True)
class Ping:
    """A question whether the other side lives, or the answer."""

    ack: bool
    token: int


@dataclasses.dataclass(frozen=True)
class Goaway:
    """The sender takes no more streams."""

    last_stream: int
    status: Status
    text: str


Frame = Union[Hello, Open, Data, HalfClose, End, Billing, Cancel, Credit, Ping, Goaway]
