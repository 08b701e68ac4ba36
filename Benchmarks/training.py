"""Measures how fast `mete fit` learns beside PyTorch, in turns within one run. Writes docs/BENCHMARKS.md.

Usage: .cache/venv/bin/python Benchmarks/training.py --torch PYTHON [--rounds 3] [--print]

PYTHON is an interpreter with torch and transformers (`pip install torch==2.13.0+cpu transformers`); nothing else here needs
them. Both fine-tune MiniLM for one epoch on the first 1,024 training sentences of `reviews`, 32 at a time on two threads.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
from typing import Any, Dict, List

import machine
import page

ROOT = pathlib.Path(__file__).resolve().parents[1]
EXAMPLES, SECONDS_MAX, BAR = 1024, 900, 0.8


def run(command: List[str]) -> Dict[str, Any]:
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=SECONDS_MAX)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", required=True)
    parser.add_argument("--mete", default=str(ROOT / ".build/release/mete"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--print", action="store_true", help="leave docs/ alone")
    settings = parser.parse_args()
    model = str(ROOT / ".cache/models/minilm")
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder) / "reviews"
        subprocess.run([settings.mete, "data", "reviews", "--to", str(data)], check=True, stdout=subprocess.DEVNULL)
        lines = (data / "train.jsonl").read_text().split("\n")[:EXAMPLES]
        (data / "train.jsonl").write_text("\n".join(lines) + "\n")
        for number in range(settings.rounds):
            target = f"{folder}/{number}"
            own = run([settings.mete, "fit", model, str(data), "--to", target, "--epochs", "1", "--json"])
            ours.append(own["tokens_per_second"])
            shutil.rmtree(target)
            peer = run([settings.torch, "Benchmarks/peers/torch_fit.py", model, str(data), "--epochs", "1", "--skip-test"])
            theirs.append(peer["tokens_per_second"])
            print(f"round {number + 1}: {ours[-1]:.0f} and {theirs[-1]:.0f} tokens/s", flush=True)
    ratios = [a / b for a, b in zip(ours, theirs)]
    cell = lambda values: f"{page.number(statistics.median(values))} ({page.number(min(values))} – {page.number(max(values))})"
    text = "\n".join([
        machine.describe(ROOT) + f". PyTorch {peer['torch']}; {settings.rounds} rounds in turns, two threads each.", "",
        "| work | Mete, tokens/s: median (min – max) | PyTorch | ratio of rounds | asked: at least |", "| --- | ---: | ---: | ---: | ---: |",
        f"| fine-tuning MiniLM, {EXAMPLES:,} review sentences, 32 a step | {cell(ours)} | {cell(theirs)} | **{statistics.median(ratios):.2f}×** ({min(ratios):.2f} – {max(ratios):.2f}) | {BAR}× |",
    ]) + "\n"  # fmt: skip
    if settings.print:
        print(text)
    else:
        page.write(ROOT / "docs/BENCHMARKS.md", {"training": text})
        print("docs/BENCHMARKS.md is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
