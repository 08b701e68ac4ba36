"""A daemon of our own to measure: started, waited for, and stopped with its books balanced."""

import dataclasses
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time


@dataclasses.dataclass(frozen=True)
class Usage:
    """What a daemon took: seconds until it was ready, and its memory in bytes: resident by kind, and its
    proportional share of it (PSS)."""

    startup_seconds: float
    resident: int
    anonymous: int
    mapped: int
    proportional: int


class Daemon:
    """`meted` with the models of a configuration on a temporary Unix socket, for a `with` block."""

    def __init__(self, meted: pathlib.Path, root: pathlib.Path, config: str = "scripts/demo.yaml") -> None:
        self._command = [str(meted.resolve()), "--config", config, "--log-level", "notice"]
        self._root = root

    def __enter__(self) -> "Daemon":
        self._folder = tempfile.mkdtemp()
        path = f"{self._folder}/mete.sock"
        self.address = f"unix:{path}"
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [*self._command, "--unix", path], cwd=self._root, stderr=subprocess.PIPE, text=True
        )
        # A daemon that says nothing would let readline wait for ever.
        watchdog = threading.Timer(120, self._process.kill)
        watchdog.start()
        lines = []
        for line in self._process.stderr or ():
            lines.append(line)
            if " ready " in line:
                break
        watchdog.cancel()
        self._startup = time.perf_counter() - began
        if not lines or " ready " not in lines[-1]:
            self.__exit__()
            raise RuntimeError("the daemon did not get ready:\n" + "".join(lines))
        return self

    def usage(self) -> Usage:
        """What it holds now."""
        process = pathlib.Path(f"/proc/{self._process.pid}")
        text = (process / "status").read_text() + (process / "smaps_rollup").read_text()
        sizes = {key: int(size) * 1024 for key, size in re.findall(r"(\w+):\s+(\d+) kB", text)}
        return Usage(self._startup, sizes["VmRSS"], sizes["RssAnon"], sizes["RssFile"], sizes["Pss"])

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            rest = self._process.communicate(timeout=60)[1]
        except subprocess.TimeoutExpired:
            self._process.kill()
            rest = self._process.communicate()[1]
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._process.returncode != 0:
            raise RuntimeError(f"the daemon ended with {self._process.returncode}:\n{rest}")
