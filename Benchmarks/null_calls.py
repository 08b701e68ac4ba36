"""Measures calls that do nothing, in turns with gRPC C++ and Python's grpcio, and writes docs/BENCHMARKS.md.

Usage: .cache/venv/bin/python Benchmarks/null_calls.py [--meted .build/release/meted] [--rounds 7] [--print]

Builds the clients and the gRPC server into .cache/null_calls (`make peers` installs what that needs). In every
round each client measures once, one after the other; the server it speaks to is the only one that is busy.
"""

import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import tempfile
from typing import Dict, List, NamedTuple

import machine
import page

ROOT = pathlib.Path(__file__).resolve().parents[1]
SOURCE = ROOT / "Benchmarks/null_calls"
BUILT = ROOT / ".cache/null_calls"
UNARY, STREAMED, PYTHON = 10_000, 100_000, 2_000


class Case(NamedTuple):
    """What is measured: a title, the column it is judged by, and the client's arguments."""

    title: str
    arguments: List[str]
    is_unary: bool


CASES = [
    Case("unary", ["unary", str(UNARY)], True),
    Case("1 stream, 64 in flight", ["streams", str(STREAMED), "1", "64"], False),
    Case("100 streams, 1 in flight each", ["streams", str(STREAMED), "100", "1"], False),
]


def run(*command: object) -> str:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, timeout=300).stdout


def build() -> None:
    """Compiles what is older than its source."""
    BUILT.mkdir(parents=True, exist_ok=True)
    plugin = run("which", "grpc_cpp_plugin").strip()
    run("protoc", "-I", SOURCE, f"--cpp_out={BUILT}", f"--grpc_out={BUILT}", f"--plugin=protoc-gen-grpc={plugin}", "null.proto")
    flags = shlex.split(run("pkg-config", "--cflags", "--libs", "grpc++", "protobuf"))
    for name in ("grpc_server", "grpc_client"):
        generated = [BUILT / "null.pb.cc", BUILT / "null.grpc.pb.cc"]
        run("g++", "-O2", "-std=c++17", f"-I{BUILT}", SOURCE / f"{name}.cc", *generated, "-o", BUILT / name, *flags)
    client = ROOT / "clients/c"
    run("gcc", "-O2", "-std=c11", "-D_GNU_SOURCE", f"-I{client}", SOURCE / "mete_client.c", client / "mete.c", "-o", BUILT / "mete_client")


class Server:
    """A server on a Unix and a TCP socket, for a `with` block."""

    def __init__(self, name: str, command: List[object], ready: str) -> None:
        self.name = name
        self._command = [str(part) for part in command]
        self._ready = ready

    def __enter__(self) -> "Server":
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self._process.stdout or ():
            if self._ready in line:
                self.said = line
                return self
        raise RuntimeError(f"{self.name} did not get ready")

    def cpu(self) -> float:
        """Seconds of processor time that it has used, to the scheduler's exactness."""
        total = 0
        for task in pathlib.Path(f"/proc/{self._process.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)


def measure(server: Server, command: List[object]) -> Dict[str, float]:
    """One run of one client."""
    before = server.cpu()
    found: Dict[str, float] = json.loads(run(*command))
    # The warm-up of a tenth ran outside the client's own window, but inside the server's.
    found["server_cpu_us"] = (server.cpu() - before) / (1.1 * found["messages"]) * 1e6
    found["client_cpu_us"] = found["client_cpu"] / found["messages"] * 1e6
    found["cpu_us"] = found["server_cpu_us"] + found["client_cpu_us"]
    found["rate"] = found["messages"] / found["seconds"]
    return found


def spread(values: List[float]) -> str:
    return f"{page.number(statistics.median(values))} ({page.number(min(values))} – {page.number(max(values))})"


def ratio(ours: List[float], theirs: List[float]) -> str:
    """The median of the rounds' ratios, and their spread."""
    parts = [a / b for a, b in zip(ours, theirs)]
    return f"{statistics.median(parts):.2f} ({min(parts):.2f} – {max(parts):.2f})"


def line(transport: str, title: str, unit: str, key: str, ours: List[Dict[str, float]], theirs: List[Dict[str, float]]) -> str:
    a, b = [run[key] for run in ours], [run[key] for run in theirs]
    return f"| {transport} | {title} | {unit} | {spread(a)} | {spread(b)} | {ratio(a, b)} |"


def rows(transport: str, mete: Server, grpc: Server, addresses: Dict[str, str], rounds: int) -> List[str]:
    """Everything over one kind of socket."""
    lines = []
    for case in CASES:
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(measure(mete, [BUILT / "mete_client", addresses["mete"], *case.arguments]))
            theirs.append(measure(grpc, [BUILT / "grpc_client", addresses["grpc"], *case.arguments]))
        if case.is_unary:
            lines.append(line(transport, f"C and C++: {case.title}, p50", "µs", "p50_us", ours, theirs))
            lines.append(line(transport, f"C and C++: {case.title}, p99", "µs", "p99_us", ours, theirs))
        lines.append(line(transport, f"C and C++: {case.title}", "messages/s", "rate", ours, theirs))
        lines.append(line(transport, f"C and C++: {case.title}, both sides", "CPU µs a message", "cpu_us", ours, theirs))
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(measure(mete, [sys.executable, SOURCE / "mete_python.py", addresses["mete"], PYTHON]))
        theirs.append(measure(grpc, [sys.executable, SOURCE / "grpc_python.py", addresses["grpc"], PYTHON]))
    lines.append(line(transport, "Python: unary, p50", "µs", "p50_us", ours, theirs))
    lines.append(line(transport, "Python: unary, p99", "µs", "p99_us", ours, theirs))
    lines.append(line(transport, "Python: unary, both sides", "CPU µs a message", "cpu_us", ours, theirs))
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meted", type=pathlib.Path, default=ROOT / ".build/release/meted")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--print", action="store_true", help="leave docs/BENCHMARKS.md alone")
    settings = parser.parse_args()
    host = machine.describe(ROOT)
    build()
    lines = [
        f"{host}. gRPC C++ {run('pkg-config', '--modversion', 'grpc++').strip()}, grpcio {__import__('grpc').__version__}; {settings.rounds} rounds.",
        "",
        "| socket | what | unit | Mete: median (min – max) | gRPC: median (min – max) | Mete ÷ gRPC |",
        "| --- | --- | --- | ---: | ---: | ---: |",
    ]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for transport in ("Unix", "TCP"):
            own = ["--unix", f"{folder}/mete.sock"] if transport == "Unix" else ["--no-unix", "--tcp", "127.0.0.1:0"]
            other = f"unix:{folder}/grpc.sock" if transport == "Unix" else "127.0.0.1:47433"
            meted = [settings.meted.resolve(), "--model", "minilm=.cache/models/minilm", "--log-level", "notice", *own]
            with Server("meted", meted, " ready ") as mete, Server("grpc", [BUILT / "grpc_server", other], "ready") as grpc:
                listening = mete.said.split("listen=")[1].strip().strip('"')
                address = listening if transport == "Unix" else f"tcp:{listening}"
                lines += rows(transport, mete, grpc, {"mete": address, "grpc": other}, settings.rounds)
    text = "\n".join(lines) + "\n"
    if settings.print:
        print(text)
    else:
        page.write(ROOT / "docs/BENCHMARKS.md", {"null-calls": text})
        print("docs/BENCHMARKS.md is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
