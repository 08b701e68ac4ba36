"""llama.cpp as a peer, through the C functions of llama-cpp-python. Usage: peer_llama.py MODEL.gguf"""

import ctypes
import importlib.metadata
import sys
import time
from typing import Any, Dict, List, Sequence, Tuple

import llama_cpp as llama
import numpy as np
from lines import Measured, Peer, Request, serve

THREADS = 2
#: Rows of one batch, and so of one prompt: the longest that is measured.
BATCH = 512
Row = Tuple[int, int, int, bool]


@llama.llama_log_callback
def silent(*_: object) -> None:
    """What llama.cpp says while it loads."""


class Context:
    """A context with room for some sequences, and a batch to fill."""

    def __init__(self, model: Any, sequences: int, cells: int, setting: Dict[str, Any]) -> None:
        wanted = llama.llama_context_default_params()
        wanted.n_ctx, wanted.n_seq_max = cells * sequences, sequences
        wanted.n_batch = wanted.n_ubatch = BATCH
        wanted.n_threads = wanted.n_threads_batch = THREADS
        wanted.flash_attn_type = int(setting["flash"])
        wanted.kv_unified = setting["unified"]
        wanted.no_perf = True
        self._context = llama.llama_init_from_model(model, wanted)
        if not self._context:
            raise RuntimeError(f"llama.cpp refused {setting}")
        self._vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
        self._batch = llama.llama_batch_init(BATCH, 0, 1)

    def clear(self) -> None:
        llama.llama_memory_clear(llama.llama_get_memory(self._context), True)

    def decode(self, rows: Sequence[Row]) -> List[int]:
        """One step over rows of (token, position, sequence, whether its answer is wanted); the best next tokens of those."""
        batch = self._batch
        batch.n_tokens = len(rows)
        for i, (token, position, sequence, is_wanted) in enumerate(rows):
            batch.token[i], batch.pos[i] = token, position
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, sequence
            batch.logits[i] = is_wanted
        if llama.llama_decode(self._context, batch) != 0:
            raise RuntimeError("llama_decode failed")
        count = sum(row[3] for row in rows)
        start = ctypes.cast(llama.llama_get_logits(self._context), ctypes.POINTER(ctypes.c_float))
        logits = np.ctypeslib.as_array(start, (count, self._vocabulary))
        # numpy's argmax is many times faster than llama.cpp's greedy sampler, which builds a list of candidates first.
        return [int(row.argmax()) for row in logits]


class Llama(Peer):
    """One GGUF file."""

    def __init__(self, path: str) -> None:
        llama.llama_log_set(silent, None)
        llama.llama_backend_init()
        self._model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
        if not self._model:
            raise RuntimeError(f"llama.cpp cannot load {path}")
        self._contexts: Dict[str, Context] = {}
        features = llama.llama_print_system_info().decode()
        self.version = f"llama.cpp of llama-cpp-python {importlib.metadata.version('llama-cpp-python')} ({features.strip(' |')})"

    def settings(self, request: Request) -> List[Dict[str, Any]]:
        # Keys and values of all sequences in one buffer, or of each in its own.
        unified = [False, True] if len(request["prompts"]) > 1 else [False]
        return [{"flash": flash, "unified": one} for flash in (False, True) for one in unified]

    def run(self, request: Request, setting: Dict[str, Any]) -> Measured:
        prompts = request["prompts"]
        more = request.get("tokens", 0)
        cells = -(-(max(map(len, prompts)) + more) // 256) * 256
        key = f"{len(prompts)} {cells} {setting}"
        if key not in self._contexts:
            self._contexts[key] = Context(self._model, len(prompts), cells, setting)
        context = self._contexts[key]
        context.clear()
        began = time.perf_counter()
        rows = [
            (token, position, sequence, position == len(prompt) - 1)
            for sequence, prompt in enumerate(prompts)
            for position, token in enumerate(prompt)
        ]
        tokens = context.decode(rows)
        if request["work"] == "prefill":
            return Measured([time.perf_counter() - began], len(rows))
        # All sequences have their first token; what follows is decoding.
        began = time.perf_counter()
        for step in range(more - 1):
            tokens = context.decode([(token, len(prompts[i]) + step, i, True) for i, token in enumerate(tokens)])
        return Measured([time.perf_counter() - began], (more - 1) * len(prompts))


if __name__ == "__main__":
    serve(Llama(sys.argv[1]))
