"""Writes Tests/Fixtures/tokenizers/patterns.json: tokenizers of Qwen2's, Llama 3's and RoBERTa's kinds.

Usage: python Benchmarks/oracles/tokenizers_patterns.py [--lines 1500] [--to FILE]
(needs `pip install tokenizers==0.23.3 gguf==0.19.0`)

Their real vocabularies are not at hand, so small ones are trained here, with the real patterns, normalizers and
templates. The file is {"files": [tokenizer.json, ...], "lines": [{b, i, p}]}: text, and for each tokenizer, the
low half of FNV-1a 64 over the ids joined by commas, with special tokens, and without and with special tokens
left plain.
"""

import argparse
import base64
import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import tokenizers_oracle as oracle

TARGET = Path(__file__).parents[2] / "Tests/Fixtures/tokenizers/patterns.json"
SEED = 20261125
PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s"
           r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
# Letters and marks that compose across whatever cut a stream makes, and what the patterns tell apart.
ODD = ["e\u0301", "E\u0323\u0302", "o\u0302\u0323", "\u1112\u1161\u11ab", "가\u11a8", "A\u030a", "\u212b", "\u0958", "\u0915\u093c", "q\u0307\u0323", "\u0344",
       "<\u0338", ">\u0338", "=\u0338", "'S", "'Ll", "'\u017f", "'rE", "'VE", "'lL", "'D", "'x", "'", "''s", " 's", "123", "1234567", "٣٤٥٦", "½⅓", "Ⅷ", "x1y22z333",
       "\r\n", "\r\n\r\n", " \n", "\n \n ", "\t\tx", "  \n\n  y", "!\n\n", "...\r\n", " !!\n", "!\n!", "\u00a0x", "\u3000\u3000", "\u2003y", "\u0085", "\u200b",
       "<tool_call>", "<tool", "<mask>", " <mask> ", "</s>", "<s>", "<|im_end|>\u0301", "\U0001F1E9\U0001F1EA", "\U0001F469\u200d\U0001F680", "中文。字", "ก็", "नमस्ते"]
TEXTS = ["The quick brown fox jumps over the lazy dog; it didn't care.", "She said: 'We'll see, won't we?'", "In 2026, 1,234,567 people paid $99.95.",
         "Les élèves étaient très fatigués à Noël.", "Größe und Übermut tun selten gut.", "Быстрая лиса прыгает через собаку.", "한국어 문장은 띄어쓰기가 있다.",
         "日本語の文章です。とても短い。", "中文句子没有空格，也不需要。", "مرحبا بالعالم، كيف حالك؟", "for (int i = 0; i < n; i++) {\n    sum += a[i];\n}",
         "def f(self, x):\n\treturn {'a': x, \"b\": 2}\n", "Tiếng Việt có nhiều dấu thanh.", "e\u0301tude cafe\u0301 nai\u0308ve", "http://example.org/a/b?c=1&d=2", "ΑΒΓ άέή ὕδωρ"]


def corpus(maker: oracle.Lines) -> list[str]:
    return TEXTS * 6 + [maker.line().decode("utf-8", errors="replace") for _ in range(400)]


class Lines(oracle.Lines):
    def part(self) -> str:
        return self.random.choice(ODD) if self.random.random() < 0.35 else super().part()


def trained(texts: list[str], pattern: str, normalizer=None, **options) -> Tokenizer:
    built = Tokenizer(models.BPE())
    if normalizer:
        built.normalizer = normalizer
    split = [pre_tokenizers.Split(Regex(pattern), "isolated")] if pattern else []
    built.pre_tokenizer = pre_tokenizers.Sequence(
        split + [pre_tokenizers.ByteLevel(add_prefix_space=not pattern, use_regex=not pattern)])
    if not pattern:
        built.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    built.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=640, show_progress=False, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    learned = json.loads(built.to_str())["model"]
    merges = [tuple(pair) for pair in learned["merges"]]
    if options.get("ignore_merges"):
        # Tokens that no merge makes: only a whole piece can be one.
        merges = [pair for place, pair in enumerate(merges) if place % 4]
    built.model = models.BPE(vocab=learned["vocab"], merges=merges, **options)
    built.decoder = decoders.ByteLevel()
    return built


def specials(built: Tokenizer, *names: str) -> None:
    built.add_special_tokens([AddedToken(name, normalized=False, lstrip=name == "<mask>") for name in names])


def kinds(texts: list[str]) -> list[Tokenizer]:
    qwen2 = trained(texts, PATTERN % r"\p{N}", normalizers.NFC())
    specials(qwen2, "<|endoftext|>", "<|im_start|>", "<|im_end|>")
    qwen2.add_tokens([AddedToken("<tool_call>", normalized=False)])
    qwen2.post_processor = processors.ByteLevel(trim_offsets=False)

    llama3 = trained(texts, PATTERN % r"\p{N}{1,3}", ignore_merges=True)
    specials(llama3, "<|begin_of_text|>", "<|end_of_text|>", "<|im_end|>")
    begin = llama3.token_to_id("<|begin_of_text|>")
    llama3.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=True), processors.TemplateProcessing(
        single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1", special_tokens=[("<|begin_of_text|>", begin)])])

    roberta = trained(texts, "")
    specials(roberta, "<s>", "<pad>", "</s>", "<unk>", "<mask>")
    roberta.post_processor = processors.RobertaProcessing(
        ("</s>", roberta.token_to_id("</s>")), ("<s>", roberta.token_to_id("<s>")), add_prefix_space=True)
    return [qwen2, llama3, roberta]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=1_500)
    options.add_argument("--to", type=Path, default=TARGET)
    given = options.parse_args()
    oracle.SEED = SEED
    maker = Lines(TEXTS)
    built = kinds(corpus(maker))
    records = []
    for _ in range(given.lines):
        line = maker.line()
        text = line.decode("utf-8", errors="replace")
        ids, plain = [], []
        for one in built:
            ids.append(oracle.fnv(",".join(map(str, one.encode(text).ids))))
            one.encode_special_tokens = True
            plain.append(oracle.fnv(",".join(map(str, one.encode(text, add_special_tokens=False).ids))))
            one.encode_special_tokens = False
        records.append({"b": base64.b64encode(line).decode(), "i": ids, "p": plain})
    whole = {"files": [json.loads(one.to_str()) for one in built], "lines": records}
    given.to.write_text(json.dumps(whole, separators=(",", ":")) + "\n")
    print(f"{len(records)} lines, {given.to.stat().st_size} bytes")


main()
