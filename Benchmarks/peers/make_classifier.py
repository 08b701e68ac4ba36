"""Makes graphs of a fitted classifier for ONNX Runtime and OpenVINO. Usage: make_classifier.py MODEL TRAIN.jsonl FOLDER

MODEL is a Hugging Face folder. Every graph takes token ids and a mask and ends in logits. Quantized ones are calibrated on texts of
the train part; against PyTorch's float32 over others of it, the largest difference of a logit and the share of answers that
are the same are written to accuracy.json. tokenizer.json is made to cut what is longer than the model reads, and not to pad.
"""

import json
import pathlib
import random
import sys

import tokenizers
import torch
from encoding import Batch
from graphs import export, for_onnxruntime, for_openvino, runners
from transformers import AutoModelForSequenceClassification

CALIBRATING, CHECKED = 300, 100


class Classifier(torch.nn.Module):
    """Token ids and mask to logits. Eager attention is what ONNX Runtime's fusions know."""

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__()
        self.whole = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return self.whole(input_ids=input_ids, attention_mask=attention_mask).logits


def main() -> None:
    folder, train, files = map(pathlib.Path, sys.argv[1:4])
    files.mkdir(parents=True, exist_ok=True)
    classifier = Classifier(folder).eval()
    config = classifier.whole.config
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(config.max_position_embeddings)
    tokenizer.save(str(files / "tokenizer.json"))
    texts = [json.loads(line)["text"] for line in train.read_text(encoding="utf-8").split("\n") if line]
    random.Random(4).shuffle(texts)
    ids = [encoding.ids for encoding in tokenizer.encode_batch(texts[: CALIBRATING + CHECKED])]
    plain = files / "classifier.onnx"
    export(classifier, plain, "logits")
    for_onnxruntime(plain, config.num_attention_heads, config.hidden_size, config.num_hidden_layers)
    for_openvino(plain, ids[:CALIBRATING])
    classifier.eval()  # the exporter may have left it in another mode
    batches = [Batch([row]) for row in ids[CALIBRATING:]]
    with torch.no_grad():
        truth = [classifier(torch.tensor(batch.ids), torch.tensor(batch.mask)).numpy()[0] for batch in batches]
    checked = {}
    for name, run in runners(files, plain.stem).items():
        found = [run(batch)[0] for batch in batches]
        same = [int(own.argmax() == true.argmax()) for own, true in zip(found, truth)]
        checked[name] = {"largest": max(float(abs(own - true).max()) for own, true in zip(found, truth)), "same": sum(same) / len(same)}
    (files / "accuracy.json").write_text(json.dumps(checked, indent=2) + "\n")


if __name__ == "__main__":
    main()
