"""Starts and ends the daemon that a run of the scenarios talks to; the runners in all languages call it by METE_CONTROL.

Usage: python3 daemon.py FOLDER METED run unix|tcp COMMAND…   runs a command with the environment that runners read
       python3 daemon.py FOLDER METED with NAME               sees to it that a daemon with these settings runs
       python3 daemon.py FOLDER METED terminate|ended|kill|start|start_later|stop|addresses

`terminate` sends SIGTERM and does not wait, `ended` waits for the end and fails if the books do not balance, `kill` is
SIGKILL, `start` starts the same daemon again, `start_later` does not wait until it is ready, `stop` is `terminate` and `ended`
if there is one, and `addresses` prints where it listens, Unix first. Everything lies in FOLDER.
"""

import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
DAEMONS = pathlib.Path(__file__).with_name("daemons.json")
PATIENCE = 120.0


class Daemon:
    """What FOLDER knows of the daemon: its settings, its process, its log and its exit status."""

    def __init__(self, folder: str, meted: str) -> None:
        self.folder = pathlib.Path(folder)
        self.meted = meted
        self.log = self.folder / "meted.log"
        self.status = self.folder / "status"

    def addresses(self) -> dict:
        """Where it listens; the port is chosen once, so that clients find the next daemon too."""
        file = self.folder / "port"
        if not file.exists():
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                file.write_text(str(probe.getsockname()[1]))
        return {"unix": f"unix:{self.folder}/s", "tcp": f"tcp:127.0.0.1:{file.read_text()}"}

    def process(self) -> int:
        """Its process id, 0 if none runs."""
        file = self.folder / "pid"
        number = int(file.read_text()) if file.exists() and file.read_text().strip() else 0
        return 0 if number == 0 or self.status.exists() else number

    def configure(self, name: str) -> None:
        """Writes the configuration of a name in daemons.json; JSON is YAML."""
        settings = dict(json.loads(DAEMONS.read_text())[name])
        paths = {"smollm2": ROOT / ".cache/models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "minilm": ROOT / ".cache/models/minilm"}
        settings["models"] = {key: {"path": str(path), "micro_per_gmac": 40} for key, path in paths.items()}
        settings["listen"] = {"unix": {"path": f"{self.folder}/s"}, "tcp": {"port": int(self.addresses()["tcp"].rpartition(":")[2])}}
        settings["log_level"] = "notice"
        (self.folder / "meted.yaml").write_text(json.dumps(settings))
        (self.folder / "name").write_text(name)

    def start(self, wait: bool = True) -> None:
        """Starts it in a session of its own, for it outlives this program; a shell writes its exit status down."""
        self.status.unlink(missing_ok=True)
        self.log.write_text("")
        command = f"{shlex.quote(self.meted)} --config {shlex.quote(str(self.folder))}/meted.yaml 2>>{shlex.quote(str(self.log))} & "
        command += f"echo $! >{self.folder}/pid; wait $!; echo $? >{self.status}.part; mv {self.status}.part {self.status}"
        nothing = subprocess.DEVNULL
        subprocess.Popen(["bash", "-c", command], stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)
        if wait:
            self.until(lambda: " ready " in self.log.read_text() or self.status.exists(), "to get ready")
            if self.status.exists():
                sys.exit(f"the daemon did not start:\n{self.log.read_text()}")

    def send(self, number: int) -> None:
        """Sends a signal; `start_later` may not have written the process id down yet."""
        self.until(lambda: (self.folder / "pid").exists(), "to have a process id")
        if self.process():
            os.kill(self.process(), number)

    def ended(self) -> None:
        """Waits for a clean end."""
        self.until(self.status.exists, "to end")
        log = self.log.read_text()
        if self.status.read_text().strip() != "0" or "the books balance" not in log:
            sys.exit(f"the daemon ended with {self.status.read_text().strip()}:\n{log[-4000:]}")

    def until(self, condition, what: str) -> None:
        """Waits for something that another process does."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                sys.exit(f"waited in vain for the daemon {what}:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Ends it, if it runs, and checks its books."""
        if self.process():
            self.send(signal.SIGTERM)
            self.ended()

    def have(self, name: str) -> None:
        """Keeps the daemon that runs if its settings are the right ones."""
        file = self.folder / "name"
        if self.process() and file.exists() and file.read_text() == name:
            return
        self.stop()
        self.configure(name)
        self.start()

    def run(self, over: str, command: list) -> int:
        """Runs one runner, then ends the daemon; a runner that fails is shown the daemon's log."""
        addresses = self.addresses()
        other = {"unix": "tcp", "tcp": "unix"}[over]
        control = [sys.executable, str(pathlib.Path(__file__).resolve()), str(self.folder), self.meted]
        told = {"METE_ADDRESS": addresses[over], "METE_OTHER_ADDRESS": addresses[other], "METE_CONTROL": shlex.join(control)}
        status = 1
        try:
            status = subprocess.run(command, env={**os.environ, **told}).returncode
            if status:
                print(f"the daemon's log ends:\n{self.log.read_text()[-4000:] if self.log.exists() else ''}")
        finally:
            if status:
                self.send(signal.SIGKILL) if self.process() else None
            else:
                self.stop()
        return status


def main() -> int:
    daemon = Daemon(sys.argv[1], sys.argv[2])
    verb, rest = sys.argv[3], sys.argv[4:]
    if verb == "run":
        return daemon.run(rest[0], rest[1:])
    verbs = {
        "with": lambda: daemon.have(rest[0]), "terminate": lambda: daemon.send(signal.SIGTERM), "ended": daemon.ended,
        "start": daemon.start, "start_later": lambda: daemon.start(wait=False), "stop": daemon.stop,
        "addresses": lambda: print(*daemon.addresses().values(), sep="\n"),
    }  # fmt: skip
    if verb == "kill":
        daemon.send(signal.SIGKILL)
        daemon.until(daemon.status.exists, "to die")
    else:
        verbs[verb]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
