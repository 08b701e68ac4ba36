"""Every example of README.md runs."""

from __future__ import annotations

import pathlib
import re
from typing import Any, Dict

import pytest

from .probe_server import ProbeServer

README = pathlib.Path(__file__).resolve().parents[1] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example(unix_server: ProbeServer, number: int, capsys: pytest.CaptureFixture[str]) -> None:
    names: Dict[str, Any] = {}
    exec("import mete", names)
    exec(EXAMPLES[number].replace("unix:/run/mete/mete.sock", unix_server.address), names)
    assert capsys.readouterr().out.strip()


def test_every_call_has_an_example() -> None:
    text = "".join(EXAMPLES)
    for call in (
        "generate", "predict", "classify_stream", "embed", "classify", "tokenize", "models", "describe", "usage_bill", "health", "watch_health", "ping",
        "reflect",
    ):  # fmt: skip
        assert f"client.{call}(" in text
