"""Writes what SmolLM2's own chat template makes of conversations: Tests/Fixtures/golden/chat

    python3 Benchmarks/oracles/chat_oracle.py

needs what goldens.py needs, and jinja2, which renders the template that lies in the GGUF file; `tokenizers` makes the ids. Nothing
of ours is in the loop.
"""

import hashlib
import json
import pathlib
import sys

import gguf
import jinja2
import tokenizers
from goldens import CACHE, field, smollm2_tokenizer, write_json

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "Tests/Fixtures/golden/chat"
MODEL = CACHE / "models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
#: Without a system message, with one, over several turns; spaces at the ends, lines, an empty message, other scripts, code.
CONVERSATIONS = [
    [("user", "Why is the sky blue?")],
    [("user", " Hi,\n 3 things! "), ("assistant", "Sure"), ("user", "")],
    [("system", "Be brief."), ("user", "Why?")],
    [("system", ""), ("user", "\n\nun café, s'il vous plaît \u2615\n")],
    [("system", "你是助手。"), ("user", "用一句话回答:1+1=?"), ("assistant", "2。"), ("user", "谢谢!\U0001f642")],
    [("user", "def f(x):\n\treturn x ** 2\n"), ("assistant", "```python\nf(12)  # 144\n```"), ("user", "f(1000)?")],
]


def main() -> None:
    reader = gguf.GGUFReader(MODEL)
    tokenizer = smollm2_tokenizer(reader)
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(field(reader, "tokenizer.chat_template"))
    found = []
    for turns in CONVERSATIONS:
        messages = [{"role": role, "content": content} for role, content in turns]
        for prompts in (True, False):
            text = template.render(messages=messages, add_generation_prompt=prompts)
            found.append({"messages": messages, "add_generation_prompt": prompts, "tokens": tokenizer.encode(text, add_special_tokens=False).ids})
    write_json(FOLDER / "smollm2.json", {"conversations": found})
    write_json(FOLDER / "MANIFEST.json", {
        "generator": "Benchmarks/oracles/chat_oracle.py",
        "versions": {"python": sys.version.split()[0], "jinja2": jinja2.__version__, "tokenizers": tokenizers.__version__, "gguf": "0.19.0"},
        "files": {"smollm2.json": hashlib.sha256((FOLDER / "smollm2.json").read_bytes()).hexdigest()},
    })  # fmt: skip
    print(json.dumps([len(one["tokens"]) for one in found]))


if __name__ == "__main__":
    main()
