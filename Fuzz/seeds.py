"""Writes what each fuzz target begins with: the inputs that are right, or wrong in a known way, and small.

Usage: python3 Fuzz/seeds.py FOLDER

Makes FOLDER/<target>/*, from the conformance vectors, the tokenizer fixtures, docs/meted.example.yaml, and models of a
few numbers. `make fuzz-corpus` merges them into Fuzz/corpus.
"""

import json
import pathlib
import re
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
#: Longer inputs only slow the fuzzer down.
BYTES_MAX = 6_000


def wire():
    """Every conformance vector, its bytes under four kinds of owner."""
    patterns = [
        [0xF0], [0x93, 0x0F, 0x06, 0x00, 0xF9, 0x01, 0x0D, 0xF0, 0x0A, 0x5E],
        [0xA0, 0x66, 0x00, 0x07, 0x00, 0xF0, 0x08, 0x00, 0x0A, 0x65, 0x9E], [0x73, 0x55, 0x73, 0x0F, 0xB0, 0x0D, 0x95, 0x0F],
    ]
    for path in sorted((ROOT / "clients/conformance").glob("*.json")):
        for number, case in enumerate(json.loads(path.read_text())["cases"]):
            steps = case["before"] + case["in"]
            stream = b"".join(bytes.fromhex(step["receive"]) for step in steps if "receive" in step)
            opens = sum("open" in step for step in steps)
            mode = {"server": [0, number % 3, 6, 7], "client": [3, 4, 5, 7]}[case["role"]][number % 4]
            decisions = bytes([mode, 0 if case.get("limits") is None else 1 << number % 8])
            decisions += bytes([opens] if 3 <= mode <= 5 else []) + bytes(patterns[number % len(patterns)])
            yield struct.pack(">H", len(decisions)) + decisions + stream


TEXTS = ["tokens", "!", "a", "b", "ab", "\u0120", "\u0120a", "'", "s", "1", "<s>", "<|im_start|>"]
STRING, ARRAY, UINT32, INT32, FLOAT32, BOOL = 8, 9, 4, 5, 6, 7


def string(text):
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(data)) + data


def entry(key, kind, value):
    """One metadata entry; a list's items are strings or int32."""
    head = string(key) + struct.pack("<I", kind)
    if kind == ARRAY:
        items = STRING if isinstance(value[0], str) else INT32
        body = b"".join(string(v) if items == STRING else struct.pack("<i", v) for v in value)
        return head + struct.pack("<IQ", items, len(value)) + body
    return head + {STRING: string, UINT32: lambda v: struct.pack("<I", v), FLOAT32: lambda v: struct.pack("<f", v),
                   BOOL: lambda v: struct.pack("<B", v)}[kind](value)


def gguf_file(kind=0, tokenizer="gpt2", tied=True, factors=False, extra=()):
    """A Llama of one layer; blocks of 32 need a width of 32."""
    bytes_of = {0: lambda n: 4 * n, 1: lambda n: 2 * n, 30: lambda n: 2 * n, 8: lambda n: n // 32 * 34, 2: lambda n: n // 32 * 18,
                3: lambda n: n // 32 * 20}
    width, head, ffn = (32, 16, 32) if kind in (2, 3, 8) else (4, 2, 6)
    vocabulary = len(TEXTS)
    metadata = [entry("general.architecture", STRING, "llama"), entry("llama.embedding_length", UINT32, width),
                entry("llama.block_count", UINT32, 1), entry("llama.attention.head_count", UINT32, 2),
                entry("llama.attention.head_count_kv", UINT32, 1), entry("llama.attention.key_length", UINT32, head),
                entry("llama.feed_forward_length", UINT32, ffn), entry("llama.context_length", UINT32, 64),
                entry("llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5), *extra]
    if tokenizer:
        texts = TEXTS if tokenizer == "gpt2" else ["[CLS]", "[SEP]", "[UNK]", "\u2581a", "\u2581b", "a", "b", "\u2581ab", "\u2581,", "c", "d", "\u2581d"]
        metadata += [entry("tokenizer.ggml.model", STRING, tokenizer), entry("tokenizer.ggml.pre", STRING, "smollm"),
                     entry("tokenizer.ggml.tokens", ARRAY, texts), entry("tokenizer.ggml.token_type", ARRAY, [1] * 10 + [3, 3] if tokenizer == "gpt2" else [3] * 3 + [1] * 9),
                     entry("tokenizer.ggml.bos_token_id", UINT32, 10 if tokenizer == "gpt2" else 0), entry("tokenizer.ggml.eos_token_id", UINT32, 11 if tokenizer == "gpt2" else 1)]
        if tokenizer == "gpt2":
            metadata += [entry("tokenizer.ggml.merges", ARRAY, ["a b", "\u0120 a"]), entry("tokenizer.ggml.add_bos_token", BOOL, 1)]
    else:
        metadata.append(entry("llama.vocab_size", UINT32, vocabulary))
    tensors = [("token_embd.weight", kind, [width, vocabulary]), ("output_norm.weight", 0, [width])]
    if not tied:
        tensors.append(("output.weight", kind, [width, vocabulary]))
    if factors:
        tensors.append(("rope_freqs.weight", 0, [head // 2]))
    sizes = {"attn_q": (width, 2 * head), "attn_k": (width, head), "attn_v": (width, head), "attn_output": (2 * head, width),
             "ffn_gate": (width, ffn), "ffn_up": (width, ffn), "ffn_down": (ffn, width)}
    tensors += [(f"blk.0.{name}.weight", kind, list(shape)) for name, shape in sizes.items()]
    tensors += [(f"blk.0.{name}_norm.weight", 0, [width]) for name in ("attn", "ffn")]
    heads, data = b"", b""
    for name, type_, shape in tensors:
        count = 1
        for dimension in shape:
            count *= dimension
        heads += string(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape) + struct.pack("<IQ", type_, len(data))
        size = bytes_of[type_](count)
        data += (b"\x00\x00\x80\x3f" * (size // 4 + 1) if type_ == 0 else b"\x00\x3c" * (size // 2 + 1))[:size]
        data += bytes(-len(data) % 32)
    file = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)) + b"".join(metadata) + heads
    return file + bytes(-len(file) % 32) + data


def gguf():
    yield gguf_file()
    yield gguf_file(1, tokenizer="bert")
    yield gguf_file(30, tokenizer="", tied=False)
    yield gguf_file(0, tokenizer="", factors=True)
    yield gguf_file(0, tokenizer="", extra=[entry("llama.rope.scaling.type", STRING, "linear"), entry("llama.rope.scaling.factor", FLOAT32, 2), entry("general.name", STRING, "n")])
    for kind in (2, 3, 8):
        yield gguf_file(kind, tokenizer="")
    yield gguf_file()[:200]


def safetensors_file(tensors, type_="F32"):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in tensors:
        size = {"F32": 4, "F16": 2, "BF16": 2}[type_]
        for dimension in shape:
            size *= dimension
        header[name] = {"dtype": type_, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + (b"\x00\x3c" * at)[:at]


LLAMA = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 4, "intermediate_size": 3, "num_hidden_layers": 1,
         "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 2, "vocab_size": 3, "max_position_embeddings": 16,
         "rms_norm_eps": 1e-5, "rope_theta": 1e4, "tie_word_embeddings": True, "hidden_act": "silu", "eos_token_id": [1, 2]}
BERT = {"model_type": "bert", "architectures": ["BertForSequenceClassification"], "hidden_size": 4, "intermediate_size": 3,
        "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 3, "type_vocab_size": 2, "max_position_embeddings": 3,
        "layer_norm_eps": 1e-12, "hidden_act": "gelu", "position_embedding_type": "absolute", "id2label": {"0": "no", "1": "yes"}}


def safetensors():
    llama = [("model.embed_tokens.weight", [3, 4]), ("model.norm.weight", [4])]
    layer = {"input_layernorm": [4], "post_attention_layernorm": [4], "self_attn.q_proj": [4, 4], "self_attn.k_proj": [2, 4],
             "self_attn.v_proj": [2, 4], "self_attn.o_proj": [4, 4], "mlp.gate_proj": [3, 4], "mlp.up_proj": [3, 4], "mlp.down_proj": [4, 3]}
    llama += [(f"model.layers.0.{name}.weight", shape) for name, shape in layer.items()]
    bert = [(f"bert.embeddings.{n}_embeddings.weight", [s, 4]) for n, s in (("word", 3), ("position", 3), ("token_type", 2))]

    def norm(name):
        return [(f"{name}.weight", [4]), (f"{name}.bias", [4])]

    def dense(name, outputs, inputs):
        return [(f"{name}.weight", [outputs, inputs]), (f"{name}.bias", [outputs])]

    base = "bert.encoder.layer.0."
    bert += norm("bert.embeddings.LayerNorm") + norm(f"{base}attention.output.LayerNorm") + norm(f"{base}output.LayerNorm")
    for part in ("self.query", "self.key", "self.value", "output.dense"):
        bert += dense(f"{base}attention.{part}", 4, 4)
    bert += dense(f"{base}intermediate.dense", 3, 4) + dense(f"{base}output.dense", 4, 3)
    bert += dense("bert.pooler.dense", 4, 4) + dense("classifier", 2, 4)
    scaled = dict(LLAMA, rope_scaling={"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8})
    linear = dict(LLAMA, rope_scaling={"type": "linear", "factor": 2}, tie_word_embeddings=False)
    for settings, tensors, type_ in ((LLAMA, llama, "F32"), (scaled, llama, "BF16"), (BERT, bert, "F32"), (BERT, bert, "F16"),
                                     (linear, llama + [("lm_head.weight", [3, 4])], "F16")):
        yield json.dumps(settings, separators=(",", ":")).encode() + b"\0" + safetensors_file(tensors, type_)
    yield b"\0" + safetensors_file([("a", [2, 0]), ("b", [])])
    yield b"\0" + safetensors_file([("x", [2, 3, 4])], "BF16")


def byte_level():
    """A byte-level tokenizer of few tokens, with a chat template."""
    pieces = ["a", "b", "c", "\u0120", "\u010a", "'", "s", "1", "2", "<", ">", "u", "e", "r"]
    merges = ["a b", "\u0120 a", "ab c", "u s", "s e"]
    vocabulary = {text: i for i, text in enumerate(pieces + [m.replace(" ", "") for m in merges])}
    specials = [("<|im_start|>", {}), ("<|im_end|>", {}), ("<m>", {"lstrip": True}), ("<mm>", {"rstrip": True, "special": False, "normalized": False})]
    added = [dict({"id": len(vocabulary) + i, "content": text, "special": True, "normalized": False}, **flags) for i, (text, flags) in enumerate(specials)]
    scanner = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
    return {"added_tokens": added, "normalizer": None, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, scanner]},
            "post_processor": scanner, "decoder": scanner, "model": {"type": "BPE", "unk_token": None, "vocab": vocabulary, "merges": merges},
            "tokenizer_config": {"bos_token": "<m>", "eos_token": {"content": "<|im_end|>"},
                                 "chat_template": "{{'<|im_start|>system\\nabc<|im_end|>\\n'}}{% for m in messages %}{{'<|im_start|>' + m['role']}}{% endfor %}"}}


def word_piece(kind):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "ab", "##a", "##b", "##bc", ".", "\u4e2d", "e"]
    added = [{"id": i, "content": words[i], "special": True, "normalized": False} for i in range(4)]
    template = {"type": "BertProcessing", "cls": ["[CLS]", 2], "sep": ["[SEP]", 3]}
    if kind:
        single = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
        template = {"type": "TemplateProcessing", "single": single, "pair": single + [{"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2]}}}
    return {"added_tokens": added, "normalizer": {"type": "BertNormalizer", "clean_text": bool(kind), "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
            "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": template, "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 5 if kind else 100, "vocab": {w: i for i, w in enumerate(words)}}}


def tokenizer():
    texts = ["", "  ab  <mm>  12'se\n\u4e2d\u0301 <|im_end|>x<m", "A\u00c9b, a.b!  ababc [CLS] abcabcabc\u200b"]
    for model in (byte_level(), word_piece(0), word_piece(1)):
        for text in texts:
            for compact in (True, False):
                dumped = json.dumps(model, separators=(",", ":"), ensure_ascii=compact)
                yield dumped.encode() + b"\0" + text.encode() + b"\xff\xe2\x82"
    for toy in json.loads((ROOT / "Tests/Fixtures/tokenizers/toys.json").read_text()):
        yield json.dumps(toy["file"], separators=(",", ":"), ensure_ascii=False).encode()


def configuration():
    example = (ROOT / "docs/meted.example.yaml").read_text()
    yield example.encode()
    plain = re.sub(r"^# (?=[a-z ]+.*:)", "", example, flags=re.MULTILINE)
    yield re.sub(r" +#.*", "", plain).encode()
    yield b'models: {a: &m {path: /m, currency: USD, micro_per_gmac: 0x10}, b: *m}\nlisten: {unix: null, tcp: {port: 1_000}}\n'
    yield b"limits:\n  ? idle_seconds\n  : 1:30\n  hello_seconds: !!int '3'\nengine: {rows_max: 0b11, threads: 0o7}\n"
    yield b"--- # one\n%YAML 1.1\n---\nlog_level: >-\n  debug\nbills_remembered: +7\n...\n"
    for line in plain.splitlines():
        if re.match(r"[a-z_]+: \w", line):
            yield line.encode()


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    for target in (wire, gguf, safetensors, tokenizer, configuration):
        place = folder / target.__name__
        place.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(target()):
            if len(seed) <= BYTES_MAX:
                (place / f"{number:04}").write_bytes(seed)


if __name__ == "__main__":
    main()
