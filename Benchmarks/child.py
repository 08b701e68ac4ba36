"""One side of a comparison as a child process that answers lines of JSON (peers/lines.py), with a time limit on every answer."""

import json
import os
import pathlib
import select
import subprocess
import tempfile
import time
from typing import Any, Dict, List


class Child:
    """A side, for a `with` block: started and ready, and gone at the end."""

    def __init__(self, name: str, command: List[object], root: pathlib.Path, ready_seconds: float = 120) -> None:
        self.name = name
        self._command = [str(part) for part in command]
        self._root = root
        self._ready_seconds = ready_seconds

    def __enter__(self) -> "Child":
        self._errors = tempfile.TemporaryFile()
        self._unread = b""
        self._process = subprocess.Popen(
            self._command, cwd=self._root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )
        try:
            self.version = str(self._answer(self._ready_seconds)["ready"])
        except BaseException:
            self.__exit__()
            raise
        return self

    def ask(self, request: Dict[str, Any], seconds_max: float) -> Dict[str, Any]:
        """The answer to a request; an error, a broken line, or none in time fails with what the child wrote last."""
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure("it has ended") from None
        return self._answer(seconds_max)

    def _answer(self, seconds_max: float) -> Dict[str, Any]:
        line = self._line(time.monotonic() + seconds_max, seconds_max)
        try:
            said = json.loads(line)
        except ValueError:
            raise self._failure(f"it said {line!r}") from None
        if "error" in said:
            raise self._failure(said["error"])
        return dict(said)

    def _line(self, until: float, seconds_max: float) -> bytes:
        assert self._process.stdout
        pipe = self._process.stdout.fileno()
        while b"\n" not in self._unread:
            left = until - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                raise self._failure(f"no answer within {seconds_max:.0f} seconds")
            more = os.read(pipe, 1 << 16)
            if not more:
                raise self._failure("it ended without an answer")
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _failure(self, why: str) -> RuntimeError:
        self._errors.seek(0)
        last = self._errors.read().decode(errors="replace").strip().splitlines()[-12:]
        return RuntimeError("\n".join([f"{self.name}: {why}", *last]))

    def __exit__(self, *_: object) -> None:
        """The end of its input ends it; one that is stuck is ended."""
        assert self._process.stdin
        try:
            self._process.stdin.close()
            self._process.wait(10)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self._process.kill()
            self._process.wait(10)
        self._errors.close()
