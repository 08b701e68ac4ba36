"""ONNX Runtime as a peer. Usage: peer_onnxruntime.py MODEL.onnx"""

import sys
from typing import Any, Dict, List

import numpy as np
import onnxruntime
from encoding import Batch, EncoderPeer
from lines import Request, serve

THREADS = 2


class OnnxRuntime(EncoderPeer):
    """One ONNX file; its graph takes ids and a mask, and perhaps segments."""

    def __init__(self, path: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._inputs = {given.name for given in self._session.get_inputs()}
        self.version = f"ONNX Runtime {onnxruntime.__version__}"

    def settings(self, request: Request) -> List[Dict[str, Any]]:
        return [{"rows": rows} for rows in self.batch_sizes(request)]

    def embed(self, batches: List[Batch], setting: Dict[str, Any]) -> List[np.ndarray]:
        vectors = []
        for batch in batches:
            given = {"input_ids": batch.ids, "attention_mask": batch.mask, "token_type_ids": batch.segments}
            (found,) = self._session.run(None, {name: given[name] for name in self._inputs})
            vectors.append(batch.pooled(found))
        return vectors


if __name__ == "__main__":
    serve(OnnxRuntime(sys.argv[1]))
