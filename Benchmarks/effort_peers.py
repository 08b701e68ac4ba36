"""What effort is compared with: the dense model as graphs for ONNX Runtime and OpenVINO, bare libraries in processes that take text.

Each peer tries its settings for one text at a time and for 32 at once and keeps the fastest (peers/lines.py); tokenizing with
Hugging Face's tokenizers is in the time. peers/make_classifier.py makes the graphs once for a model, into .cache/peers.
"""

import hashlib
import json
import pathlib
import statistics
import subprocess
import sys
import time
from typing import Any, Dict, List

from child import Child
from works import Side

TUNING_TEXTS, TUNING_SECONDS_MAX, ANSWER_SECONDS_MAX, MAKING_SECONDS_MAX = 96, 900, 300, 1_800
#: Before a peer's turn, for the threads of the side before to fall asleep.
PAUSE = 0.25
#: The float32 graph must answer like the daemon's float32 model, but for a tie here and there.
SAME_LEAST = 0.995
ALONE, TOGETHER = "alone", "together"
EXACT = "OpenVINO f32"


def sides(folder: pathlib.Path) -> List[Side]:
    """Every variant, each in one precision, so that it has one accuracy."""

    def onnx(name: str, file: str) -> Side:
        return Side(f"ONNX Runtime {name}", "", ["peer_onnxruntime.py", str(folder / file)])

    def openvino(name: str, file: str, precision: str) -> Side:
        return Side(f"OpenVINO {name}", "", ["peer_openvino.py", str(folder / file), precision])

    return [
        onnx("fp32, fused", "classifier-fused.onnx"),
        onnx("int8", "classifier-int8.onnx"),
        onnx("int8, fused", "classifier-fused-int8.onnx"),
        openvino("f32", "classifier.xml", "f32"),
        openvino("bf16", "classifier.xml", "bf16"),
        openvino("int8 (NNCF), rest f32", "classifier-nncf.xml", "f32"),
        openvino("int8 (NNCF), rest bf16", "classifier-nncf.xml", "bf16"),
    ]


def prepare(root: pathlib.Path, model: pathlib.Path, train: pathlib.Path) -> pathlib.Path:
    """The folder with the model's graphs, made anew if the model or what makes them has changed."""
    source, python = root / "Benchmarks/peers", root / ".cache/peers-venv/bin/python"
    if not python.exists():
        sys.exit("the peers are not installed: run `make peers`, or leave them out with --no-peers")
    folder = root / ".cache/peers" / f"classify-{model.name}"
    inputs = [model / "model.safetensors", model / "config.json", train]
    inputs += [source / name for name in ("make_classifier.py", "graphs.py", "requirements.txt")]
    wanted = "".join(hashlib.sha256(path.read_bytes()).hexdigest() + "\n" for path in inputs)
    stamp = folder / ".made"
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"graphs of {model.name} for the peers; this takes minutes", flush=True)
        command = [python, source / "make_classifier.py", model, train, folder]
        done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=MAKING_SECONDS_MAX)
        if done.returncode:
            sys.exit("\n".join([*done.stdout.splitlines()[-30:], "make_classifier.py failed"]))
        stamp.write_text(wanted)
    return folder


class PeerBench:
    """A peer that runs and waits, and the settings that it keeps."""

    def __init__(self, name: str, child: Child, at_once: int) -> None:
        self.name, self.version = name, child.version
        self._child, self._at_once = child, {ALONE: 1, TOGETHER: at_once}
        self.kept: Dict[str, Dict[str, Any]] = {}

    def _ask(self, way: str, texts: List[str], seconds_max: float = ANSWER_SECONDS_MAX, **more: Any) -> Dict[str, Any]:
        request = {"work": "classify", "name": way, "texts": texts, "at_once": self._at_once[way], **more}
        return self._child.ask(request, seconds_max)

    def tune(self, texts: List[str]) -> None:
        for way in (ALONE, TOGETHER):
            self.kept[way] = self._ask(way, texts[:TUNING_TEXTS], TUNING_SECONDS_MAX, tune=True)["setting"]

    def alone(self, texts: List[str]) -> float:
        """Seconds a text."""
        time.sleep(PAUSE)
        self._ask(ALONE, texts[:20])
        return float(statistics.median(self._ask(ALONE, texts)["seconds"]))

    def together(self, texts: List[str]) -> float:
        """Texts a second."""
        time.sleep(PAUSE)
        return float(len(texts) / self._ask(TOGETHER, texts)["seconds"][0])

    def labels(self, texts: List[str], names: List[str]) -> List[str]:
        return [names[index] for index in self._ask(TOGETHER, texts)["labels"]]


def names_of(model: pathlib.Path) -> List[str]:
    """The labels of a Hugging Face classifier, in the order of its logits."""
    named = json.loads((model / "config.json").read_text(encoding="utf-8"))["id2label"]
    return [named[str(index)] for index in range(len(named))]
