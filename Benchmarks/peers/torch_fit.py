"""Fine-tunes a classifier in PyTorch with the recipe of `mete fit`, and says how fast and how well.

Usage: python Benchmarks/peers/torch_fit.py MODEL DATA [--epochs 4] [--seed 0] [--threads 2] [--beside FOLDER] [--skip-test]

needs torch and transformers. Prints one line of JSON: tokens a second while learning (padding not counted), accuracy on
`choose` and `test`. Batches are padded to their longest text, as is usual. `--beside` opens what `mete fit` wrote, as any model of
transformers, and pairs its answers with those of the model fitted here: points it is ahead, with a 95 % interval, for each part
and for both together.
"""

import argparse
import json
import pathlib
import random
import statistics
import time

import torch
import transformers


def read(path: pathlib.Path):
    rows = [json.loads(line) for line in path.read_text().split("\n") if line]
    return [row["text"] for row in rows], [row["label"] for row in rows]


def answers(model, tokenizer, texts, tokens_max):
    """The likeliest label of every text, by number."""
    model.eval()
    found = []
    with torch.no_grad():
        for start in range(0, len(texts), 64):
            inputs = tokenizer(texts[start : start + 64], truncation=True, max_length=tokens_max, padding=True, return_tensors="pt")
            found += model(**inputs).logits.argmax(-1).tolist()
    return found


def ahead(own, other):
    """Points that the first is right more often than the second on the same texts, and half the 95 % interval."""
    gaps = [100.0 * (a - b) for a, b in zip(own, other)]
    return {"points": statistics.fmean(gaps), "margin_95": 1.96 * statistics.stdev(gaps) / len(gaps) ** 0.5}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=5e-5)
    parser.add_argument("--warmup", type=float, default=0.06)
    parser.add_argument("--decay", type=float, default=0.01)
    parser.add_argument("--tokens-max", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--beside", help="a folder that `mete fit` wrote")
    parser.add_argument("--skip-test", action="store_true")
    settings = parser.parse_args()
    torch.manual_seed(settings.seed)
    torch.set_num_threads(settings.threads)
    tokenizer = transformers.AutoTokenizer.from_pretrained(settings.model)
    texts, names = read(settings.data / "train.jsonl")
    labels = sorted(set(names))
    model = transformers.BertForSequenceClassification.from_pretrained(settings.model, num_labels=len(labels))
    matrices = [p for p in model.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": matrices, "weight_decay": settings.decay}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=settings.rate)
    steps = settings.epochs * -(-len(texts) // settings.batch)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, int(settings.warmup * steps), steps)

    def encoded(some):
        return tokenizer(some, truncation=True, max_length=settings.tokens_max, padding=True, return_tensors="pt")

    dice, tokens, seconds = random.Random(settings.seed), 0, 0.0
    for _ in range(settings.epochs):
        order = list(range(len(texts)))
        dice.shuffle(order)
        model.train()
        for start in range(0, len(order), settings.batch):
            chosen = order[start : start + settings.batch]
            inputs = encoded([texts[i] for i in chosen])
            targets = torch.tensor([labels.index(names[i]) for i in chosen])
            began = time.perf_counter()
            model(**inputs, labels=targets).loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            seconds += time.perf_counter() - began
            tokens += int(inputs["attention_mask"].sum())

    def rights(judged, own_tokenizer, own_labels):
        """Of each part, which texts are answered right."""
        found = {}
        for part in ("choose", "test"):
            some, wanted = read(settings.data / f"{part}.jsonl")
            found[part] = [own_labels[a] == b for a, b in zip(answers(judged, own_tokenizer, some, settings.tokens_max), wanted)]
        return found

    answer = {"torch": torch.__version__, "tokens_per_second": tokens / seconds if seconds else None}
    if not settings.skip_test:
        theirs = rights(model, tokenizer, labels)
        answer |= {part: statistics.fmean(right) for part, right in theirs.items()}
        if settings.beside:
            ours = transformers.BertForSequenceClassification.from_pretrained(settings.beside)
            own = rights(ours, transformers.AutoTokenizer.from_pretrained(settings.beside), [ours.config.id2label[i] for i in range(len(labels))])
            answer["beside"] = {part: {"accuracy": statistics.fmean(own[part]), **ahead(own[part], theirs[part])} for part in own}
            answer["beside"]["both"] = ahead(own["choose"] + own["test"], theirs["choose"] + theirs["test"])
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
