"""Writes Tests/Fixtures/tokenizers/toys.json: small tokenizers and what the reference makes of odd lines.

Usage: python Benchmarks/oracles/tokenizers_toys.py   (needs `pip install tokenizers==0.23.3`)

They cover what the two real models do not use: tokens that strip white space, tokens that overlap, unknown
bytes, templates, cased and uncleaned BERT. Each is {"file": tokenizer.json, "lines": [{b, i, p, d, x, t}]}: text,
ids with special tokens, ids of the bare text with special tokens left plain, the decoded ids, and the pair
with the line itself: ids and segments.
"""

import base64
import json
import random
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

TARGET = Path(__file__).parents[2] / "Tests/Fixtures/tokenizers/toys.json"
SEED = 7
ATOMS = ["<s>", "</s>", "<mask>", "<m", "mask>", "ab", "abc", "bcd", "b", "hello", "world", "Hello", "É", "e\u0301", "ß", "中", "文",
         " ", "  ", "\n", "\t", "\u00a0", "\u3000", "\u0085", "\u0000", "\u200d", "12", "7", "٣", "Ⅷ", "'s", "'ll", "'", ".", "!?", "-", "ing", "un",
         "[CLS]", "[SEP]", "[MASK]", "[M", "\u0301\u0323", "A\u030a", "İ", "ﬁ", "。", "x" * 9, "<tool>", "<tool>s", "<to", "ol>"]


def alphabet() -> list[str]:
    return sorted(pre_tokenizers.ByteLevel.alphabet())


def byte_pairs(without: str = "", unk: str | None = None) -> Tokenizer:
    merges = [("a", "b"), ("b", "c"), ("ab", "c"), ("h", "e"), ("l", "l"), ("he", "ll"), ("hell", "o"), ("Ġ", "Ġ"), ("Ġ", "w"), ("o", "r"),
              ("Ġw", "or"), ("l", "d"), ("Ġwor", "ld"), ("x", "x"), ("xx", "xx"), ("i", "n"), ("in", "g"), ("'", "s"), ("Ã", "ī"), ("1", "2")]
    tokens = [c for c in alphabet() if c not in without] + [a + b for a, b in merges]
    if unk:
        tokens.append(unk)
    return Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges, unk_token=unk))


def word_pieces(limit: int = 100) -> Tokenizer:
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##ing", "hello", "Hello", "world", "a", "##b", "##c", "b", "##x", "x", "xx",
              "##xx", "É", "e", "é", "E", "ss", "ß", "中", "文", "##文", ".", "!", "?", "-", "'", "s", "##s", "ll", "1", "##2", "7", "i", "fi", "ﬁ",
              "。", "[", "]", "cls", "CLS", "m", "M", "mask", "<", ">", "##ld", "tool", "å", "Å", "##d", "bc", "##bc", "i\u0307", "\u0301", "##\u0301", "İ"]
    return Tokenizer(models.WordPiece({t: i for i, t in enumerate(tokens)}, unk_token="[UNK]", max_input_chars_per_word=limit))


def toys() -> list[Tokenizer]:
    result = []

    toy = byte_pairs()
    toy.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    toy.decoder = decoders.ByteLevel()
    toy.add_special_tokens([AddedToken("<s>", normalized=False), AddedToken("</s>", rstrip=True, normalized=False),
                            AddedToken("<mask>", lstrip=True, normalized=False)])
    toy.add_tokens([AddedToken("<tool>", lstrip=True, rstrip=True, normalized=False), AddedToken("<tool>s", normalized=False)])
    toy.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", toy.token_to_id("<s>")), ("</s>", toy.token_to_id("</s>"))])
    result.append(toy)

    toy = byte_pairs(without="Ċĉ7.\u0122", unk="<unk>")
    toy.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    toy.decoder = decoders.ByteLevel()
    toy.add_tokens([AddedToken("ab"), AddedToken("bcd"), AddedToken("llo w"), AddedToken(" 1")])
    result.append(toy)

    toy = byte_pairs(without="-7\u0122")
    toy.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    toy.decoder = decoders.ByteLevel()
    toy.add_special_tokens([AddedToken("<s>", normalized=False), AddedToken("<mask>")])
    result.append(toy)

    for clean, chinese, accents, lower, cleanup in [(True, True, None, False, True), (False, False, True, True, False), (True, False, False, True, True),
                                                    (False, True, True, False, True)]:
        toy = word_pieces(limit=8 if accents else 100)
        toy.normalizer = normalizers.BertNormalizer(
            clean_text=clean, handle_chinese_chars=chinese, strip_accents=accents, lowercase=lower)
        toy.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        toy.decoder = decoders.WordPiece(cleanup=cleanup)
        toy.add_special_tokens([AddedToken(t, normalized=False, lstrip=t == "[MASK]", rstrip=t == "[SEP]" and clean) for t in ("[CLS]", "[SEP]", "[MASK]")])
        toy.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
        result.append(toy)
    return result


def lines(count: int) -> list[str]:
    choose = random.Random(SEED)
    return ["".join(choose.choice(ATOMS) for _ in range(choose.randint(1, 9))) for _ in range(count)]


def main() -> None:
    written = []
    for toy in toys():
        records = []
        for line in lines(120):
            pair = toy.encode(line, line)
            toy.encode_special_tokens = True
            plain = toy.encode(line, add_special_tokens=False).ids
            toy.encode_special_tokens = False
            ids = toy.encode(line).ids
            records.append({"b": base64.b64encode(line.encode()).decode(), "i": ids, "p": plain, "x": pair.ids, "t": pair.type_ids,
                            "d": base64.b64encode(toy.decode(ids, skip_special_tokens=False).encode()).decode()})
        written.append({"file": json.loads(toy.to_str()), "lines": records})
    TARGET.write_text(json.dumps(written, separators=(",", ":")) + "\n")
    print(f"{len(written)} toys, {TARGET.stat().st_size} bytes")


main()
