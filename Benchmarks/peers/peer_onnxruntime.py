"""ONNX Runtime as a peer. Usage: peer_onnxruntime.py MODEL.onnx"""

import concurrent.futures
import sys
import threading
from typing import Any, Dict, Iterable, List

import numpy as np
import onnxruntime
from encoding import Batch, EncoderPeer
from lines import Request, serve

THREADS = 2


class OnnxRuntime(EncoderPeer):
    """One ONNX file; its graph takes ids and a mask, and perhaps segments. It runs over both cores or, where more texts come
    than go together, as two sessions of one thread."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._path = path
        self._session = self._open(THREADS)
        self._lanes: List[onnxruntime.InferenceSession] = []
        self._inputs = {given.name for given in self._session.get_inputs()}
        self.version = f"ONNX Runtime {onnxruntime.__version__}"

    def _open(self, threads: int) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        return onnxruntime.InferenceSession(self._path, options, providers=["CPUExecutionProvider"])

    def variants(self, request: Request) -> List[Dict[str, Any]]:
        sizes, at_once = self.batch_sizes(request), request.get("at_once", 1)
        return [{"rows": rows} for rows in sizes] + [{"rows": rows, "streams": THREADS} for rows in sizes if rows < at_once]

    def _run(self, session: onnxruntime.InferenceSession, batch: Batch) -> np.ndarray:
        given = {"input_ids": batch.ids, "attention_mask": batch.mask, "token_type_ids": batch.segments}
        (found,) = session.run(None, {name: given[name] for name in self._inputs})
        return batch.pooled(found)

    def embed(self, batches: Iterable[Batch], setting: Dict[str, Any]) -> List[np.ndarray]:
        if "streams" in setting:
            return self._in_turns(batches)
        return [self._run(self._session, batch) for batch in batches]

    def _in_turns(self, batches: Iterable[Batch]) -> List[np.ndarray]:
        """Each session takes the next batch as soon as it is done with one."""
        self._lanes = self._lanes or [self._open(1) for _ in range(THREADS)]
        numbered, lock = enumerate(batches), threading.Lock()
        found: Dict[int, np.ndarray] = {}

        def work(session: onnxruntime.InferenceSession) -> None:
            while True:
                with lock:
                    number, batch = next(numbered, (-1, None))
                if batch is None:
                    return
                found[number] = self._run(session, batch)

        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(work, self._lanes))
        return [found[number] for number in sorted(found)]


if __name__ == "__main__":
    serve(OnnxRuntime(sys.argv[1]))
