"""Runs the fuzz targets and says in one line each what came of it.

Usage: python3 Fuzz/fuzz.py short
       python3 Fuzz/fuzz.py long [--runs 1000000] [--minutes 0] [--jobs 1] [--targets wire,gguf]
       python3 Fuzz/fuzz.py corpus
       python3 Fuzz/fuzz.py page

`short` replays Fuzz/corpus and Fuzz/crashes and adds a fixed number of executions with a fixed seed; `long` runs until
the executions or the minutes of a target are used up, and keeps what it found in .cache/fuzz. `corpus` writes the
smallest part of everything found that reaches as much to Fuzz/corpus. `page` writes the figures of `long` to
docs/BENCHMARKS.md. What crashes lies in Fuzz/crashes/<target> afterwards: fix it, and commit it.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Benchmarks"))
import machine  # noqa: E402

PROGRAM = ROOT / ".build-fuzz/release/mete-fuzz"
CACHE = ROOT / ".cache/fuzz"
FIGURES = ROOT / ".cache/fuzz.json"
#: The longest input of each target, and the executions of its short run (two seconds or so).
TARGETS = {
    "wire": (1_024, 6_000),
    "gguf": (6_000, 8_000),
    "safetensors": (4_096, 5_000),
    "tokenizer": (2_048, 3_000),
    "configuration": (1_024, 12_000),
}
#: A parse that takes longer, one allocation that is larger, or a process that is, is a finding.
TIMEOUT = 10
LIMITS = [f"-timeout={TIMEOUT}", "-malloc_limit_mb=64", "-rss_limit_mb=1024"]
#: What the program exits with when it is interrupted: the figures are of what ran until then, and nothing was found.
INTERRUPTED = 72
#: No stack for every allocation, and a small quarantine, make the sanitizer twice as fast; a crash is run again with both.
ENVIRONMENT = {
    "ASAN_OPTIONS": "malloc_context_size=0:quarantine_size_mb=16:detect_leaks=1",
    "OPENBLAS_NUM_THREADS": "1",
    "SWIFT_BACKTRACE": "enable=no",
}


def folders(target: str) -> list:
    """The inputs that are in the tree."""
    found = [ROOT / "Fuzz" / kind / target for kind in ("corpus", "crashes")]
    return [str(folder) for folder in found if folder.is_dir()]


def run(target: str, arguments: list, seconds: float) -> dict:
    """Runs the program to its end; `new` counts the inputs that reached something new."""
    crashes = ROOT / "Fuzz/crashes" / target
    crashes.mkdir(parents=True, exist_ok=True)
    command = [str(PROGRAM), f"--target={target}", f"-max_len={TARGETS[target][0]}", *LIMITS, "-print_final_stats=1", "-report_slow_units=100000", "-print_funcs=0", "-print_pcs=0",
               f"-artifact_prefix={crashes}/", f"-dict={ROOT}/Fuzz/dictionaries/{target}.dict", *arguments]
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as scratch:
        began = time.monotonic()
        try:
            done = subprocess.run(command, env={**os.environ, **ENVIRONMENT, "TMPDIR": scratch}, capture_output=True, timeout=seconds)
            log, code = done.stderr.decode(errors="replace"), done.returncode
        except subprocess.TimeoutExpired as late:
            log, code = (late.stderr or b"").decode(errors="replace"), -1
        took = time.monotonic() - began
    if not any(crashes.iterdir()):
        crashes.rmdir()
    stat = dict(re.findall(r"stat::(\w+):\s+(\d+)", log))
    covered = re.findall(r"cov: (\d+)", log)
    executions = int(stat.get("number_of_executed_units", 0))
    return {
        "target": target, "executions": executions, "seconds": took, "rate": executions / took, "coverage": int(covered[-1]) if covered else 0,
        "new": int(stat.get("new_units_added", 0)), "rss": int(stat.get("peak_rss_mb", 0)), "code": code, "log": log,
    }


def stood_still(result: dict) -> bool:
    """Whether a run ended with a timeout that was the machine's: alone, its input takes no such time of the processor.

    libFuzzer reads the clock on the wall, and a run that yields to everybody may wait long for its turn.
    """
    written = re.findall(r"Test unit written to (\S+/timeout-\w+)", result["log"])
    if not written:
        return False
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(PROGRAM), f"--target={result['target']}", "-timeout=600", written[-1]]
    code = subprocess.run(command, env={**os.environ, **ENVIRONMENT}, capture_output=True).returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if code != 0 or took >= TIMEOUT / 2:
        return False
    print(f"fuzz {result['target']:<14} an input waited {TIMEOUT} s for the processor and took {took:.1f} s of it: no finding", flush=True)
    pathlib.Path(written[-1]).unlink()
    result["code"] = 0
    return True


def together(before: dict, after: dict) -> dict:
    """The figures of a run that went on after another; the last one's verdict."""
    if not before:
        return after
    both = {**after, "coverage": max(before["coverage"], after["coverage"]), "rss": max(before["rss"], after["rss"])}
    both.update({key: before[key] + after[key] for key in ("executions", "seconds", "new")})
    both["rate"] = both["executions"] / both["seconds"]
    return both


def told(result: dict) -> bool:
    """Prints the line of a run; true if it was clean."""
    clean = result["code"] in (0, INTERRUPTED)
    print(f"fuzz {result['target']:<14} {result['executions']:>9,} executions {result['rate']:>7,.0f}/s {result['coverage']:>6,} edges "
          f"{result['new']:>5,} new  {result['seconds']:>5.0f} s  {'clean' if clean else 'FAILED'}", flush=True)
    if not clean:
        lines = [line for line in result["log"].splitlines() if re.search(r"Fatal error|ERROR|SUMMARY|Test unit written|rror:", line)]
        print("\n".join(lines or result["log"].splitlines()[-20:]), flush=True)
    return clean


def short() -> bool:
    clean = True
    for target, (_, runs) in TARGETS.items():
        with tempfile.TemporaryDirectory() as found:
            clean &= told(run(target, ["-seed=1", f"-runs={runs}", found, *folders(target)], 120))
    return clean


def long(settings: argparse.Namespace) -> bool:
    lock = threading.Lock()

    def one(target: str) -> bool:
        found = CACHE / target
        found.mkdir(parents=True, exist_ok=True)
        result: dict = {}
        begun = machine.describe(ROOT)
        while not result or (stood_still(result) and result["executions"] < settings.runs):
            left = settings.runs - result.get("executions", 0)
            arguments = [f"-runs={left}", *([f"-max_total_time={settings.minutes * 60}"] if settings.minutes else [])]
            result = together(result, run(target, [*arguments, str(found), *folders(target)], 24 * 3_600))
        with lock:
            figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
            figures[target] = {"machine": begun, **{key: value for key, value in result.items() if key != "log"}}
            FIGURES.write_text(json.dumps(figures, indent=1))
        return told(result)

    with concurrent.futures.ThreadPoolExecutor(settings.jobs) as pool:
        return all(list(pool.map(one, settings.targets.split(","))))


def corpus() -> bool:
    """Keeps the smallest inputs that reach what all reach together, seeds included."""
    clean = True
    with tempfile.TemporaryDirectory() as seeds:
        subprocess.run([sys.executable, str(ROOT / "Fuzz/seeds.py"), seeds], check=True)
        for target in TARGETS:
            place = ROOT / "Fuzz/corpus" / target
            old = [str(folder) for folder in (place, CACHE / target) if folder.is_dir()]
            with tempfile.TemporaryDirectory() as merged:
                # Whether an edge was reached counts, not how often: a corpus for a tree must be small.
                result = run(target, ["-merge=1", "-use_value_profile=0", "-use_counters=0", merged, f"{seeds}/{target}", *old], 1_800)
                clean &= result["code"] == 0
                files = list(pathlib.Path(merged).iterdir())
                shutil.rmtree(place, ignore_errors=True)
                shutil.copytree(merged, place)
                print(f"fuzz {target:<14} {len(files):>5} inputs, {sum(f.stat().st_size for f in files):>9,} bytes in Fuzz/corpus")
    return clean


def page() -> bool:
    import page as writer  # Needs what the benchmarks need, which no fuzzing does.
    figures = json.loads(FIGURES.read_text())
    lines = [next(iter(figures.values()))["machine"] + ".", "", "| target | executions | executions/s | edges reached | new inputs | peak memory | result |",
             "| --- | ---: | ---: | ---: | ---: | ---: | --- |"]
    for result in sorted(figures.values(), key=lambda one: list(TARGETS).index(one["target"])):
        verdict = {0: "clean", INTERRUPTED: "clean until it was stopped"}.get(result["code"], "**failed**")
        lines.append(f"| {result['target']} | {result['executions']:,} | {result['rate']:,.0f} | {result['coverage']:,} | {result['new']:,} | {result['rss']} MiB | {verdict} |")
    writer.write(ROOT / "docs/BENCHMARKS.md", {"fuzzing": "\n".join(lines) + "\n"})
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["short", "long", "corpus", "page"])
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=int, default=0, help="the most that one target may take; 0 is no limit")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--targets", default=",".join(TARGETS))
    settings = parser.parse_args()
    if not PROGRAM.exists():
        print(f"{PROGRAM} is missing: make fuzz-build")
        return 1
    verbs = {"short": short, "long": lambda: long(settings), "corpus": corpus, "page": page}
    return 0 if verbs[settings.verb]() else 1


if __name__ == "__main__":
    sys.exit(main())
