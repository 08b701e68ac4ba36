"""Writes Sources/Models/Tokenizers/DecompositionTable.swift and Tests/Fixtures/tokenizers/scalars.json.

Usage: python Benchmarks/oracles/tokenizers_unicode.py   (needs `pip install tokenizers==0.23.3`)

The canonical decompositions are asked of the tokenizers library, one scalar at a time, because the ids
must match what that library does: it decomposes as Unicode 9.0 says, whatever later versions added.
Hangul syllables are left out; they decompose by arithmetic.

The fixture holds, for every question of ScalarTraits, the ranges of scalars that answer yes, hashes over
the lower case, the decomposition and the composition of all scalars, and texts full of marks with their
normal forms.
"""

import json
import random
import unicodedata
from pathlib import Path

from tokenizers import normalizers, pre_tokenizers

TARGET = Path(__file__).parents[2] / "Sources/Models/Tokenizers/DecompositionTable.swift"
FIXTURE = Path(__file__).parents[2] / "Tests/Fixtures/tokenizers/scalars.json"

HEAD = '''/// Full canonical decompositions of Unicode 9.0, without Hangul syllables, as text.
///
/// Written by Benchmarks/oracles/tokenizers_unicode.py; do not edit. `!C0` sets the scalar that the next
/// word decomposes; every word after it is about the scalar after that. A word is the decomposition, in
/// hexadecimal, joined by `+`.
let decompositionText = """
'''


def write_table() -> None:
    nfd = normalizers.NFD()
    words, expected = [], None
    for value in range(0x110000):
        if 0xD800 <= value < 0xE000 or 0xAC00 <= value < 0xD7A4:
            continue
        whole = nfd.normalize_str(chr(value))
        if whole == chr(value):
            continue
        if value != expected:
            words.append(f"!{value:X}")
        words.append("+".join(f"{ord(c):X}" for c in whole))
        expected = value + 1
    lines, line = [], " "
    for word in words:
        if len(line) + 1 + len(word) > 98:
            lines.append(line)
            line = " "
        line += " " + word
    lines.append(line)
    TARGET.write_text(HEAD + "\n".join(lines) + '\n  """\n')
    print(f"{len(words)} words in {len(lines)} lines to {TARGET.name}")



def bert(**on: bool) -> normalizers.BertNormalizer:
    off = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    return normalizers.BertNormalizer(**(off | on))


def ranges(scalars: list[int]) -> list[list[int]]:
    found: list[list[int]] = []
    for value in scalars:
        if found and found[-1][1] == value - 1:
            found[-1][1] = value
        else:
            found.append([value, value])
    return found


def write_fixture() -> None:
    pattern = pre_tokenizers.ByteLevel(add_prefix_space=False)
    digits = pre_tokenizers.Digits(individual_digits=True)
    words = pre_tokenizers.BertPreTokenizer()
    clean, chinese, lower = bert(clean_text=True), bert(handle_chinese_chars=True), bert(lowercase=True)
    strip, nfd, nfc = bert(strip_accents=True), normalizers.NFD(), normalizers.NFC()
    traits = {
        "letter": lambda c: len(pattern.pre_tokenize_str("a" + c)) == 1,
        "number": lambda c: len(pattern.pre_tokenize_str("1" + c)) == 1,
        "space": lambda c: len(words.pre_tokenize_str("a" + c + "b")) == 2,
        "digit": lambda c: len(digits.pre_tokenize_str("a" + c)) == 2,
        "punctuation": lambda c: len(words.pre_tokenize_str("a" + c + "b")) == 3,
        "unclean": lambda c: clean.normalize_str(c) == "",
        "chinese": lambda c: chinese.normalize_str(c) != c,
        "mark": lambda c: strip.normalize_str(c) == "" and nfd.normalize_str(c) == c,
    }
    scalars = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    fixture: dict = {name: ranges([ord(c) for c in scalars if asked(c)]) for name, asked in traits.items()}
    for name, how in (("lowered", lower), ("decomposed", nfd), ("stripped", strip), ("composed", nfc)):
        value = 0xCBF29CE484222325
        for c in scalars:
            for byte in how.normalize_str(c).encode() + b"\n":
                value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
        fixture[name] = f"{value:016x}"
    choose = random.Random(5)
    marks = [c for c in scalars if unicodedata.combining(c)]
    texts = ["".join(choose.choice("aé한" if choose.random() < 0.2 else marks) for _ in range(8)) for _ in range(200)]
    fixture["orders"] = [[text, nfd.normalize_str(text)] for text in texts]
    # Texts in which most neighbours compose: letters, their marks, the parts of Hangul syllables.
    letters = [c for c in "AaEeIiOoUuYyWwSsZzαωΑΩאकেେဥあカ가각" + "êạǪ"]
    seconds = sorted({nfd.normalize_str(c)[-1] for c in scalars if len(nfd.normalize_str(c)) > 1})
    jamo = [chr(c) for c in [*range(0x10FE, 0x1114), *range(0x115F, 0x1178), *range(0x11A6, 0x11C4)]]
    texts = ["".join(choose.choice(choose.choice([letters, seconds, seconds, jamo, marks])) for _ in range(9)) for _ in range(600)]
    fixture["compositions"] = [[text, nfc.normalize_str(text)] for text in texts]
    FIXTURE.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
    print(f"{FIXTURE.name}: {FIXTURE.stat().st_size} bytes")


write_table()
write_fixture()
