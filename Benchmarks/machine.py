"""Where and when a measurement was taken."""

import datetime
import os
import pathlib
import re
import subprocess


def output(command: list, root: pathlib.Path) -> str:
    """What a command prints; empty if it is missing or fails."""
    try:
        return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=30).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def describe(root: pathlib.Path) -> str:
    """One line: processor, cores, memory, vector instructions, date, commit, and how busy the machine was."""
    cpu = output(["lscpu"], root)
    model = re.search(r"Model name:\s*(.*)", cpu)
    family = re.search(r"CPU family:\s*(\d+)", cpu)
    number = re.search(r"\nModel:\s*(\d+)", cpu)
    wide = [name for name in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "asimd") if re.search(rf"\b{name}\b", cpu)]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    commit = output(["git", "rev-parse", "--short", "HEAD"], root) or "no commit"
    changes = output(["git", "status", "--porcelain", "--", "Sources", "Package.swift"], root)
    named = model.group(1).strip() if model else "unknown processor"
    exact = f" (family {family.group(1)}, model {number.group(1)})" if family and number else ""
    return (
        f"{named}{exact}, {os.cpu_count()} cores, {', '.join(wide) or 'no vectors'}, {memory:.0f} GiB; "
        f"{datetime.date.today().isoformat()}, commit {commit}{' with changes' if changes else ''}, "
        f"load average before the run {os.getloadavg()[0]:.1f}"
    )
