"""Makes what the comparison of SmolLM2 needs: GGUF files of other formats, and prompts. Usage: make_llama.py MODELS FILES"""

import ctypes
import json
import pathlib
import sys

import llama_cpp as llama

FORMATS = {"Q4_0": llama.LLAMA_FTYPE_MOSTLY_Q4_0, "Q8_0": llama.LLAMA_FTYPE_MOSTLY_Q8_0}


def requantize(source: pathlib.Path, target: pathlib.Path, kind: int) -> None:
    """Through llama.cpp's own quantizer, as its command line does with --allow-requantize."""
    wanted = llama.llama_model_quantize_default_params()
    wanted.ftype, wanted.allow_requantize, wanted.nthread = kind, True, 2
    if llama.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(wanted)) != 0:
        raise SystemExit(f"llama.cpp could not make {target}")


def tokenize(model: pathlib.Path, text: str) -> list:
    wanted = llama.llama_model_default_params()
    wanted.vocab_only = True
    vocabulary = llama.llama_model_get_vocab(llama.llama_model_load_from_file(str(model).encode(), wanted))
    data = text.encode()
    room = (llama.llama_token * len(data))()
    count = llama.llama_tokenize(vocabulary, data, len(data), room, len(room), False, False)
    return list(room[:count])


def main() -> None:
    models, files = map(pathlib.Path, sys.argv[1:3])
    source = models / "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    for name, kind in FORMATS.items():
        requantize(source, files / f"smollm2-{name}.gguf", kind)
    ids = tokenize(source, (models / "text/hamlet.md").read_text())
    (files / "hamlet.json").write_text(json.dumps(ids))


if __name__ == "__main__":
    main()
