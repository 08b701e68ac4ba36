"""Fixtures: a server on each kind of socket, and an alarm for tests that would hang."""

from __future__ import annotations

import pathlib
import signal
from typing import Any, Iterator

import pytest

from .probe_server import ProbeServer


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    """Nothing in these tests takes 60 seconds unless it hangs."""

    def ring(*_: Any) -> None:
        raise AssertionError("the test hangs")

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(60)
    yield
    signal.alarm(0)


@pytest.fixture(params=["unix", "tcp"])
def server(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[ProbeServer]:
    """A probe server, once on a Unix socket and once on TCP."""
    path = str(tmp_path / "probe.sock") if request.param == "unix" else ""
    with ProbeServer(path) as probe:
        yield probe


@pytest.fixture
def unix_server(tmp_path: pathlib.Path) -> Iterator[ProbeServer]:
    """A probe server where the kind of socket cannot matter."""
    with ProbeServer(str(tmp_path / "probe.sock")) as probe:
        yield probe
