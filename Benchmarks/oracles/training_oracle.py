"""Writes how PyTorch learns: Tests/Fixtures/golden/training/bert.json

    python3 Benchmarks/oracles/training_oracle.py

needs torch and transformers. The tiny random BERT of Tests/Fixtures/models/bert-classifier is fine-tuned for 20 steps by
transformers' own class, in float64, without dropout: AdamW, weight decay only on matrices, a learning rate that rises over 4
steps and falls to 0, gradients cut to length 1. Written are the inputs of every step, its loss and the length of its gradient,
and some weights afterwards. Nothing of ours is in the loop.
"""

import hashlib
import json
import pathlib
import random

import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "Tests/Fixtures/models/bert-classifier"
TARGET = ROOT / "Tests/Fixtures/golden/training/bert.json"
STEPS, BATCH, WARMUP, RATE, DECAY, NORM = 20, 6, 4, 2e-3, 0.05, 1.0
PROBES = ["bert.encoder.layer.0.attention.self.query.weight", "bert.embeddings.word_embeddings.weight", "classifier.weight", "classifier.bias"]


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = transformers.BertForSequenceClassification.from_pretrained(
        MODEL, dtype=torch.float64, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, attn_implementation="eager"
    ).train()
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2]
    others = [p for name, p in model.named_parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}], lr=RATE)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, WARMUP, STEPS)
    dice = random.Random(11)
    steps = []
    for _ in range(STEPS):
        # Not token 0: its row is padding, to which PyTorch lets no gradient go.
        texts = [[dice.randrange(1, model.config.vocab_size) for _ in range(dice.randint(3, 20))] for _ in range(BATCH)]
        labels = [sum(text) % 3 for text in texts]
        longest = max(map(len, texts))
        ids = torch.tensor([text + [0] * (longest - len(text)) for text in texts])
        mask = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in texts])
        loss = model(input_ids=ids, attention_mask=mask, labels=torch.tensor(labels)).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), NORM)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        steps.append({"texts": texts, "labels": labels, "loss": loss.item(), "norm": norm.item()})
    state = model.state_dict()
    golden = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "settings": {"rate": RATE, "decay": DECAY, "warmup": WARMUP, "norm": NORM},
        "steps": steps,
        "weights": {name: state[name].flatten()[:40].tolist() for name in PROBES},
    }
    TARGET.write_text(json.dumps(golden) + "\n")
    manifest = {"written_by": "Benchmarks/oracles/training_oracle.py", "files": {TARGET.name: hashlib.sha256(TARGET.read_bytes()).hexdigest()}}
    (TARGET.parent / "MANIFEST.json").write_text(json.dumps(manifest, indent=1) + "\n")
    print(TARGET, [round(step["loss"], 4) for step in steps])


if __name__ == "__main__":
    main()
