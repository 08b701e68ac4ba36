"""Section 6: messages as they travel; whether a method takes them is the method's affair."""

from __future__ import annotations

import struct
from typing import Any, Dict

from .building import CALLING, SERVING, Section
from .packing import Single


def cases() -> Section:
    """All cases of section 6."""
    s = Section("6")
    inputs: Dict[str, Any] = {
        "text": "Streams of tokens", "no text": "", "half a character as bin": b"caf\xc3", "tokens": [1, 2, 49151],
        "no tokens": [], "a token above int64": [2**64 - 1], "a negative token": [-1], "a nested array": [[1]],
    }  # fmt: skip
    for name, value in inputs.items():
        s.valid(f"input of {name}", "server", SERVING, 2, 1, value, section="6.1")
    bits = "3dcccccd"
    outputs: Dict[str, Any] = {
        "a generated token": [42, " the", -0.25], "a token without text": [42, "", Single("bf800000")],
        "a prediction": [0, 17, [[5, -0.1], [6, -2.5]]], "an embedding": [0, struct.pack("<3f", 0.5, -1.0, 2.0)],
        "a classification": [3, [["spam", Single(bits)], ["ham", 0.9]]], "token ids": [1, 2, 3],
        "a health status": {"status": "SERVING"}, "a list of models": [{"labels": [], "name": "m", "pooling": None}],
    }  # fmt: skip
    for name, value in outputs.items():
        s.valid(f"output of {name}", "client", CALLING, 2, 1, value, section="6.2")
    return s
