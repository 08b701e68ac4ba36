"""Writes the tiny random models of Tests/Fixtures/models and what they must answer.

    python3 Benchmarks/oracles/tiny_models.py
    python3 Benchmarks/oracles/tiny_families.py     # the other families, and the manifests

needs torch, transformers, tokenizers, safetensors, gguf and numpy. The answers are those of
transformers' own Llama and BERT classes in float32 over the weights as stored, so nothing of ours is
in the loop.
"""

import hashlib
import json
import pathlib
import sys

import gguf
import numpy as np
import safetensors
import tokenizers
import torch
import transformers
from safetensors.torch import save_file

SEED = 20261123
ROOT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Fixtures"
MODELS = ROOT / "models"
GOLDEN = ROOT / "golden" / "tiny"
TOKENS = [3, 17, 42, 5, 5, 0, 29, 11, 8, 46, 31, 2]
TYPES = [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
LLAMA = dict(
    hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, vocab_size=48, max_position_embeddings=64, rms_norm_eps=1e-5,
    hidden_act="silu", attention_bias=False, mlp_bias=False,
)
LLAMA3 = dict(
    rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=16, rope_theta=100.0,
)
GGUF_TYPES = {
    "f32": gguf.GGMLQuantizationType.F32, "f16": gguf.GGMLQuantizationType.F16,
    "bf16": gguf.GGMLQuantizationType.BF16, "q8_0": gguf.GGMLQuantizationType.Q8_0,
    "q4_0": gguf.GGMLQuantizationType.Q4_0, "q4_1": gguf.GGMLQuantizationType.Q4_1,
}
# What is decoded but, for the K formats, cannot be written by the gguf package.
DECODED_TYPES = {**GGUF_TYPES, **{
    name: gguf.GGMLQuantizationType[name.upper()] for name in ("q5_0", "q5_1", "q4_k", "q5_k", "q6_k")}}
STORAGE = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}

# A byte-level vocabulary that spells small letters, spaces and newlines.
ENDS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MERGES = [("t", "h"), ("th", "e"), ("\u0120", "the"), ("i", "n"), ("in", "g"), ("e", "r"),
          ("a", "n"), ("an", "d"), ("\u0120", "and"), ("o", "n"), ("r", "e"), ("\u0120", "a"),
          ("\u0120", "s"), ("s", "t"), ("i", "s"), ("\u0120", "is"), ("a", "t")]
WORDS = (ENDS + ["\u0120", "\u010a"] + [chr(ord("a") + i) for i in range(26)]
         + [left + right for left, right in MERGES])
CHATML = ("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + "
          "message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
          "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
# A WordPiece vocabulary of words, letters and letters within words.
PIECES = (["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "calm", "rain", "storm", "##y", "##s", ","]
          + [chr(ord("a") + i) for i in range(18)] + ["##" + chr(ord("a") + i) for i in range(18)]
          + ["sea"])
TEXT = "the king and the queen is standing\nin another storm"


def randomize(model, seed):
    """Weights large enough that every part of the model shows in its answer."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            gain = ("norm" in name.lower() or "ln_" in name) and name.endswith("weight")
            parameter.copy_(1 + 0.2 * noise if gain else 0.3 * noise)
    return model.eval()


def llama(seed, **changes):
    rope = changes.pop("rope", dict(rope_type="default", rope_theta=10000.0))
    config = transformers.LlamaConfig(**{**LLAMA, **changes}, rope_parameters=rope)
    config._attn_implementation = "eager"
    return randomize(transformers.LlamaForCausalLM(config), seed)


def state(model, storage):
    """The tensors as a checkpoint holds them: a tied head is not written twice."""
    tied = getattr(model.config, "tie_word_embeddings", False)
    return {
        name: tensor.detach().to(storage).contiguous()
        for name, tensor in model.state_dict().items()
        if not (tied and name == "lm_head.weight")
    }


def rounded(model, storage):
    """The model with its weights as `storage` keeps them, in float32."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.to(storage).to(torch.float32))
    return model


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


def flat(tensor):
    return [float(value) for value in tensor.detach().to(torch.float32).reshape(-1)]


def llama_answer(name, model):
    with torch.no_grad():
        logits = model(torch.tensor([TOKENS])).logits[0]
    write_json(GOLDEN / f"{name}.json", {
        "tokens": TOKENS, "logits": flat(logits), "text": TEXT,
        "text_tokens": byte_level_tokenizer().encode(TEXT).ids})


def llama_config(model, **changes):
    rope = dict(model.config.rope_parameters)
    config = {**LLAMA, "model_type": "llama", "architectures": ["LlamaForCausalLM"]}
    config["tie_word_embeddings"] = model.config.tie_word_embeddings
    config["head_dim"] = model.config.head_dim
    config["num_key_value_heads"] = model.config.num_key_value_heads
    config["rope_theta"] = rope.pop("rope_theta")
    if rope["rope_type"] != "default":
        config["rope_scaling"] = rope
    config.update(changes)
    return {key: value for key, value in config.items() if value is not None}


def byte_level_tokenizer():
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(
        vocab={word: index for index, word in enumerate(WORDS)}, merges=MERGES))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=True)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.add_special_tokens(ENDS)
    return tokenizer


def word_piece_tokenizer():
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordPiece(
        vocab={piece: index for index, piece in enumerate(PIECES)}, unk_token="[UNK]",
        max_input_chars_per_word=100))
    tokenizer.normalizer = tokenizers.normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.decoder = tokenizers.decoders.WordPiece()
    tokenizer.add_special_tokens(PIECES[:5])
    return tokenizer


def save_llama(name, model, storage, **changes):
    folder = MODELS / name
    folder.mkdir(parents=True, exist_ok=True)
    save_file(state(model, storage), folder / "model.safetensors", metadata={"format": "pt"})
    write_json(folder / "config.json", llama_config(model, eos_token_id=2, **changes))
    byte_level_tokenizer().save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json",
               {"eos_token": "<|im_end|>", "chat_template": CHATML})
    llama_answer(name, rounded(model, storage))


def save_sharded(name, model, storage):
    """Two shards, untied head, positions interpolated."""
    folder = MODELS / name
    folder.mkdir(parents=True, exist_ok=True)
    tensors = state(model, storage)
    names = sorted(tensors)
    shards = {"model-00001-of-00002.safetensors": names[::2],
              "model-00002-of-00002.safetensors": names[1::2]}
    for shard, members in shards.items():
        save_file({member: tensors[member] for member in members}, folder / shard)
    weight_map = {member: shard for shard, members in shards.items() for member in members}
    write_json(folder / "model.safetensors.index.json",
               {"metadata": {"total_size": 0}, "weight_map": weight_map})
    write_json(folder / "config.json", llama_config(model))
    llama_answer(name, rounded(model, storage))


def interleaved(weight, heads):
    """Query and key rows in pairs, as the GGUF converter stores them."""
    rows, columns = weight.shape
    return (weight.reshape(heads, 2, rows // heads // 2, columns)
            .swapaxes(1, 2).reshape(rows, columns))


GGUF_NAMES = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def gguf_name(name):
    fixed = {"model.embed_tokens.weight": "token_embd.weight", "lm_head.weight": "output.weight",
             "model.norm.weight": "output_norm.weight"}
    if name in fixed:
        return fixed[name]
    _, _, layer, rest = name.split(".", 3)
    return f"blk.{layer}.{GGUF_NAMES[rest.removesuffix('.weight')]}.weight"


def save_gguf(name, model, type_name, linear=None, factors=None, answer=None):
    config = model.config
    quantization = GGUF_TYPES[type_name]
    writer = gguf.GGUFWriter(MODELS / f"{name}.gguf", "llama")
    writer.add_name(f"tiny {name}")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    writer.add_array("general.languages", ["en", "qu"])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(WORDS)
    writer.add_token_types([3 if word in ENDS else 1 for word in WORDS])
    writer.add_token_merges([" ".join(merge) for merge in MERGES])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(CHATML)
    if linear:
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(linear)
    if factors is not None:
        writer.add_tensor("rope_freqs.weight", np.asarray(factors, dtype=np.float32))
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            values = parameter.numpy().copy()
            heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
            split = next((heads[part] for part in heads if part in key), None)
            stored = interleaved(values, split) if split else values
            kind = gguf.GGMLQuantizationType.F32 if values.ndim == 1 else quantization
            data = gguf.quants.quantize(np.ascontiguousarray(stored), kind)
            writer.add_tensor(gguf_name(key), data, raw_dtype=kind)
            back = gguf.quants.dequantize(data, kind).reshape(stored.shape)
            if split:
                rows, columns = back.shape
                back = (back.reshape(split, rows // split // 2, 2, columns)
                        .swapaxes(1, 2).reshape(rows, columns))
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(back)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    llama_answer(name, answer(model) if answer else model)


BERT = dict(
    hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
    vocab_size=48, max_position_embeddings=32, type_vocab_size=2, layer_norm_eps=1e-12,
    position_embedding_type="absolute",
)
LABELS = {0: "calm", 1: "stormy", 2: "drizzle"}


def bert_config(**changes):
    config = transformers.BertConfig(**{**BERT, **changes})
    config._attn_implementation = "eager"
    return config


def save_bert_classifier():
    """Three labels, GELU by erf, a prefix on every name, binary16."""
    config = bert_config(id2label=LABELS, label2id={v: k for k, v in LABELS.items()})
    model = randomize(transformers.BertForSequenceClassification(config), SEED + 20)
    folder = MODELS / "bert-classifier"
    folder.mkdir(parents=True, exist_ok=True)
    save_file(state(model, torch.float16), folder / "model.safetensors")
    write_json(folder / "config.json", {
        **BERT, "hidden_act": "gelu", "model_type": "bert",
        "architectures": ["BertForSequenceClassification"],
        "id2label": {str(k): v for k, v in LABELS.items()}})
    word_piece_tokenizer().save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {"cls_token": "[CLS]", "sep_token": "[SEP]"})
    rounded(model, torch.float16)
    tokens, types = torch.tensor([TOKENS]), torch.tensor([TYPES])
    with torch.no_grad():
        logits = model(tokens, token_type_ids=types).logits[0]
        hidden = model.bert(tokens, token_type_ids=types).last_hidden_state[0]
    write_json(GOLDEN / "bert-classifier.json", {
        "tokens": TOKENS, "types": TYPES, "text": TEXT,
        "text_tokens": word_piece_tokenizer().encode(TEXT).ids, "logits": flat(logits),
        "hidden": flat(hidden),
        "embedding": flat(hidden.mean(0))})


def save_bert_encoder():
    """No prefix, no pooler, GELU by tanh, saved position ids, first row, normalized."""
    config = bert_config(num_hidden_layers=1, hidden_act="gelu_new")
    model = randomize(transformers.BertModel(config, add_pooling_layer=False), SEED + 21)
    folder = MODELS / "bert-encoder"
    folder.mkdir(parents=True, exist_ok=True)
    tensors = state(model, torch.float32)
    tensors["embeddings.position_ids"] = torch.arange(32).reshape(1, 32)
    save_file(tensors, folder / "model.safetensors")
    write_json(folder / "config.json", {
        **BERT, "num_hidden_layers": 1, "hidden_act": "gelu_new", "model_type": "bert",
        "architectures": ["BertModel"]})
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 24})
    write_json(folder / "modules.json", [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling",
         "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize",
         "type": "sentence_transformers.models.Normalize"}])
    write_json(folder / "1_Pooling" / "config.json", {
        "word_embedding_dimension": 32, "pooling_mode_cls_token": True,
        "pooling_mode_mean_tokens": False, "pooling_mode_max_tokens": False})
    with torch.no_grad():
        hidden = model(torch.tensor([TOKENS])).last_hidden_state[0]
    write_json(GOLDEN / "bert-encoder.json", {
        "tokens": TOKENS, "hidden": flat(hidden),
        "embedding": flat(torch.nn.functional.normalize(hidden[0], dim=0))})


def save_dequantization():
    """Random blocks with ordinary, subnormal, zero and negative scales, and their values."""
    random = np.random.default_rng(SEED)
    scales = np.array([0x3C00, 0x0001, 0x83FF, 0x0000, 0xB555, 0x7BFF, 0x2E66, 0x8400],
                      dtype=np.uint16)
    answers = {}
    for name, kind in DECODED_TYPES.items():
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        count = {1: 256, 32: 8, 256: 4}[elements]
        blocks = random.integers(0, 256, (count, size), dtype=np.uint8)
        if elements > 1:
            place = 208 if name == "q6_k" else 0
            blocks[:, place:place + 2] = scales[:count].view(np.uint8).reshape(-1, 2)
            if name in ("q4_1", "q5_1", "q4_k", "q5_k"):
                blocks[:, 2:4] = scales[::-1][:count].copy().view(np.uint8).reshape(-1, 2)
        flat_bytes = blocks.reshape(-1)
        with np.errstate(over="ignore", invalid="ignore"):
            values = gguf.quants.dequantize(flat_bytes, kind).astype(np.float32).reshape(-1)
        answers[name.upper()] = {"stored": flat_bytes.tobytes().hex(),
                                 "values": values.tobytes().hex()}
    write_json(GOLDEN / "dequantization.json", answers)


def with_factors(factors):
    """Divides the rotary frequencies, as a rope_freqs tensor asks for."""
    def change(model):
        rotary = model.model.rotary_emb
        rotary.inv_freq = rotary.inv_freq / torch.tensor(factors)
        return model
    return change


def write_manifest(folder):
    files = sorted(path for path in folder.rglob("*")
                   if path.is_file() and path.name != "MANIFEST.json")
    for path in files:
        path.chmod(0o644)
    write_json(folder / "MANIFEST.json", {
        "generator": ["Benchmarks/oracles/tiny_models.py", "Benchmarks/oracles/tiny_families.py"],
        "seed": SEED,
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__,
                     "transformers": transformers.__version__, "numpy": np.__version__,
                     "safetensors": safetensors.__version__, "tokenizers": tokenizers.__version__},
        "files": {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
                  for path in files}})
    for path in files:
        assert path.stat().st_size <= 64 << 10, f"{path} has {path.stat().st_size} bytes"


def main():
    torch.set_num_threads(1)
    MODELS.mkdir(parents=True, exist_ok=True)
    for name, storage in STORAGE.items():
        save_llama(f"llama-{name}", llama(SEED, tie_word_embeddings=True), storage)
    save_sharded("llama-sharded", llama(
        SEED + 1, tie_word_embeddings=False,
        rope=dict(rope_type="linear", factor=4.0, rope_theta=500.0)), torch.bfloat16)
    # As transformers 5 writes it: one object that also holds the base.
    save_llama("llama-wide", llama(
        SEED + 2, tie_word_embeddings=False, head_dim=16, num_key_value_heads=1, rope=LLAMA3),
        torch.float16, rope_theta=None, rope_scaling=None, rope_parameters=LLAMA3)
    for name in GGUF_TYPES:
        save_gguf(f"gguf-{name}", llama(SEED, tie_word_embeddings=True), name)
    save_gguf("gguf-linear", llama(
        SEED + 3, tie_word_embeddings=False, num_key_value_heads=4,
        rope=dict(rope_type="linear", factor=2.5, rope_theta=10000.0)), "f16", linear=2.5)
    factors = [1.0, 1.5, 4.0, 8.0]
    save_gguf("gguf-factors", llama(SEED + 4, tie_word_embeddings=True), "f16",
              factors=factors, answer=with_factors(factors))
    save_bert_classifier()
    save_bert_encoder()
    save_dequantization()
    write_manifest(MODELS)
    write_manifest(GOLDEN)


if __name__ == "__main__":
    main()
