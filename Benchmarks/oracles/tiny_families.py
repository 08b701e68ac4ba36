"""Writes the tiny random models of the families beside plain Llama and BERT, and the manifests.

    python3 Benchmarks/oracles/tiny_families.py

runs after tiny_models.py and needs the same packages. The answers are those of transformers' own
classes in float32 over the weights as stored. K-quants are random blocks, since the gguf package decodes
them but does not make them; their model is what the package decodes.
"""

import json

import gguf
import numpy as np
import tokenizers
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import decoders, normalizers, pre_tokenizers, processors

import tiny_models as tiny
from tiny_models import CHATML, ENDS, GOLDEN, LABELS, MERGES, MODELS, SEED, TEXT, TOKENS, TYPES, WORDS

QWEN2_SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
               r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
SHAPE = dict(hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, vocab_size=48, max_position_embeddings=64, rms_norm_eps=1e-5)
ROPE = dict(rope_type="default", rope_theta=10000.0)
ROBERTA_WORDS = (["<s>", "<pad>", "</s>", "<unk>", "<mask>", "\u0120", "\u010a"]
                 + [chr(ord("a") + i) for i in range(26)] + [a + b for a, b in MERGES[:15]])
F16, F32 = gguf.GGMLQuantizationType.F16, gguf.GGMLQuantizationType.F32


# Tokenizers

def qwen_tokenizer():
    tokenizer = tiny.byte_level_tokenizer()
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(tokenizers.Regex(QWEN2_SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def roberta_tokenizer():
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(
        vocab={word: index for index, word in enumerate(ROBERTA_WORDS)}, merges=MERGES[:15]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    tokenizer.add_special_tokens(ROBERTA_WORDS[:4])
    tokenizer.add_special_tokens([tokenizers.AddedToken("<mask>", lstrip=True)])
    return tokenizer


# Hugging Face directories

def config_of(model, **changes):
    """What transformers 5 writes, less what only it can know."""
    config = model.config.to_diff_dict()
    config.pop("_attn_implementation", None)
    config["architectures"] = [type(model).__name__]
    config.update(changes)
    return {key: value for key, value in config.items() if key != "transformers_version"}


def save(name, model, storage, tokenizer, tokenizer_config=None, buffers=None, **changes):
    folder = MODELS / name
    folder.mkdir(parents=True, exist_ok=True)
    save_file({**tiny.state(model, storage), **(buffers or {})}, folder / "model.safetensors")
    tiny.write_json(folder / "config.json", config_of(model, **changes))
    tokenizer.save(str(folder / "tokenizer.json"))
    if tokenizer_config:
        tiny.write_json(folder / "tokenizer_config.json", tokenizer_config)
    tiny.rounded(model, storage)


def language_answer(name, model, tokenizer):
    with torch.no_grad():
        logits = model(torch.tensor([TOKENS])).logits[0]
    tiny.write_json(GOLDEN / f"{name}.json", {
        "tokens": TOKENS, "logits": tiny.flat(logits), "text": TEXT,
        "text_tokens": tokenizer.encode(TEXT).ids})


def eager(config, kind, seed):
    config._attn_implementation = "eager"
    return tiny.randomize(kind(config), seed)


def qwen2(seed, **changes):
    config = transformers.Qwen2Config(**{**SHAPE, **changes}, rope_parameters=ROPE)
    return eager(config, transformers.Qwen2ForCausalLM, seed)


def qwen3(seed, **changes):
    config = transformers.Qwen3Config(**{**SHAPE, "head_dim": 16, **changes}, rope_parameters=ROPE)
    return eager(config, transformers.Qwen3ForCausalLM, seed)


def gpt2(seed, **changes):
    config = transformers.GPT2Config(**{**dict(
        n_embd=32, n_layer=2, n_head=4, n_inner=64, vocab_size=48, n_positions=64), **changes})
    return eager(config, transformers.GPT2LMHeadModel, seed)


def save_language_models():
    ends = {"eos_token": "<|im_end|>", "chat_template": CHATML}
    model = qwen2(SEED + 30, tie_word_embeddings=False)
    save("qwen2", model, torch.float16, qwen_tokenizer(), ends, eos_token_id=2)
    tiny.write_json(MODELS / "qwen2" / "generation_config.json", {"eos_token_id": [2, 0]})
    language_answer("qwen2", model, qwen_tokenizer())

    # As the files of Qwen3 are written: the base beside it, a window that is not used.
    model = qwen3(SEED + 31, tie_word_embeddings=True)
    save("qwen3", model, torch.bfloat16, qwen_tokenizer(), ends, eos_token_id=2, rope_theta=10000.0,
         rope_scaling=None, rope_parameters=None, sliding_window=None, use_sliding_window=False,
         max_window_layers=2)
    language_answer("qwen3", model, qwen_tokenizer())

    # With the causal mask that older files hold.
    model = gpt2(SEED + 32)
    mask = torch.ones(1, 1, 64, 64, dtype=torch.uint8).tril()
    save("gpt2", model, torch.float16, tiny.byte_level_tokenizer(), ends, eos_token_id=2,
         buffers={"transformer.h.0.attn.bias": mask})
    language_answer("gpt2", model, tiny.byte_level_tokenizer())

    model = tiny.llama(SEED + 33, tie_word_embeddings=True, attention_bias=True, mlp_bias=True)
    save("llama-biased", model, torch.float16, tiny.byte_level_tokenizer(), ends, eos_token_id=2)
    language_answer("llama-biased", model, tiny.byte_level_tokenizer())


# Encoders

def encoder_answer(name, model, body, tokenizer, **segments):
    tokens = torch.tensor([TOKENS])
    with torch.no_grad():
        hidden = body(tokens, **segments).last_hidden_state[0]
        answer = {"tokens": TOKENS, "hidden": tiny.flat(hidden), "embedding": tiny.flat(hidden.mean(0)),
                  "text": TEXT, "text_tokens": tokenizer.encode(TEXT).ids,
                  "pair_tokens": tokenizer.encode(TEXT, "a storm").ids}
        if model is not body:
            answer["logits"] = tiny.flat(model(tokens, **segments).logits[0])
    tiny.write_json(GOLDEN / f"{name}.json", answer)


def save_encoders():
    labels = dict(id2label=LABELS, label2id={v: k for k, v in LABELS.items()})
    shape = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
                 vocab_size=48, max_position_embeddings=34, type_vocab_size=1, layer_norm_eps=1e-5)
    written = {"id2label": {str(k): v for k, v in LABELS.items()}}

    # Token 1 is padding and has no position, so the golden tokens hold none.
    assert 1 not in TOKENS
    model = eager(transformers.RobertaConfig(**shape, **labels),
                  transformers.RobertaForSequenceClassification, SEED + 40)
    # With the pooler that older files hold beside the head.
    save("roberta-classifier", model, torch.float16, roberta_tokenizer(), **written, buffers={
        "roberta.pooler.dense.weight": torch.ones(32, 32), "roberta.pooler.dense.bias": torch.ones(32)})
    encoder_answer("roberta-classifier", model, model.roberta, roberta_tokenizer())

    model = eager(transformers.RobertaConfig(**{**shape, "num_hidden_layers": 1}),
                  transformers.RobertaModel, SEED + 41)
    save("roberta-encoder", model, torch.float16, roberta_tokenizer())
    encoder_answer("roberta-encoder", model, model, roberta_tokenizer())

    shape = dict(dim=32, hidden_dim=64, n_layers=2, n_heads=4, vocab_size=48, max_position_embeddings=32)
    model = eager(transformers.DistilBertConfig(**shape, **labels),
                  transformers.DistilBertForSequenceClassification, SEED + 42)
    save("distilbert-classifier", model, torch.float16, tiny.word_piece_tokenizer(), **written)
    encoder_answer("distilbert-classifier", model, model.distilbert, tiny.word_piece_tokenizer())

    model = eager(transformers.DistilBertConfig(**{**shape, "n_layers": 1}),
                  transformers.DistilBertModel, SEED + 43)
    save("distilbert-encoder", model, torch.float16, tiny.word_piece_tokenizer())
    encoder_answer("distilbert-encoder", model, model, tiny.word_piece_tokenizer())


# GGUF files

LAYER = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "ln_1": "attn_norm", "ln_2": "ffn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output",
    "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
}
WHOLE = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "transformer.wte": "token_embd", "transformer.wpe": "position_embd",
    "transformer.ln_f": "output_norm",
}


def gguf_name(name):
    stem, part = name.rsplit(".", 1)
    if stem in WHOLE:
        return f"{WHOLE[stem]}.{part}"
    _, _, layer, rest = stem.split(".", 3)
    return f"blk.{layer}.{LAYER[rest]}.{part}"


def begin(name, architecture, config, pre):
    writer = gguf.GGUFWriter(MODELS / f"{name}.gguf", architecture)
    writer.add_name(f"tiny {name}")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(getattr(config, "n_inner", None) or config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    if architecture == "gpt2":
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
    else:
        writer.add_head_count_kv(config.num_key_value_heads)
        writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        if architecture == "qwen3":
            writer.add_key_length(config.head_dim)
            writer.add_value_length(config.head_dim)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(WORDS)
    writer.add_token_types([3 if word in ENDS else 1 for word in WORDS])
    writer.add_token_merges([" ".join(merge) for merge in MERGES])
    writer.add_eos_token_id(2)
    writer.add_chat_template(CHATML)
    return writer


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def save_gguf(name, architecture, model, pre, tokenizer):
    """Matrices as F16, the rest as F32; Llama's query and key rows in pairs, as its converter does."""
    config = model.config
    tiny.rounded(model, torch.float16)
    writer = begin(name, architecture, config, pre)
    for key, parameter in model.named_parameters():
        values = parameter.detach().numpy()
        if architecture == "gpt2" and values.ndim == 2 and ".h." in key:
            values = values.T
        heads = {"q_proj": config.num_attention_heads, "k_proj": getattr(config, "num_key_value_heads", 0)}
        split = next((heads[part] for part in heads if part in key), None)
        if architecture == "llama" and split:
            values = tiny.interleaved(values.reshape(len(values), -1), split).reshape(values.shape)
        kind = F16 if values.ndim == 2 else F32
        data = gguf.quants.quantize(np.ascontiguousarray(values), kind)
        writer.add_tensor(gguf_name(key), data, raw_dtype=kind)
    finish(writer)
    language_answer(name, model, tokenizer)


def save_gguf_k():
    """A Qwen3 of five-bit and K types: random blocks with small scales."""
    kinds = {"token_embd.weight": "Q6_K", "attn_q.weight": "Q4_K", "attn_k.weight": "Q5_K",
             "attn_v.weight": "Q6_K", "attn_output.weight": "Q5_1", "ffn_gate.weight": "Q4_K",
             "ffn_up.weight": "Q5_K", "ffn_down.weight": "Q5_0"}
    model = qwen3(SEED + 50, tie_word_embeddings=True, hidden_size=256, num_hidden_layers=1,
                  head_dim=8)
    random = np.random.default_rng(SEED)
    writer = begin("gguf-k", "qwen3", model.config, "qwen2")
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            name = gguf_name(key)
            kind = next((gguf.GGMLQuantizationType[k] for n, k in kinds.items() if name.endswith(n)), F32)
            if kind == F32:
                writer.add_tensor(name, parameter.numpy().copy(), raw_dtype=F32)
                continue
            elements, size = gguf.GGML_QUANT_SIZES[kind]
            rows, columns = parameter.shape
            blocks = random.integers(0, 256, (rows * columns // elements, size), dtype=np.uint8)
            # Scales that give weights of about ±0.3: half of the range is below the minimum's part.
            half = lambda value: np.array([value], dtype=np.float16).view(np.uint8)
            if kind.name == "Q6_K":
                blocks[:, 208:210] = half(1e-4)
            elif kind.name == "Q5_0":
                blocks[:, 0:2] = half(0.02)
            elif kind.name == "Q5_1":
                blocks[:, 0:4] = np.concatenate([half(0.02), half(-0.3)])
            else:
                blocks[:, 0:4] = np.concatenate([half(1e-3 if kind.name == "Q4_K" else 5e-4), half(0.008)])
            data = blocks.reshape(rows, -1)
            writer.add_tensor(name, data, raw_dtype=kind)
            parameter.copy_(torch.from_numpy(gguf.quants.dequantize(data, kind).reshape(rows, columns)))
    finish(writer)
    language_answer("gguf-k", model, qwen_tokenizer())


def save_ggufs():
    save_gguf("gguf-qwen2", "qwen2", qwen2(SEED + 51, tie_word_embeddings=True, num_hidden_layers=1),
              "qwen2", qwen_tokenizer())
    save_gguf("gguf-qwen3", "qwen3", qwen3(SEED + 52, tie_word_embeddings=False, num_hidden_layers=1),
              "qwen2", qwen_tokenizer())
    save_gguf("gguf-gpt2", "gpt2", gpt2(SEED + 53, tie_word_embeddings=False, n_layer=1), "gpt-2",
              tiny.byte_level_tokenizer())
    save_gguf("gguf-biased", "llama", tiny.llama(
        SEED + 54, tie_word_embeddings=True, attention_bias=True, mlp_bias=True, num_hidden_layers=1),
        "gpt-2", tiny.byte_level_tokenizer())
    save_gguf_k()


def main():
    torch.set_num_threads(1)
    save_language_models()
    save_encoders()
    save_ggufs()
    tiny.write_manifest(MODELS)
    tiny.write_manifest(GOLDEN)


if __name__ == "__main__":
    main()
