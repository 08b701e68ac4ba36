"""Makes what the comparison of MiniLM needs: graphs for ONNX Runtime and OpenVINO, and texts. Usage: make_minilm.py MODELS FILES

Every graph takes token ids and a mask and ends in the normalized mean, as `Embed` does. Quantized ones are calibrated on
reviews, and of each the least cosine to PyTorch's float32 over the measured reviews is written to accuracy.json.
"""

import csv
import json
import pathlib
import random
import sys
from typing import Any, Callable, Dict, List

import nncf
import numpy as np
import onnxruntime
import openvino
import tokenizers
import torch
from encoding import Batch
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
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


def export(embedder: Embedder, path: pathlib.Path) -> None:
    ones = torch.ones(2, 16, dtype=torch.long)
    both = {0: "batch", 1: "sequence"}
    torch.onnx.export(
        embedder, (ones, ones), str(path), input_names=["input_ids", "attention_mask"], output_names=["embedding"],
        dynamic_axes={"input_ids": both, "attention_mask": both, "embedding": {0: "batch"}}, opset_version=17, dynamo=False,
    )  # fmt: skip


def for_onnxruntime(plain: pathlib.Path, files: pathlib.Path) -> None:
    """Fused, and both fused and plain in dynamic int8."""
    fused = optimizer.optimize_model(str(plain), model_type="bert", num_heads=12, hidden_size=384, opt_level=0)
    if fused.get_fused_operator_statistics()["Attention"] != 6:
        raise SystemExit("ONNX Runtime's fusions did not find the attention of all six layers")
    fused.save_model_to_file(str(files / "minilm-fused.onnx"))
    # The types that shape inference cannot see behind fused operators are float.
    options = {"DefaultTensorType": TensorProto.FLOAT}
    for name in ("minilm", "minilm-fused"):
        target = files / f"{name}-int8.onnx"
        quantize_dynamic(files / f"{name}.onnx", target, weight_type=QuantType.QInt8, per_channel=True, extra_options=options)


def for_openvino(plain: pathlib.Path, files: pathlib.Path, calibrating: List[List[int]]) -> None:
    """As it is, and int8 by NNCF."""
    model = openvino.Core().read_model(plain)
    openvino.save_model(model, files / "minilm.xml", compress_to_fp16=False)
    batches = [Batch([row]) for row in calibrating]
    given = nncf.Dataset(batches, lambda batch: {"input_ids": batch.ids, "attention_mask": batch.mask})
    quantized = nncf.quantize(model, given, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(batches))
    openvino.save_model(quantized, files / "minilm-nncf.xml", compress_to_fp16=False)


def runners(files: pathlib.Path) -> Dict[str, Callable[[Batch], np.ndarray]]:
    """Every graph that was made or fetched, by the file's name."""
    found: Dict[str, Callable[[Batch], np.ndarray]] = {}
    for path in sorted(files.glob("minilm*.onnx")):
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        names = [given.name for given in session.get_inputs()]

        def run(batch: Batch, session: Any = session, names: List[str] = names) -> np.ndarray:
            every = {"input_ids": batch.ids, "attention_mask": batch.mask, "token_type_ids": batch.segments}
            return batch.pooled(session.run(None, {name: every[name] for name in names})[0])

        found[path.name] = run
    for path in sorted(files.glob("minilm*.xml")):
        compiled = openvino.Core().compile_model(path, "CPU")
        found[path.name] = lambda batch, compiled=compiled: compiled([batch.ids, batch.mask])[0]
    return found


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
    export(embedder, plain)
    for_onnxruntime(plain, files)
    for_openvino(plain, files, calibrating)
    embedder.eval()  # the exporter may have left it in another mode
    batches = [Batch([row]) for row in inputs["reviews"]]
    with torch.no_grad():
        truth = [embedder(torch.tensor(batch.ids), torch.tensor(batch.mask)).numpy() for batch in batches]
    cosines = {
        name: [float((run(batch) * true).sum()) for batch, true in zip(batches, truth)] for name, run in runners(files).items()
    }
    least = {name: {"least": min(values), "mean": sum(values) / len(values)} for name, values in cosines.items()}
    (files / "accuracy.json").write_text(json.dumps(least, indent=2) + "\n")


if __name__ == "__main__":
    main()
