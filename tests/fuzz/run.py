#!/usr/bin/env python3
"""Fuzzes one target after the other: each until ten million executions or one hour of processor time, whichever is first.

    tests/fuzz/run.py [--runs N] [--seconds N] [TARGET...]

It takes up where it was stopped: what has been done so far is in tests/fuzz/totals.json, and is printed as the table of
docs/testing.md. Needs a nightly toolchain and cargo-fuzz; PYSTART_FUZZ_PYTHON names a Python that has gunicorn.
"""

import argparse
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
TOTALS = FOLDER / "totals.json"
# These are slow, so that they are not left to the end of a time that may be short.
FIRST = ["source", "decision", "declared", "gunicorn", "environment", "json"]
# As long as what is read of a file by a start would take the whole time to make up; a name of a file has 255 bytes.
LONGEST = {"source": 8192, "archive": 4096, "decision": 4096, "declared": 4096, "json": 512, "dash": 256, "shlex": 256,
           "gunicorn_parser": 64, "gunicorn": 1024, "cgroup": 512, "printable": 255, "requirements": 1024, "environment": 1024}

# Memory that was freed is kept: giving it back and faulting it in again takes three quarters of the time of `archive`.
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 32), "MALLOC_TOP_PAD_": str(1 << 26)}


def targets():
    names = sorted(path.stem for path in (FOLDER / "bins").glob("*.rs"))
    return FIRST + [name for name in names if name not in FIRST]


def processor_time(pid):
    """In seconds, with the children that the process has: an oracle works as well."""
    ticks = 0
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for process in [pid, *children]:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    except (OSError, ProcessLookupError):
        pass
    return ticks / os.sysconf("SC_CLK_TCK")


def executions(log):
    final = re.findall(rb"stat::number_of_executed_units:\s*(\d+)", log)
    # The last line of progress, where the end could not be told.
    counted = final or re.findall(rb"^#(\d+)", log, re.MULTILINE)
    return int(counted[-1]) if counted else 0


def fuzz(name, program, total, most_runs, most_seconds, timeout):
    runs, seconds = total["executions"], total["seconds"]
    corpus, artifacts = FOLDER / "corpus" / name, FOLDER / "artifacts" / name
    for folder in (corpus, artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    known = [str(folder) for folder in (FOLDER / "seeds" / name, FOLDER / "findings" / name) if folder.is_dir()]
    command = [
        str(program), f"-runs={most_runs - runs}", f"-artifact_prefix={artifacts}/", "-print_final_stats=1", f"-timeout={timeout}",
        "-rss_limit_mb=1024", "-reload=0", f"-max_len={LONGEST.get(name, 2048)}", str(corpus), *known,
    ]
    dictionary = FOLDER / "dictionaries" / f"{name}.txt"
    if dictionary.exists():
        command.insert(1, f"-dict={dictionary}")
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=artifacts, env=os.environ | ALLOCATOR)
        spent, asked = 0, False
        try:
            while process.poll() is None:
                time.sleep(1)
                spent = max(spent, processor_time(process.pid))
                if seconds + spent >= most_seconds and not asked:
                    asked = True
                    process.send_signal(signal.SIGINT)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait()
            log.seek(0)
            text = log.read()
            total["executions"] = runs + executions(text)
            total["seconds"] = round(seconds + spent, 1)
        crash = b"SUMMARY: libFuzzer: " in text and b"run interrupted" not in text.rpartition(b"SUMMARY")[2]
    if crash:
        (artifacts / "log").write_bytes(text[-20000:])
    return crash


def add(name, total):
    """Writes down what has been done for one target; others may be at work on theirs."""
    with open(TOTALS, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        totals = json.loads(file.read() or "{}")
        totals[name] = total
        file.truncate(0)
        file.write(json.dumps(totals, indent=1) + "\n")


def table(totals):
    lines = ["| target | executions | processor time |", "| --- | --- | --- |"]
    for name in sorted(totals):
        total = totals[name]
        minutes, seconds = divmod(round(total["seconds"]), 60)
        lines.append(f"| `{name}` | {total['executions']:,} | {minutes} min {seconds} s |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--timeout", type=int, default=10, help="wall seconds for an input: more where the machine is suspended at times")
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("targets", nargs="*", metavar="TARGET", default=targets())
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not arguments.no_build:
        # Without AddressSanitizer: it halves the number of executions, and the code that is called here is safe Rust.
        build = ["cargo", "+nightly", "fuzz", "build", "--fuzz-dir", str(FOLDER), "--sanitizer", "none"]
        subprocess.run(build, check=True, cwd=FOLDER.parent.parent)
    programs = FOLDER / "target" / f"{os.uname().machine}-unknown-linux-gnu" / "release"
    totals = json.loads(TOTALS.read_text()) if TOTALS.exists() else {}
    failed = []
    try:
        for name in arguments.targets:
            total = totals.get(name, {"executions": 0, "seconds": 0})
            if total["executions"] >= arguments.runs or total["seconds"] >= arguments.seconds:
                continue
            print(f"{name}: from {total['executions']:,} on", file=sys.stderr, flush=True)
            try:
                if fuzz(name, programs / name, total, arguments.runs, arguments.seconds, arguments.timeout):
                    failed.append(name)
                    print(f"{name}: found something, see {FOLDER / 'artifacts' / name}", file=sys.stderr, flush=True)
            finally:
                add(name, total)
    finally:
        print(table(json.loads(TOTALS.read_text()) if TOTALS.exists() else {}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
