"""Tokenizes many odd lines with the reference library, for Tests/ModelsTests/Tokenizers to compare.

Usage: python Benchmarks/oracles/tokenizers_oracle.py [--models .cache/models] [--text DIR]
           [--lines 24000] [--golden 2000] [--golden-to Tests/Fixtures/tokenizers/oracle.jsonl]
           [--to .cache/oracle/tokenizers-oracle.jsonl]

Needs `pip install tokenizers==0.23.3 gguf==0.19.0`. The seed is fixed: the same versions write the same
files. `--text` is a folder of *.md or *.txt whose lines are mixed in (default: this repository's docs).

The output is JSON lines, first a header, then for each line of text
  b  the bytes, base64       s  SmolLM2 ids       p  the same with special tokens left plain, if other
  m  MiniLM ids with [CLS] and [SEP]              x  MiniLM ids of the pair (this line, the next), and t
  t  how many of x are of segment 0
  d  low half of FNV-1a 64 of decode(s), and of decode(m) without specials
"""

import argparse
import base64
import json
import random
import unicodedata
from pathlib import Path

import tokenizers
from gguf import GGUFReader
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

ROOT = Path(__file__).parents[2]
SEED = 20261123

SPACES = [chr(c) for c in (9, 10, 11, 12, 13, 28, 31, 32, 0x85, 0xA0, 0x1680, 0x2000, 0x2003, 0x2009)]
SPACES += [chr(c) for c in (0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0x200B, 0xFEFF, 0x180E)]
BLOCKS = {
    "latin": [(0x20, 0x7E), (0xA1, 0x24F), (0x1E00, 0x1EFF)],
    "greek": [(0x370, 0x3FF), (0x1F00, 0x1FFF)],
    "cyrillic": [(0x400, 0x52F)],
    "hebrew": [(0x591, 0x5F4)],
    "arabic": [(0x600, 0x6FF), (0xFB50, 0xFDFF)],
    "devanagari": [(0x900, 0x97F), (0xA8E0, 0xA8FF)],
    "thai": [(0xE01, 0xE5B)],
    "khmer": [(0x1780, 0x17F9)],
    "tibetan": [(0xF00, 0xFDA)],
    "jamo": [(0x1100, 0x11FF), (0xA960, 0xA97C), (0xD7B0, 0xD7FB)],
    "hangul": [(0xAC00, 0xD7A3)],
    "kana": [(0x3041, 0x30FF), (0xFF66, 0xFF9F)],
    "cjk": [(0x4E00, 0x9FFF), (0x3001, 0x301F), (0xF900, 0xFAD9), (0x20000, 0x2A6DF), (0x2B800, 0x2B930)],
    "marks": [(0x300, 0x36F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20F0), (0x41, 0x7A)],
    "symbols": [(0x2010, 0x27BF), (0x2E00, 0x2E5D), (0x3000, 0x303F), (0xFF01, 0xFF65)],
    "math": [(0x1D400, 0x1D7FF)],
    "emoji": [(0x1F300, 0x1FAFF), (0x2600, 0x26FF), (0x1F1E6, 0x1F1FF)],
    "music": [(0x1D100, 0x1D1E8)],
    "control": [(0, 31), (0x7F, 0x9F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFFF9, 0xFFFD)],
    "private": [(0xE000, 0xF8FF), (0x10FFF0, 0x10FFFD)],
}
EMOJI = ["👩‍👩‍👧‍👦", "👍🏽", "🏴‍☠️", "🇩🇪🇫🇷", "1️⃣", "❤️", "🧑🏿‍🚀", "☕", "🤦🏼‍♂️", "🏴\U000e0067\U000e0062\U000e007f"]
CODE = ["def f(x):\n    return x+1\n", "if (a != b) {\n\t\tc->d = 0x1F;\n}", "let x = [1, 2, 3].map { $0 * 2 }",
        "SELECT * FROM t WHERE a='b''c';", "<div class=\"x\">&nbsp;</div>", "git commit -m 'it''s' && ls -la ~/",
        "https://example.org/a?b=c&d=%20#e", "{\"k\": [1.5e-3, null]}", "/* ---- */ ++i; --j; i<<=2;", "\\alpha_{i}^{2}"]
WORDS = ["don't", "I'll", "we've", "they're", "it's", "I'm", "he'd", "DON'T", "o'clock", "'tis", "''", "'", "rock'n'roll",
         "naïve", "Ångström", "ΣΊΣΥΦΟΣ", "İstanbul", "straße", "ﬁnance", "Ⅷ", "½", "²", "e\u0301\u0323", "\u1e69", "ᾷ",
         "antidisestablishmentarianism", "supercalifragilistic", "3.14159", "1,000,000", "2026-11-23", "12:34:56", "x" * 105]
BAD = [b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80\x80", b"\xf5",
       b"\xe0\x80\x80", b"\xf0\x80", b"\xfe\xff"]
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<file_sep>", "[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]",
            "<|im_start|", "<|im_", "|im_end|>", "[CLS", "<", "[", "<<|im_end|>>", "<|im_end|><|im_end|>", "<filename>x", "[sep]"]


def digits() -> list[str]:
    return [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) in ("Nd", "Nl", "No")]


def prose(folder: Path) -> list[str]:
    lines = []
    for path in sorted([*folder.rglob("*.md"), *folder.rglob("*.txt")]):
        lines += [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    return lines


class Lines:
    """Makes one odd line after the other."""

    def __init__(self, texts: list[str]) -> None:
        self.random = random.Random(SEED)
        self.texts = texts
        self.digits = digits()

    def block(self, name: str, count: int) -> str:
        choose = self.random
        return "".join(chr(choose.randint(*choose.choice(BLOCKS[name]))) for _ in range(count))

    def spaces(self) -> str:
        odd = self.random.random() < 0.5
        return "".join(self.random.choice(SPACES if odd else " \n\t ") for _ in range(self.random.randint(1, 5)))

    def scalar(self) -> str:
        while True:
            value = self.random.randrange(0x110000 if self.random.random() < 0.3 else 0x20000)
            if not 0xD800 <= value < 0xE000:
                return chr(value)

    def part(self) -> str:
        choose = self.random
        kind = choose.randrange(12)
        if kind == 0:
            words = choose.choice(self.texts).split(" ")
            start = choose.randrange(len(words))
            return " ".join(words[start : start + choose.randint(1, 8)])
        if kind == 1:
            return self.spaces()
        if kind in (2, 3):
            return self.block(choose.choice(list(BLOCKS)), choose.randint(1, 8))
        if kind == 4:
            return "".join(choose.choice(self.digits if choose.random() < 0.5 else "0123456789.") for _ in range(choose.randint(1, 6)))
        if kind == 5:
            return choose.choice(EMOJI)
        if kind == 6:
            return choose.choice(CODE)
        if kind == 7:
            return choose.choice(SPECIALS)
        if kind == 8:
            return "".join(self.scalar() for _ in range(choose.randint(1, 5)))
        if kind == 9:
            return choose.choice(" .,;:!?-_'\"()@#$%^&*+=~`/\\|<>[]{}") * choose.choice([1, 1, 1, 2, 3, 9])
        return choose.choice(WORDS)

    def line(self) -> bytes:
        choose = self.random
        kind = choose.random()
        if kind < 0.25:
            text = choose.choice(self.texts)
        elif kind < 0.4:
            name = choose.choice(list(BLOCKS))
            text = " ".join(self.block(name, choose.randint(1, 12)) for _ in range(choose.randint(1, 4)))
        else:
            glue = choose.choice(["", "", " ", " ", None])
            parts = [self.part() for _ in range(choose.randint(1, 7))]
            text = "".join(p + self.spaces() for p in parts) if glue is None else glue.join(parts)
        data = text.encode()
        if choose.random() < 0.15:
            for _ in range(choose.randint(1, 3)):
                at = choose.randint(0, len(data))
                data = data[:at] + choose.choice(BAD) + data[at + choose.randint(0, 1) :]
        return data


def smollm2(path: Path) -> Tokenizer:
    fields = GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    types = fields["tokenizer.ggml.token_type"].contents()
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
    built = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    built.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    built.decoder = decoders.ByteLevel()
    built.add_special_tokens([AddedToken(t, normalized=False, special=True) for t, k in zip(tokens, types) if k == 3])
    return built


def minilm(path: Path) -> Tokenizer:
    built = Tokenizer.from_file(str(path))
    built.no_truncation()
    built.no_padding()
    return built


def fnv(text: str) -> str:
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value & 0xFFFFFFFF:08x}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--models", type=Path, default=ROOT / ".cache/models")
    options.add_argument("--text", type=Path, default=ROOT / "docs")
    options.add_argument("--lines", type=int, default=24_000)
    options.add_argument("--golden", type=int, default=0)
    options.add_argument("--golden-to", type=Path, default=ROOT / "Tests/Fixtures/tokenizers/oracle.jsonl")
    options.add_argument("--to", type=Path, default=ROOT / ".cache/oracle/tokenizers-oracle.jsonl")
    given = options.parse_args()

    language = smollm2(given.models / "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    sentence = minilm(given.models / "minilm/tokenizer.json")
    maker = Lines(prose(given.text))
    lines = [maker.line() for _ in range(given.lines)]
    texts = [line.decode("utf-8", errors="replace") for line in lines]

    records = []
    for index, (line, text) in enumerate(zip(lines, texts)):
        record = {"b": base64.b64encode(line).decode(), "s": language.encode(text).ids, "m": sentence.encode(text).ids}
        language.encode_special_tokens = True
        plain = language.encode(text).ids
        language.encode_special_tokens = False
        if plain != record["s"]:
            record["p"] = plain
        if index % 20 == 0 and index + 1 < len(texts):
            pair = sentence.encode(text, texts[index + 1])
            record |= {"x": pair.ids, "t": pair.type_ids.index(1)}
        record["d"] = [fnv(language.decode(record["s"], skip_special_tokens=False)), fnv(sentence.decode(record["m"]))]
        records.append(record)

    def write(path: Path, some: list[dict]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        head = {"tokenizers": tokenizers.__version__, "seed": SEED, "lines": len(some)}
        path.write_text("".join(json.dumps(r, separators=(",", ":")) + "\n" for r in [head, *some]))
        print(f"{path}: {len(some)} lines, {path.stat().st_size} bytes")

    write(given.to, records)
    if given.golden:
        # A pair needs the line after it, so the golden file is the beginning, not a sample.
        write(given.golden_to, records[: given.golden])


if __name__ == "__main__":
    main()
