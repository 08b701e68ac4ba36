"""OpenVINO as a peer. Usage: peer_openvino.py MODEL.xml PRECISION [PRECISION…]    precisions of what is not int8: f32, bf16"""

import sys
from typing import Any, Dict, Iterable, List, Tuple

import numpy as np
import openvino
from encoding import Batch, EncoderPeer
from lines import Request, serve

THREADS = 2


class OpenVino(EncoderPeer):
    """One model, compiled for latency on both cores, or as two streams that take batches in turn."""

    def __init__(self, path: str, precisions: List[str]) -> None:
        super().__init__(path)
        self._core = openvino.Core()
        self._model = self._core.read_model(path)
        self._precisions = precisions
        self._compiled: Dict[Tuple, Any] = {}
        self.version = f"OpenVINO {openvino.__version__.split('-')[0]}"

    def variants(self, request: Request) -> List[Dict[str, Any]]:
        """One stream over both cores or, with several batches, two; shapes fixed where all texts are of one length, or free."""
        is_uniform = request["work"] == "embed" and len({len(text) for text in request["texts"]}) == 1
        ways = [{"streams": 1, "fixed": False}]
        ways += [{"streams": 1, "fixed": True}] if is_uniform else []
        found = [{"precision": p, "rows": r, **way} for p in self._precisions for r in self.batch_sizes(request) for way in ways]
        split = [rows for rows in self.batch_sizes(request) if rows < request.get("at_once", len(request["texts"]))]
        return found + [{"precision": p, "rows": r, "streams": 2, "fixed": False} for p in self._precisions for r in split]

    def _compile(self, setting: Dict[str, Any], shape: Tuple[int, ...]) -> Any:
        key = (setting["precision"], setting["streams"], shape if setting["fixed"] else None)
        if key not in self._compiled:
            model = self._model
            if setting["fixed"]:
                model = model.clone()
                model.reshape({given: list(shape) for given in model.inputs})
            wanted = {"INFERENCE_NUM_THREADS": THREADS, "INFERENCE_PRECISION_HINT": setting["precision"]}
            wanted |= {"PERFORMANCE_HINT": "LATENCY"} if setting["streams"] == 1 else {"NUM_STREAMS": setting["streams"]}
            compiled = self._core.compile_model(model, "CPU", wanted)
            self._compiled[key] = [compiled.create_infer_request() for _ in range(setting["streams"])]
        return self._compiled[key]

    def embed(self, batches: Iterable[Batch], setting: Dict[str, Any]) -> List[np.ndarray]:
        if setting["streams"] == 1:
            vectors = []
            for batch in batches:
                (request,) = self._compile(setting, batch.ids.shape)
                found = request.infer([batch.ids, batch.mask], share_inputs=True)
                vectors.append(next(iter(found.values())))
            return vectors
        return self._in_turns(batches, setting)

    def _in_turns(self, batches: Iterable[Batch], setting: Dict[str, Any]) -> List[np.ndarray]:
        """Batch i runs on stream i modulo the streams, each as soon as the one before it there is done."""
        vectors: List[np.ndarray] = []
        running: List[Any] = []

        def take() -> None:
            request = running.pop(0)
            request.wait()
            vectors.append(request.get_output_tensor(0).data.copy())

        for i, batch in enumerate(batches):
            if len(running) == setting["streams"]:
                take()
            request = self._compile(setting, batch.ids.shape)[i % setting["streams"]]
            request.start_async([batch.ids, batch.mask], share_inputs=True)
            running.append(request)
        while running:
            take()
        return vectors


if __name__ == "__main__":
    serve(OpenVino(sys.argv[1], sys.argv[2:]))
