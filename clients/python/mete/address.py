"""Where a daemon listens."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Address:
    """A Unix socket's path, or a host and a port."""

    path: str = ""
    host: str = ""
    port: int = 0

    @classmethod
    def parse(cls, text: str) -> Address:
        """Reads `unix:/run/mete.sock`, `tcp:localhost:7333` or `tcp:[::1]:7333`. Raises ValueError."""
        scheme, _, rest = text.partition(":")
        if scheme == "unix" and rest:
            return cls(path=rest)
        host, _, port = rest.rpartition(":")
        if scheme == "tcp" and host and port.isdecimal() and 0 < int(port) < 65_536:
            return cls(host=host.strip("[]"), port=int(port))
        raise ValueError(f"{text!r} is neither unix:PATH nor tcp:HOST:PORT")
