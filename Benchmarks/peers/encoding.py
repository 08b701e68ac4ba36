"""What the peers for encoders share: texts, or their token ids, as padded batches, and the timing of a work."""

import os
import pathlib
import time
from typing import Any, Dict, Iterable, Iterator, List, Optional

import numpy as np
import tokenizers
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
    """A peer that turns padded batches into vectors, or logits, in whatever order is best for it."""

    def __init__(self, path: str) -> None:
        """The tokenizer for works of text lies beside the model."""
        self._beside = pathlib.Path(path).with_name("tokenizer.json")
        self._tokenizer: Optional[tokenizers.Tokenizer] = None

    def embed(self, batches: Iterable[Batch], setting: Dict[str, Any]) -> List[np.ndarray]:
        raise NotImplementedError

    def variants(self, request: Request) -> List[Dict[str, Any]]:
        """The settings of the library itself."""
        raise NotImplementedError

    def settings(self, request: Request) -> List[Dict[str, Any]]:
        """Several texts may be tokenized by several threads, or by one, which leaves the others to what runs meanwhile."""
        found = self.variants(request)
        if request.get("at_once", 1) == 1:
            return found
        return [{**setting, "tokenizing": way} for setting in found for way in ("parallel", "serial")]

    def batch_sizes(self, request: Request) -> List[int]:
        """Texts that go together: all, a quarter, an eighth, one; of a part of the texts also a half."""
        count = request.get("at_once") or len(request["texts"])
        halves = {max(1, count // 2)} if "at_once" in request else set()
        return sorted({count, max(1, count // 4), max(1, count // 8), 1} | halves, reverse=True)

    def ids(self, texts: List[Any], setting: Dict[str, Any]) -> List[List[int]]:
        """Token ids as they are; text is tokenized by the library's own fast way, which asks the environment how."""
        if not isinstance(texts[0], str):
            return texts
        os.environ["TOKENIZERS_PARALLELISM"] = "true" if setting.get("tokenizing") == "parallel" else "false"
        if self._tokenizer is None:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(self._beside))
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]

    def vectors(self, texts: List[Any], setting: Dict[str, Any], at_once: int) -> np.ndarray:
        """In the order of the texts. Tokenizing, sorting each `at_once` texts by length and padding are part of the work, and are done
        when a batch is asked for, which may be while others run."""
        order: List[int] = []

        def batches() -> Iterator[Batch]:
            for begin in range(0, len(texts), at_once):
                rows = self.ids(texts[begin : begin + at_once], setting)
                by_length = sorted(range(len(rows)), key=lambda i: len(rows[i]))
                for at in range(0, len(rows), setting["rows"]):
                    part = by_length[at : at + setting["rows"]]
                    order.extend(begin + i for i in part)
                    yield Batch([rows[i] for i in part])

        found = np.concatenate(self.embed(batches(), setting))
        restored = np.empty_like(found)
        restored[order] = found
        return restored

    def run(self, request: Request, setting: Dict[str, Any]) -> Measured:
        if request["work"] == "classify":
            return self._classify(request["texts"], setting, request["at_once"])
        texts = request["texts"]
        seconds = []
        for _ in range(request["times"]):
            began = time.perf_counter()
            self.vectors(texts, setting, len(texts))
            seconds.append(time.perf_counter() - began)
        return Measured(seconds, sum(map(len, texts)))

    def _classify(self, texts: List[str], setting: Dict[str, Any], at_once: int) -> Measured:
        seconds: List[float] = []
        labels: List[int] = []
        for part in [[text] for text in texts] if at_once == 1 else [texts]:
            began = time.perf_counter()
            logits = self.vectors(part, setting, at_once)
            seconds.append(time.perf_counter() - began)
            labels += logits.argmax(axis=1).tolist()
        return Measured(seconds, len(texts), labels)
