"""Makes what the comparison of MiniLM needs: graphs for ONNX Runtime and OpenVINO, and texts. Usage: make_minilm.py MODELS FILES

Every graph takes token ids and a mask and ends in the normalized mean, as `Embed` does. Quantized ones are calibrated on
reviews, and of each the least cosine to PyTorch's float32 over the measured reviews is written to accuracy.json.
"""

import csv
import json
import pathlib
import random
import sys
from typing import Any, Dict

import tokenizers
import torch
from encoding import Batch
from graphs import export, for_onnxruntime, for_openvino, runners
from transformers import AutoModel

MEASURED, CALIBRATING = 32, 300
UNIFORM = 32


class Embedder(torch.nn.Module):
    """Token ids and mask to normalized mean. Eager attention is what ONNX Runtime's fusions know."""

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__()
        self.bert = AutoModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        states = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        return torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1)


def texts(reviews: pathlib.Path, tokenizer: tokenizers.Tokenizer) -> Dict[str, Any]:
    """Token ids: sentences as they come, a sentence of 8 and of 32, 32 of 32 (some cut to it), and others to calibrate on."""
    with reviews.open(newline="") as file:
        sentences = [row["text"] for row in csv.DictReader(file) if row["source"] == "rotten_tomatoes"]
    random.Random(4).shuffle(sentences)
    ids = [encoding.ids for encoding in tokenizer.encode_batch(sentences)]
    measured, rest = ids[:MEASURED], ids[MEASURED:]
    long = [row[: UNIFORM - 1] + row[-1:] for row in rest if len(row) >= UNIFORM]
    return {
        "reviews": measured,
        "of 8": next(row for row in rest if len(row) == 8),
        "of 32": next(row for row in rest if len(row) == UNIFORM),
        "uniform": long[:MEASURED],
        "calibrating": rest[-CALIBRATING:],
    }


def main() -> None:
    models, files = map(pathlib.Path, sys.argv[1:3])
    tokenizer = tokenizers.Tokenizer.from_file(str(models / "minilm/tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    inputs = texts(files / "reviews.csv", tokenizer)
    calibrating = inputs.pop("calibrating")
    (files / "texts.json").write_text(json.dumps(inputs))
    embedder = Embedder(models / "minilm").eval()
    plain = files / "minilm.onnx"
    export(embedder, plain, "embedding")
    for_onnxruntime(plain, heads=12, width=384, layers=6)
    for_openvino(plain, calibrating)
    embedder.eval()  # the exporter may have left it in another mode
    batches = [Batch([row]) for row in inputs["reviews"]]
    with torch.no_grad():
        truth = [embedder(torch.tensor(batch.ids), torch.tensor(batch.mask)).numpy() for batch in batches]
    cosines = {
        name: [float((run(batch) * true).sum()) for batch, true in zip(batches, truth)] for name, run in runners(files, plain.stem).items()
    }
    least = {name: {"least": min(values), "mean": sum(values) / len(values)} for name, values in cosines.items()}
    (files / "accuracy.json").write_text(json.dumps(least, indent=2) + "\n")


if __name__ == "__main__":
    main()
