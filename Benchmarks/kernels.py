"""Measures our matrix kernels against what one core can do at most. Writes docs/BENCHMARKS.md.

Usage: .cache/venv/bin/python Benchmarks/kernels.py [--rounds 5] [--print]
       [--meted .build/release/meted] [--taught packs/tweets.pack]

Builds Benchmarks/kernels/products.c with the C sources of the engine, and runs it; the bounds are measured by the same
program: registers alone for arithmetic, a plain read for memory. Then experts.c, likewise: a layer whole and by its experts;
and a daemon that serves a taught model of the same shape in every format is asked which of both ways its own measurements choose.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
from typing import Any, Dict, List, Sequence

import machine
import page
from daemon import Daemon

import mete

ROOT = pathlib.Path(__file__).resolve().parents[1]
SECONDS_MAX = 300
#: What issue 4 asks of each format at 64 rows, as a share of the bound; nothing where it names none.
AT_LEAST = {"f32": 0.8, "int8": 0.8, "int4_group": 0.6}
FROM_MEMORY = 0.8
#: Of a layer by its experts.
PARTS = ("lists", "into", "between", "from")
FORMATS = ("f32", "bf16", "int8", "int8_group", "int4_group")
MOST = (0.4, 0.6, 0.8, 1)


def build(folder: str, name: str) -> str:
    compiler = shutil.which("clang") or shutil.which("cc") or "cc"
    sources = sorted(ROOT.glob("Sources/CKernels/*.c")) + sorted(ROOT.glob("Sources/CKernels/sets/*.c"))
    paths = [f"-I{ROOT}/Sources/CKernels/{part}" for part in ("include", "sets")]
    program = f"{folder}/{name}"
    command = [compiler, "-O3", "-ffp-contract=off", *paths, *map(str, sources), f"{ROOT}/Benchmarks/kernels/{name}.c"]
    subprocess.run([*command, "-lm", "-lpthread", "-o", program], check=True, timeout=SECONDS_MAX)
    return program


def table(host: str, rounds: List[List[Dict[str, Any]]]) -> str:
    bounds = [round[0] for round in rounds]
    floats, products, read = (max(bound[key] for bound in bounds) for key in ("floats", "byte_products", "read"))
    lines = [
        f"{host}; {len(rounds)} rounds, kernels `{bounds[0]['kernels']}`, one core. Bounds, the best of all rounds: float32 "
        f"multiply-adds on registers {floats / 1e9:.0f} GF/s, byte products on registers {products / 1e9:.0f} GOP/s, a plain read "
        f"of memory {read / 1e9:.1f} GB/s.", "",
        "| weights | 64 rows, 10⁹ operations/s | of the bound | asked: at least | 1 row from memory, GB/s | of a plain read | asked: at least |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    for name in FORMATS:
        many, one = ([row for round in rounds for row in round[1:] if row["format"] == name and row["rows"] == rows] for rows in (64, 1))
        rate = statistics.median(row["operations"] for row in many)
        stream = statistics.median(row["bytes"] for row in one)
        bound = floats if name in ("f32", "bf16") else products
        asked = f"{AT_LEAST[name]:.0%}" if name in AT_LEAST else ""
        lines.append(
            f"| `{name}` | {rate / 1e9:.0f} | **{rate / bound:.0%}** | {asked} | {stream / 1e9:.1f} | **{stream / read:.0%}** | {FROM_MEMORY:.0%} |"
        )
    return "\n".join(lines) + "\n"


def by_experts(rounds: List[List[Dict[str, Any]]]) -> str:
    """Of every format and number of rows, what experts take beside the whole layer, and what they would if rows picked alike."""
    lines = [
        f"The same machine and rounds, kernels `{rounds[0][0]['kernels']}`, one core: medians of the rounds.", "",
        "| weights | rows | whole layer, µs | 10 % of experts, of that | 20 % | 40 % | of 20 %: lists, into, between, from | all rows pick alike: 10 %, 20 %, 40 % |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    figures = [row for round in rounds for row in round[1:]]
    for name in FORMATS:
        for rows in sorted({row["rows"] for row in figures}):

            def share(experts: float, alike: bool, wanted: Sequence[str] = PARTS) -> float:
                own = [row for row in figures if (row["format"], row["rows"], row["share"], row["alike"]) == (name, rows, experts, alike)]
                return statistics.median(sum(row[part] for part in wanted) / row["whole"] for row in own)

            whole = statistics.median(row["whole"] for row in figures if row["format"] == name and row["rows"] == rows)
            by_chance = " | ".join(f"**{share(experts, False):.0%}**" for experts in (0.1, 0.2, 0.4))
            split = ", ".join(f"{share(0.2, False, [part]):.1%}" for part in PARTS)
            alike = ", ".join(f"{share(experts, True):.0%}" for experts in (0.1, 0.2, 0.4))
            lines.append(f"| `{name}` | {rows} | {1e6 * whole:,.0f} | {by_chance} | {split} | {alike} |")
    return "\n".join(lines) + "\n"


def paying(meted: pathlib.Path, taught: pathlib.Path, folder: str) -> Dict[str, List[Dict[str, Any]]]:
    """Up to which share of the experts a daemon runs these by themselves, by format and rows, as it measured when it was started."""
    base, whole = ROOT / ".cache/models/minilm", f"{folder}/taught"
    subprocess.run([meted.with_name("mete"), "unpack", taught, "--base", base, "--to", whole], check=True, capture_output=True, timeout=SECONDS_MAX)
    config = pathlib.Path(folder) / "served.yaml"
    config.write_text("models:\n" + "".join(f"  {name}:\n    path: {whole}\n    weights: {name}\n" for name in FORMATS))
    with Daemon(meted, ROOT, str(config)) as daemon, mete.Client(daemon.address) as client:
        return {name: client.describe(name).experts_pay for name in FORMATS}


def of_most_experts(rounds: List[List[Dict[str, Any]]], paying: Dict[str, List[Dict[str, Any]]]) -> str:
    """What most of the experts take by themselves, what the layer takes that computes all and masks the others, and which way is gone."""
    lines = [
        "| weights | rows | 40 % of experts, of the whole layer | 60 % | 80 % | 100 % | all computed, others masked: 40 % … 100 % | the cheaper way at worst "
        "| a daemon runs experts by themselves up to | its way at worst, to 80 % |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    figures = [row for round in rounds for row in round[1:] if not row["alike"]]
    for name in FORMATS:
        for rows in sorted({row["rows"] for row in figures}):
            own = {share: [row for row in figures if (row["format"], row["rows"], row["share"]) == (name, rows, share)] for share in MOST}
            some = [statistics.median(sum(row[part] for part in PARTS) / row["whole"] for row in own[share]) for share in MOST]
            masked = [statistics.median(row["masked"] / row["whole"] for row in own[share]) for share in MOST]
            most = [entry["share"] for entry in paying[name] if entry["rows"] <= rows][-1]
            # Where all are picked nothing is asked: the layer runs whole, without masks.
            taken = max(alone if share <= most else all for share, alone, all in zip(MOST, some, masked) if share < 1)
            worst = max(map(min, some, masked))
            cells = [f"{share:.0%}" for share in some] + [f"{min(masked):.0%} – {max(masked):.0%}", f"**{worst:.0%}**", f"{most:.0%}", f"**{taken:.0%}**"]
            lines.append(f"| `{name}` | {rows} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--print", action="store_true", help="leave docs/ alone")
    parser.add_argument("--meted", type=pathlib.Path, default=ROOT / ".build/release/meted")
    parser.add_argument("--taught", type=pathlib.Path, default=ROOT / "packs/tweets.pack", help="a taught model of MiniLM's size")
    settings = parser.parse_args()
    host = machine.describe(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        rounds: Dict[str, List[List[Dict[str, Any]]]] = {"products": [], "experts": []}
        programs = {name: build(folder, name) for name in rounds}
        for _ in range(settings.rounds):
            for name, program in programs.items():
                said = subprocess.run([program], check=True, capture_output=True, text=True, timeout=SECONDS_MAX)
                rounds[name].append([json.loads(line) for line in said.stdout.splitlines() if line])
        shares = paying(settings.meted, settings.taught, folder)
    texts = {
        "kernels": table(host, rounds["products"]), "expert-kernels": by_experts(rounds["experts"]),
        "most-experts": of_most_experts(rounds["experts"], shares),
    }  # fmt: skip
    if settings.print:
        print("\n".join(texts.values()))
    else:
        page.write(ROOT / "docs/BENCHMARKS.md", texts)
        print("docs/BENCHMARKS.md is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
