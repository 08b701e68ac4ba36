"""What the peers for MiniLM share: texts of token ids as padded batches, and the timing of a work."""

import time
from typing import Any, Dict, List

import numpy as np
from lines import Measured, Peer, Request


class Batch:
    """Texts of token ids, padded to the longest."""

    def __init__(self, texts: List[List[int]]) -> None:
        longest = max(map(len, texts))
        self.ids = np.zeros((len(texts), longest), np.int64)
        self.mask = np.zeros((len(texts), longest), np.int64)
        self.segments = np.zeros((len(texts), longest), np.int64)
        for row, text in enumerate(texts):
            self.ids[row, : len(text)] = text
            self.mask[row, : len(text)] = 1

    def pooled(self, found: np.ndarray) -> np.ndarray:
        """Vectors as they are, or the normalized mean over what a graph without pooling gave for every token."""
        if found.ndim == 2:
            return found
        sums = np.einsum("rtw,rt->rw", found, self.mask.astype(found.dtype))
        return sums / np.linalg.norm(sums, axis=1, keepdims=True)


class EncoderPeer(Peer):
    """A peer that turns padded batches into vectors, in whatever order is best for it."""

    def embed(self, batches: List[Batch], setting: Dict[str, Any]) -> List[np.ndarray]:
        raise NotImplementedError

    def batch_sizes(self, request: Request) -> List[int]:
        """Texts that go together: all, a quarter, an eighth, one."""
        count = len(request["texts"])
        return sorted({count, max(1, count // 4), max(1, count // 8), 1}, reverse=True)

    def vectors(self, texts: List[List[int]], setting: Dict[str, Any]) -> np.ndarray:
        """In the order of the texts. Sorting by length and padding are part of the work."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        rows = setting["rows"]
        batches = [Batch([texts[i] for i in order[at : at + rows]]) for at in range(0, len(order), rows)]
        found = np.concatenate(self.embed(batches, setting))
        restored = np.empty_like(found)
        restored[order] = found
        return restored

    def run(self, request: Request, setting: Dict[str, Any]) -> Measured:
        texts = request["texts"]
        seconds = []
        for _ in range(request["times"]):
            began = time.perf_counter()
            self.vectors(texts, setting)
            seconds.append(time.perf_counter() - began)
        return Measured(seconds, sum(map(len, texts)))
